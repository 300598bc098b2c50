"""`mcp help COMMAND`: what `mcp COMMAND --help` prints, for those who ask in this order."""

from __future__ import annotations

import click

from mcp_cli import table
from mcp_cli.groups import Command

EXAMPLES = """
mcp help
mcp help tools call
"""


def _complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    group = " ".join(ctx.params.get("words") or ())
    return [row.name for row in table.visible(group) if row.name.startswith(incomplete)]


@click.command("help", cls=Command, examples=EXAMPLES)
@click.argument("words", nargs=-1, metavar="[COMMAND]...", shell_complete=_complete)
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Print the help of a command, or of all of them."""
    about = ctx.find_root()
    for word in words:
        group = about.command
        if not isinstance(group, click.Group):
            break
        name, found, _ = group.resolve_command(about, [word])
        assert found is not None
        about = click.Context(found, info_name=name, parent=about)
    click.echo(about.get_help())
