"""`mcp local reset`: an empty embedded cluster."""

from __future__ import annotations

import click

from mcp_cli.groups import Command

EXAMPLES = """
mcp local reset
mcp local reset --yes
"""


@click.command("reset", cls=Command, examples=EXAMPLES)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def command(yes: bool) -> None:
    """Delete the embedded cluster and everything in it.

    Stops it first. Every object, log and volume of the cluster is deleted; installed packages stay, so that servers
    deployed again start quickly. The next start makes a new, empty cluster.
    """
    from mcp_cli.local.client_side import reset
    from mcp_cli.local.paths import ClusterPaths

    paths = ClusterPaths.default()
    if paths.root.exists() and not yes:
        click.confirm(f"Delete the embedded cluster in {paths.root} and every server in it?", abort=True, err=True)
    # Also without the folder: what a reset that was interrupted left behind goes, too.
    deleted = reset(paths)
    click.echo("The embedded cluster is deleted." if deleted else "There is no embedded cluster.", err=True)
