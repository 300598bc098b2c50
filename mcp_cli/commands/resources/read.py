"""`mcp resources read`: one resource of a server."""

from __future__ import annotations

import click

from mcp_cli.groups import Command
from mcp_cli.references import server_argument
from mcp_cli.session import Session, cluster_options

EXAMPLES = """
mcp resources read everything demo://resource/static/document/features.md
mcp resources read everything demo://resource/dynamic/text/1 -o json
"""


@click.command("read", cls=Command, examples=EXAMPLES)
@cluster_options(formats=("json", "yaml", "jsonpath="))
@server_argument()
@click.argument("uri")
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An answer to what the server asks.")
def command(session: Session, name: str, uri: str, inputs: tuple[str, ...]) -> None:
    """Print a resource of a server.

    Text is printed as it is; of anything else the type and size are. -o json holds everything, binary parts in base64.
    """
    from mcp_cli.mcpclient import connected
    from mcp_cli.views.content import contents_text

    with connected(session, name, inputs, lister="resources") as client:
        result = client.read_resource(uri)
    session.printer.show(result, text=lambda: "\n".join(contents_text(part) for part in result.get("contents") or []))
