"""`mcp __complete`: what kubectl asks `kubectl_complete-mcp` for."""

from __future__ import annotations

import click

from mcp_cli.groups import Command

EXAMPLES = """
mcp __complete get ser
mcp __complete status ""
"""

NO_FILES = ":4"


@click.command(
    "__complete",
    cls=Command,
    examples=EXAMPLES,
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def command(words: tuple[str, ...]) -> None:
    """Answer kubectl's question for completions.

    The words are those of the command line so far, the last one unfinished. A line for each completion, its help after
    a tab, then the directive that no file names should be offered.
    """
    from click.shell_completion import ShellComplete

    root = click.get_current_context().find_root().command
    finished, unfinished = list(words[:-1]), words[-1] if words else ""
    completer = ShellComplete(root, {}, "mcp", "_MCP_COMPLETE")
    for item in completer.get_completions(finished, unfinished):
        if item.type == "plain":
            click.echo(f"{item.value}\t{item.help}" if item.help else item.value)
    click.echo(NO_FILES)
