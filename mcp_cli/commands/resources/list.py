"""`mcp resources list`: the resources of a server."""

from __future__ import annotations

import click

from mcp_cli.groups import Command
from mcp_cli.references import server_argument
from mcp_cli.session import LISTS, Session, cluster_options

EXAMPLES = """
mcp resources list everything
mcp resources list everything --templates
mcp resources list everything -o json
"""


@click.command("list", cls=Command, examples=EXAMPLES)
@cluster_options(formats=LISTS)
@server_argument()
@click.option("--templates", is_flag=True, help="The templates of URIs instead of the resources.")
def command(session: Session, name: str, templates: bool) -> None:
    """List the resources of a server, or the templates from which the URIs of resources are made.

    A server without resources has an empty list; that is no error.
    """
    from mcp_cli.mcpclient import connected
    from mcp_cli.views.content import resource_table

    with connected(session, name) as client:
        found = client.list_resource_templates() if templates else client.list_resources()
    session.printer.show({"resourceTemplates" if templates else "resources": found}, lambda: resource_table(found))
