"""`mcp connect`: the configuration with which a client uses a server."""

from __future__ import annotations

from typing import Any

import click

from mcp_cli.groups import Command
from mcp_cli.references import server_argument
from mcp_cli.session import Session, cluster_options

EXAMPLES = """
mcp connect time
mcp connect time --client vscode > .vscode/mcp.json
mcp connect time --url https://tools.example.com/mcp
"""

CLIENTS = ("claude", "cursor", "vscode")
FORWARDED_PORT = 8080


@click.command("connect", cls=Command, examples=EXAMPLES)
@cluster_options(formats=("json", "yaml"))
@server_argument()
@click.option("--client", type=click.Choice(CLIENTS), default="claude", show_default=True, help="Whose configuration.")
@click.option("--url", help="The address the client should use; default: what reaches the server from here.")
def command(session: Session, name: str, client: str, url: str | None) -> None:
    """Print the configuration with which a client uses a server.

    A server of the embedded cluster has an address on this machine. Any other is reached through `mcp port-forward`,
    whose address is printed then, with a line on stderr that says how to start it.
    """
    from mcp_cli.endpoints import endpoint_of
    from mcp_cli.servers import find_server

    if url is None:
        endpoint = endpoint_of(session, find_server(session, name))
        if endpoint.url:
            url = endpoint.url
        elif endpoint.loopback:
            url = f"http://{endpoint.cluster_ip}:{endpoint.port}{endpoint.path}"
        else:
            url = f"http://127.0.0.1:{FORWARDED_PORT}{endpoint.path}"
            session.say(
                f"Keep this running beside the client: mcp port-forward {name} {FORWARDED_PORT} -n {endpoint.namespace}"
            )
    session.output = session.output or "json"
    session.printer.show(configuration(client, name, url))


def configuration(client: str, name: str, url: str) -> dict[str, Any]:
    """The document that the client reads."""
    entry: dict[str, Any] = {"url": url} if client == "cursor" else {"type": "http", "url": url}
    return {"servers" if client == "vscode" else "mcpServers": {name: entry}}
