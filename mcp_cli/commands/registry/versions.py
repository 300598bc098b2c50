"""`mcp registry versions`: the versions of one entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mcp_cli.cataloguecompletion import complete_entry, complete_source
from mcp_cli.groups import Command
from mcp_cli.session import LISTS, Session, cluster_options

if TYPE_CHECKING:
    from mcp_cli.output.table import Table

EXAMPLES = """
mcp registry versions time
mcp registry versions io.github.owner/server
mcp registry versions io.github.owner/server --source official -o json
"""


@click.command("versions", cls=Command, examples=EXAMPLES)
@cluster_options(formats=LISTS, all_namespaces=False)
@click.argument("name", shell_complete=complete_entry)
@click.option("--source", shell_complete=complete_source, help="Only versions of this source.")
@click.option("--no-headers", is_flag=True, help="A table without its line of headers.")
def command(session: Session, name: str, source: str | None, no_headers: bool) -> None:
    """List the versions of a server, newest first.

    The one in use is what inspect and deploy take where no version is asked for; another one is NAME@VERSION.
    """
    if no_headers:
        session.hide_headers()
    run(name, source, session)


def run(name: str, source: str | None, session: Session) -> None:
    """Print them."""
    from mcp_operator.catalog.catalogue import open_catalogue

    from mcp_cli.views.catalogue import harmless

    with open_catalogue() as catalogue:
        found = catalogue.versions(name, source)
    items = [
        {
            "name": harmless(f"{one.name}@{one.version}" if one.version else one.name),
            "version": harmless(one.version),
            "source": one.source,
            "status": one.status,
            "published": harmless(one.published),
            "inUse": bool(one.shown),
        }
        for one in found
    ]
    session.printer.show({"items": items}, lambda: _table(items))


def _table(items: list[dict[str, Any]]) -> Table:
    from mcp_cli.output.table import Column, Table

    columns = (
        Column("VERSION", lambda item: item["version"]),
        Column("SOURCE", lambda item: item["source"]),
        Column("STATUS", lambda item: item["status"]),
        Column("PUBLISHED", lambda item: item["published"].partition("T")[0]),
        Column("IN USE", lambda item: "yes" if item["inUse"] else "no"),
        Column("NAME", lambda item: item["name"], wide=True),
    )
    return Table.of(columns, items)
