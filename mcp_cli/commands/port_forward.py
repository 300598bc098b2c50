"""`mcp port-forward`: a server on a local port."""

from __future__ import annotations

import sys

import click

from mcp_cli.errors import CliError, WrongUsage
from mcp_cli.groups import Command
from mcp_cli.references import server_argument
from mcp_cli.session import Session, cluster_options

EXAMPLES = """
mcp port-forward time
mcp port-forward time 9000
mcp port-forward time :8080
mcp port-forward time 9000:8080 --address 0.0.0.0
"""


@click.command("port-forward", cls=Command, examples=EXAMPLES)
@cluster_options(formats=("json",))
@server_argument()
@click.argument("ports", metavar="[LOCAL[:REMOTE]]", required=False)
@click.option("--address", default="127.0.0.1", show_default=True, help="Local address to listen on.")
def command(session: Session, name: str, ports: str | None, address: str) -> None:
    """Serve a server on a local port until interrupted.

    Requests go through the API server's Service proxy, so that it works wherever kubectl works and reaches every
    replica as the Service does. Without LOCAL, or with 0, a free port is taken. It prints the URL once it listens.
    """
    local, remote = parse_ports(ports)
    from mcp_cli.endpoints import endpoint_of
    from mcp_cli.relay import Relay, serve
    from mcp_cli.servers import find_server

    endpoint = endpoint_of(session, find_server(session, name))
    if endpoint.url:
        raise CliError(f"{name} runs elsewhere, at {endpoint.url}", "A client can reach it there without the cluster.")
    if remote not in (None, endpoint.port):
        raise CliError(f"{name} does not listen on port {remote}", f"Its port is {endpoint.port}.")

    def ready(port: int) -> None:
        url = f"http://{address}:{port}{endpoint.path}"
        if session.output:
            session.printer.show({"url": url, "address": address, "port": port})
        else:
            click.echo(f"Forwarding {url} to {endpoint.namespace}/{name}:{endpoint.port}")
        sys.stdout.flush()

    serve(Relay(session.cluster, session.cluster.host + endpoint.proxy_path), address, local, ready)


def parse_ports(text: str | None) -> tuple[int, int | None]:
    """`9000`, `9000:8080`, `:8080`; the remote port is None where it is not said."""
    if not text:
        return 0, None
    local, colon, remote = text.partition(":")
    numbers = [part for part in (local, remote) if part]
    if not numbers or not all(part.isascii() and part.isdigit() and int(part) <= 65535 for part in numbers):
        raise WrongUsage(f'"{text}" is no pair of ports', "Give LOCAL, LOCAL:REMOTE or :REMOTE, for example 9000:8080.")
    return int(local or 0), int(remote) if colon and remote else None
