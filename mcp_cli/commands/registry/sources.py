"""`mcp registry sources`: where the catalogue's entries come from."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.groups import Command
from mcp_cli.session import LISTS, Session, cluster_options

if TYPE_CHECKING:
    from mcp_operator.catalog.catalogue import Catalogue
    from mcp_operator.catalog.sources import Source

    from mcp_cli.output.table import Table

EXAMPLES = """
mcp registry sources
mcp registry sources -o json
"""


@click.command("sources", cls=Command, examples=EXAMPLES)
@cluster_options(formats=LISTS, all_namespaces=False)
@click.option("--no-headers", is_flag=True, help="A table without its line of headers.")
def command(session: Session, no_headers: bool) -> None:
    """List where the catalogue's entries come from, and how fresh they are.

    Of two entries of one name, `mcp deploy` takes that of the source with the higher priority.
    """
    if no_headers:
        session.hide_headers()
    run(session)


def run(session: Session) -> None:
    """Print each source with its number of servers."""
    from mcp_operator.catalog.catalogue import open_catalogue

    with open_catalogue() as catalogue:
        items = _items(catalogue)
        gaps = catalogue.gaps(found=len(items) > 1)
    session.printer.show({"items": items}, lambda: _table(items))
    for words in gaps:
        session.say(f"note: {words}")


def _items(catalogue: Catalogue) -> list[dict[str, Any]]:
    counts, states = catalogue.counts(), catalogue.states()

    def item(source: Source) -> dict[str, Any]:
        state = states.get(source.name)
        return {
            "name": source.name,
            "type": source.type,
            "path": source.place,
            "priority": source.priority,
            "entries": counts.get(source.name, 0),
            "refreshed": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(state.refreshed)) if state else "",
            "age": _age(state.refreshed) if state else "never read",
            "failure": state.failure if state else "",
        }

    return [item(source) for source in catalogue.sources]


def _age(refreshed: float) -> str:
    from mcp_operator.catalog.catalogue import age

    return age(time.time() - refreshed)


def _table(items: list[dict[str, Any]]) -> Table:
    from mcp_cli.output.table import Column, Table
    from mcp_cli.views.catalogue import harmless

    columns = (
        Column("NAME", lambda item: item["name"]),
        Column("TYPE", lambda item: item["type"]),
        Column("PRIORITY", lambda item: item["priority"]),
        Column("ENTRIES", lambda item: item["entries"]),
        Column("AGE", lambda item: item["age"]),
        Column("PATH", lambda item: item["path"]),
        Column("FAILURE", lambda item: harmless(item["failure"]), wide=True),
    )
    return Table.of(columns, items)
