"""`mcp tools list`: the tools of a server."""

from __future__ import annotations

import click

from mcp_cli.groups import Command
from mcp_cli.references import server_argument
from mcp_cli.session import LISTS, Session, cluster_options

EXAMPLES = """
mcp tools list time
mcp tools list time -o wide
mcp tools list time -o jsonpath='{.tools[*].name}'
"""


@click.command("list", cls=Command, examples=EXAMPLES)
@cluster_options(formats=LISTS)
@server_argument()
def command(session: Session, name: str) -> None:
    """List the tools of a server, as the running server itself says them.

    -o wide also shows what arguments each takes, -o json everything with the schemas.
    """
    from mcp_cli.mcpclient import connected
    from mcp_cli.views.content import tool_table

    with connected(session, name) as client:
        tools = client.list_tools()
        warnings = list(client.warnings)
    for warning in warnings:
        session.say(f"warning: {warning}")
    session.printer.show({"tools": tools}, lambda: tool_table(tools))
