"""`mcp local start`: bring the embedded cluster up."""

from __future__ import annotations

import click

from mcp_cli.groups import Command

EXAMPLES = """
mcp local start
KUBECONFIG=$(mcp local kubeconfig) kubectl get pods -A
"""


@click.command("start", cls=Command, examples=EXAMPLES)
def command() -> None:
    """Start the embedded cluster.

    It runs in the background until `mcp local stop`, and brings back everything that it held before. Starting it twice
    does no harm. Commands that need a cluster start it by themselves where no other cluster is configured.
    """
    from mcp_cli.local.client_side import start
    from mcp_cli.local.paths import ClusterPaths

    paths = ClusterPaths.default()
    started = start(paths)
    if started.already:
        click.echo(f"The embedded cluster runs already (pid {started.pid}).", err=True)
        return
    address = paths.ready_file.read_text().strip()
    click.echo(f"The embedded cluster is ready at {address} after {started.seconds:.1f} s.", err=True)
