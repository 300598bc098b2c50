"""The entry point of `mcp` and of the kubectl plugin `kubectl-mcp`.

Role: name the program, build the root group from the table, put the error boundary around it. Not its job: any command.
Called by the console scripts. Everything imported here is paid for by `mcp --help`.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from mcp_cli.errors import boundary
from mcp_cli.groups import Group

COMPLETE_VARIABLE = "_MCP_COMPLETE"
PLUGIN = "kubectl-mcp"


def root() -> Group:
    """The command tree; its texts are long, so they come from their own module."""
    from mcp_cli.completing import complete_context, complete_namespace
    from mcp_cli.grouptexts import ROOT, ROOT_EXAMPLES

    return Group(
        "",
        help=ROOT,
        examples=ROOT_EXAMPLES,
        callback=_remember_flags,
        params=[
            click.Option(
                ["--version"],
                is_flag=True,
                expose_value=False,
                callback=_print_version,
                is_eager=True,
                help="Print the version.",
            ),
            click.Option(
                ["-n", "--namespace"],
                shell_complete=complete_namespace,
                help="The namespace; also accepted after the command, like the next ones.",
            ),
            click.Option(["--context"], shell_complete=complete_context, help="The context of the kubeconfig to use."),
            click.Option(["--kubeconfig"], type=click.Path(), help="The kubeconfig file to use."),
            click.Option(
                ["--local"], is_flag=True, default=None, help="Use the embedded cluster, whatever else is there."
            ),
        ],
    )


@click.pass_context
def _remember_flags(ctx: click.Context, /, **flags: Any) -> None:
    """Keep what stands before the command for the session that the command makes."""
    ctx.obj = {name: value for name, value in flags.items() if value is not None}


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from mcp_operator.version import __version__

        click.echo(f"mcp version {__version__}")
        ctx.exit()


def program_name(argv0: str) -> str:
    """`kubectl mcp` when called as a plugin, else `mcp`."""
    return "kubectl mcp" if os.path.basename(argv0) == PLUGIN else "mcp"  # noqa: PTH119  (pathlib costs start-up)


def main() -> None:
    """Run the command line and leave with its exit code."""
    name = program_name(sys.argv[0])
    sys.exit(boundary(lambda: run(sys.argv[1:], name)))


def run(arguments: list[str], name: str = "mcp") -> int:
    """One command line; gives its exit code or raises what went wrong."""
    instruction = os.environ.get(COMPLETE_VARIABLE)
    if instruction:
        from click.shell_completion import shell_complete

        return shell_complete(root(), {}, name, COMPLETE_VARIABLE, instruction)
    answer = root().main(arguments, prog_name=name, standalone_mode=False, complete_var=COMPLETE_VARIABLE)
    return answer if isinstance(answer, int) else 0


if __name__ == "__main__":
    main()
