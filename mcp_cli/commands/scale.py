"""`mcp scale`: how many replicas a server has."""

from __future__ import annotations

import click

from mcp_cli.completing import complete_server
from mcp_cli.groups import Command
from mcp_cli.session import OBJECTS, Session, cluster_options
from mcp_cli.writing import Writing, writing_options

EXAMPLES = """
mcp scale time --replicas 3
mcp scale time --replicas 5 --wait
mcp scale time --replicas 0
"""


@click.command("scale", cls=Command, examples=EXAMPLES)
@cluster_options(formats=OBJECTS)
@writing_options
@click.argument("name", shell_complete=complete_server)
@click.option("--replicas", type=click.IntRange(min=0), required=True, help="How many pods; 0 stops the server.")
def command(session: Session, writing: Writing, name: str, replicas: int) -> None:
    """Set how many replicas a server has.

    It writes the scale subresource of the MCPServer, as `kubectl scale` does; the operator does the rest. A server
    under autoscaling is refused: its replicas are not set by hand.
    """
    from mcp_cli.errors import CliError
    from mcp_cli.kinds import SERVERS, reference, spec_of
    from mcp_cli.servers import find_server

    server = find_server(session, name)
    if ((spec_of(server).get("autoscaling") or {}).get("hpa") or {}).get("enabled"):
        raise CliError(f"{name} is scaled by its autoscaler", "Change spec.autoscaling.hpa, or turn it off first.")
    if writing.dry_run == "client":
        server = server | {"spec": {**spec_of(server), "replicas": replicas}}
    else:
        namespace = server["metadata"]["namespace"]
        patch = {"spec": {"replicas": replicas}}
        if writing.on_server:
            server = session.cluster.merge(SERVERS, name, patch, namespace, dry_run=True)
        else:
            session.cluster.merge(SERVERS, name, patch, namespace, subresource="scale")
            server = session.cluster.get(SERVERS, name, namespace)
    if not session.output:
        click.echo(f"{reference(server)} scaled{writing.suffix}")
    if writing.wait:
        from mcp_cli.waiting import wait_ready

        server = wait_ready(session, server, writing.wait_timeout)
    if session.output:
        session.printer.show(server)
