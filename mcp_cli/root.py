"""The root of the command tree: its texts, the flags before the command, `--version`.

Role: build the root group from the table. Not its job: running it (`main`). Everything imported here is paid for by
`mcp --help`.
"""

from __future__ import annotations

from typing import Any

import click

from mcp_cli.groups import Group


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
