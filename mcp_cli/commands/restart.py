"""`mcp restart`: new pods in place of the old ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from mcp_cli.completing import complete_server
from mcp_cli.groups import Command
from mcp_cli.session import OBJECTS, Session, cluster_options
from mcp_cli.writing import Writing, writing_options

EXAMPLES = """
mcp restart time
mcp restart time --wait
"""


@click.command("restart", cls=Command, examples=EXAMPLES)
@cluster_options(formats=OBJECTS)
@writing_options
@click.argument("name", shell_complete=complete_server)
def command(session: Session, writing: Writing, name: str) -> None:
    """Replace the pods of a server by new ones, as its strategy says: by default one after the other, without a gap.

    It marks the MCPServer, and the operator does the rest. With --wait it ends when every pod is a new one.
    """
    from mcp_operator.api.names import ANNOTATION_RESTARTED_AT

    from mcp_cli.kinds import SERVERS, reference
    from mcp_cli.servers import find_server

    server = find_server(session, name)
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    patch: dict[str, Any] = {"metadata": {"annotations": {ANNOTATION_RESTARTED_AT: stamp}}}
    if writing.dry_run != "client":
        server = session.cluster.merge(SERVERS, name, patch, server["metadata"]["namespace"], dry_run=writing.on_server)
    if not session.output:
        click.echo(f"{reference(server)} restarted{writing.suffix}")
    if writing.wait:
        from mcp_cli.rollouts import wait_replaced

        wait_replaced(session, server, stamp, writing.wait_timeout)
    if session.output:
        session.printer.show(server)
