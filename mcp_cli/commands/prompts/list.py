"""`mcp prompts list`: the prompts of a server."""

from __future__ import annotations

import click

from mcp_cli.groups import Command
from mcp_cli.references import server_argument
from mcp_cli.session import LISTS, Session, cluster_options

EXAMPLES = """
mcp prompts list everything
mcp prompts list everything -o json
"""


@click.command("list", cls=Command, examples=EXAMPLES)
@cluster_options(formats=LISTS)
@server_argument()
def command(session: Session, name: str) -> None:
    """List the prompts of a server with the arguments that each takes, optional ones in brackets.

    A server without prompts has an empty list; that is no error.
    """
    from mcp_cli.mcpclient import connected
    from mcp_cli.views.content import prompt_table

    with connected(session, name) as client:
        found = client.list_prompts()
    session.printer.show({"prompts": found}, lambda: prompt_table(found))
