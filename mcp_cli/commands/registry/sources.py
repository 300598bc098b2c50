"""`mcp registry sources`: where the catalogue's entries come from."""

from __future__ import annotations

from typing import Any

import click

from mcp_cli.groups import Command
from mcp_cli.session import LISTS, Session, cluster_options

EXAMPLES = """
mcp registry sources
mcp registry sources -o json
"""


@click.command("sources", cls=Command, examples=EXAMPLES)
@cluster_options(formats=LISTS, all_namespaces=False)
def command(session: Session) -> None:
    """List where the catalogue's entries come from.

    Of two entries of one name, `mcp deploy` takes that of the source with the higher priority.
    """
    run(session)


def run(session: Session) -> None:
    """Print each source with its number of entries."""
    from mcp_operator.catalog.catalogue import open_catalogue

    with open_catalogue() as catalogue:
        counts = catalogue.counts()
        items: list[dict[str, Any]] = [
            {
                "name": source.name,
                "type": source.type,
                "path": source.path,
                "priority": source.priority,
                "entries": counts.get(source.name, 0),
            }
            for source in catalogue.sources
        ]
    session.printer.show({"items": items}, lambda: _table(items))


def _table(items: list[dict[str, Any]]) -> Any:
    from mcp_cli.output.table import Column, Table

    columns = (
        Column("NAME", lambda item: item["name"]),
        Column("TYPE", lambda item: item["type"]),
        Column("PRIORITY", lambda item: item["priority"]),
        Column("ENTRIES", lambda item: item["entries"]),
        Column("PATH", lambda item: item["path"]),
    )
    return Table.of(columns, items)
