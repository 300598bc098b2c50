"""`mcp operator run`: the operator in the foreground."""

from __future__ import annotations

import click

from mcp_cli.groups import Command

EXAMPLES = """
mcp operator run --kubeconfig ~/.kube/config
mcp operator run -- --help
"""


@click.command(
    "run",
    cls=Command,
    examples=EXAMPLES,
    context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPERATOR FLAGS]...")
def command(arguments: tuple[str, ...]) -> None:
    """Run the operator in the foreground until it is interrupted.

    It is the same program as `mcp-operator run`, with the same flags; `mcp operator run -- --help` lists them. The
    cluster needs the resource definitions first: `mcp operator manifests | kubectl apply -f -`.
    """
    from mcp_operator.main import main

    main.main(["run", *arguments], prog_name="mcp operator", standalone_mode=False)
