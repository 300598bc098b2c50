"""`mcp local kubeconfig`: how other programs reach the embedded cluster."""

from __future__ import annotations

import click

from mcp_cli.groups import Command

EXAMPLES = """
mcp local kubeconfig
KUBECONFIG=$(mcp local kubeconfig) kubectl get mcpservers -A
"""


@click.command("kubeconfig", cls=Command, examples=EXAMPLES)
def command() -> None:
    """Print the path of the embedded cluster's kubeconfig.

    The file is readable by you alone. No command writes to your own kubeconfig.
    """
    from mcp_cli.errors import CliError
    from mcp_cli.local.paths import ClusterPaths

    paths = ClusterPaths.default()
    if not paths.kubeconfig.exists():
        raise CliError("there is no embedded cluster yet", "`mcp local start` makes one.")
    click.echo(str(paths.kubeconfig))
