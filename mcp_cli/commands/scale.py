"""`mcp scale`: how many replicas a server has."""

from __future__ import annotations

from typing import Any

import click

from mcp_cli.groups import Command
from mcp_cli.references import servers_argument
from mcp_cli.session import OBJECTS, Session, cluster_options
from mcp_cli.writing import Writing, writing_options

EXAMPLES = """
mcp scale time --replicas 3
mcp scale time --replicas 5 --wait
mcp scale time --replicas 0
mcp scale time fetch --replicas 2
"""


@click.command("scale", cls=Command, examples=EXAMPLES)
@cluster_options(formats=OBJECTS)
@writing_options
@servers_argument()
@click.option("--replicas", type=click.IntRange(min=0), required=True, help="How many pods; 0 stops the server.")
def command(session: Session, writing: Writing, words: tuple[str, ...], replicas: int) -> None:
    """Set how many replicas a server has, or each of several.

    It writes the scale subresource of the MCPServer, as `kubectl scale` does; the operator does the rest. A server
    under autoscaling is refused: its replicas are not set by hand.
    """
    from mcp_cli.kinds import reference
    from mcp_cli.servers import find_server
    from mcp_cli.waiting import wait_ready

    done = []
    for server in [_scalable(find_server(session, name)) for name in words]:
        done.append(_scaled(server, replicas, session, writing))
        if not session.output:
            click.echo(f"{reference(server)} scaled{writing.suffix}")
    if writing.wait:
        done = [wait_ready(session, server, writing.wait_timeout) for server in done]
    if session.output:
        session.show_objects(done)


def _scalable(server: dict[str, Any]) -> dict[str, Any]:
    """Refuse before the first is written."""
    from mcp_cli.errors import CliError
    from mcp_cli.kinds import spec_of

    if ((spec_of(server).get("autoscaling") or {}).get("hpa") or {}).get("enabled"):
        raise CliError(
            f"{server['metadata']['name']} is scaled by its autoscaler",
            "Change spec.autoscaling.hpa, or turn it off first.",
        )
    return server


def _scaled(server: dict[str, Any], replicas: int, session: Session, writing: Writing) -> dict[str, Any]:
    from mcp_cli.kinds import SERVERS, spec_of

    if writing.dry_run == "client":
        return server | {"spec": {**spec_of(server), "replicas": replicas}}
    name, namespace = server["metadata"]["name"], server["metadata"]["namespace"]
    patch = {"spec": {"replicas": replicas}}
    if writing.on_server:
        return session.cluster.merge(SERVERS, name, patch, namespace, dry_run=True)
    session.cluster.merge(SERVERS, name, patch, namespace, subresource="scale")
    return session.cluster.get(SERVERS, name, namespace)
