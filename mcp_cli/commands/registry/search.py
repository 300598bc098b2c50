"""`mcp registry search`: the catalogue by words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mcp_cli.groups import Command
from mcp_cli.session import LISTS, Session, cluster_options

if TYPE_CHECKING:
    from mcp_cli.output.table import Table

EXAMPLES = """
mcp registry search time
mcp registry search github issues --limit 5
mcp registry search postgres -o name
mcp registry search browser -o json | jq '.items[].name'
"""


@click.command("search", cls=Command, examples=EXAMPLES)
@cluster_options(formats=LISTS, all_namespaces=False)
@click.argument("query", nargs=-1, required=True, metavar="QUERY...")
@click.option("--limit", type=click.IntRange(1, 10_000), default=25, show_default=True, help="At most this many.")
@click.option("--no-headers", is_flag=True, help="A table without its line of headers.")
def command(session: Session, query: tuple[str, ...], limit: int, no_headers: bool) -> None:
    """Search the catalogue, best match first.

    Every word has to be there, in a name, title, description or tag; the beginning of a word is enough. The answer
    comes from the index on this machine: no network is asked.
    """
    if no_headers:
        session.hide_headers()
    run(" ".join(query), limit, session)


def run(query: str, limit: int, session: Session) -> None:
    """Print what was found; without a match, say what comes near."""
    from mcp_operator.catalog.catalogue import open_catalogue

    from mcp_cli.views.catalogue import harmless, rows

    with open_catalogue() as catalogue:
        found = catalogue.search(query, limit)
        similar = [] if found else catalogue.similar(query)
        warnings = catalogue.warnings()
        if not found and len(catalogue.states()) == 1:  # an index that was made anew knows the builtin source alone
            warnings += catalogue.gaps(found=False)
    document = rows(found)
    session.printer.show(document, lambda: _table(document, query))
    if similar:
        session.say(f"Did you mean {' or '.join(harmless(name) for name in similar)}?")
    for words in warnings:
        session.say(f"note: {harmless(words)}")


def _table(document: dict[str, Any], query: str) -> Table:
    from mcp_operator.catalog.cards import words_of

    from mcp_cli.views.catalogue import harmless
    from mcp_cli.views.entrytable import entry_table

    return entry_table(document, f'No server matches "{harmless(query)}".', words_of(query))
