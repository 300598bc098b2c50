"""`mcp restart`: new pods in place of the old ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from mcp_cli.groups import Command
from mcp_cli.references import servers_argument
from mcp_cli.session import OBJECTS, Session, cluster_options
from mcp_cli.writing import Writing, writing_options

EXAMPLES = """
mcp restart time
mcp restart time --wait
mcp restart time fetch
"""


@click.command("restart", cls=Command, examples=EXAMPLES)
@cluster_options(formats=OBJECTS)
@writing_options
@servers_argument()
def command(session: Session, writing: Writing, words: tuple[str, ...]) -> None:
    """Replace the pods of a server by new ones, as its strategy says: by default one after the other, without a gap.

    It marks the MCPServer, and the operator does the rest. With --wait it ends when every pod is a new one. Several
    servers restart at the same time.
    """
    from mcp_cli.kinds import reference
    from mcp_cli.rollouts import wait_replaced
    from mcp_cli.servers import find_here

    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    done = []
    for server in [find_here(session, name) for name in words]:
        done.append(_marked(server, stamp, session, writing))
        if not session.output:
            click.echo(f"{reference(server)} restarted{writing.suffix}")
    if writing.wait:
        for server in done:
            wait_replaced(session, server, stamp, writing.wait_timeout)
    if session.output:
        session.show_objects(done)


def _marked(server: dict[str, Any], stamp: str, session: Session, writing: Writing) -> dict[str, Any]:
    from mcp_operator.api.names import ANNOTATION_RESTARTED_AT

    from mcp_cli.kinds import SERVERS

    metadata = server["metadata"]
    if writing.dry_run == "client":
        return server
    patch: dict[str, Any] = {"metadata": {"annotations": {ANNOTATION_RESTARTED_AT: stamp}}}
    return session.cluster.merge(SERVERS, metadata["name"], patch, metadata["namespace"], dry_run=writing.on_server)
