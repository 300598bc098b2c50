"""`mcp local stop`: end the embedded cluster and its servers."""

from __future__ import annotations

import click

from mcp_cli.groups import Command

EXAMPLES = """
mcp local stop
"""


@click.command("stop", cls=Command, examples=EXAMPLES)
def command() -> None:
    """Stop the embedded cluster.

    Every server that it runs ends; `mcp local start` brings them all back. Nothing is deleted.
    """
    from mcp_cli.local.client_side import stop
    from mcp_cli.local.paths import ClusterPaths

    stopped = stop(ClusterPaths.default())
    click.echo("The embedded cluster is stopped." if stopped else "The embedded cluster does not run.", err=True)
