"""`mcp registry list`: the servers of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from mcp_cli.groups import Command
from mcp_cli.session import LISTS, Session, cluster_options

if TYPE_CHECKING:
    from mcp_operator.catalog.model import ServerEntry

EXAMPLES = """
mcp registry list
mcp registry list --source docker --category database
mcp registry list --runtime python --sort source -o wide
mcp registry list --transport stdio --limit 20 -o json
"""

SORTS = ("name", "source", "runtime")


@dataclass(frozen=True, slots=True)
class Options:
    """Which entries, in which order; an empty filter lets all through."""

    source: str | None
    category: str | None
    tag: str | None
    transport: str | None
    runtime: str | None
    limit: int
    sort: str


@click.command("list", cls=Command, examples=EXAMPLES)
@cluster_options(formats=LISTS, all_namespaces=False)
@click.option("--source", help="Only entries of this source.")
@click.option("--category", help="Only entries of this category.")
@click.option("--tag", help="Only entries with this tag.")
@click.option("--transport", help="Only servers that speak this (stdio, streamable-http, sse).")
@click.option("--runtime", help="Only servers of this packaging (python, node, docker, remote).")
@click.option("--limit", type=click.IntRange(min=0), default=0, help="At most this many; 0 is all.")
@click.option("--sort", type=click.Choice(SORTS), default="name", show_default=True, help="Order of the list.")
def command(session: Session, **flags: str | int | None) -> None:
    """List the servers of the catalogue.

    The list comes from the index on this machine: no network is asked.
    """
    run(Options(**flags), session)  # type: ignore[arg-type]


def run(options: Options, session: Session) -> None:
    """Print what the filters leave."""
    from mcp_operator.catalog.catalogue import open_catalogue

    from mcp_cli.views.catalogue import entry_table, rows

    with open_catalogue() as catalogue:
        found = select(catalogue.entries(options.source), options)
    document = rows(found)
    session.printer.show(document, lambda: entry_table(document, "No server matches."))


def select(entries: list[ServerEntry], options: Options) -> list[ServerEntry]:
    """The entries that pass every filter, in the order asked for."""
    kept = [entry for entry in entries if all(test(entry) for test in _tests(options))]
    if options.sort != "name":
        kept.sort(key=lambda entry: (getattr(entry, options.sort), entry.name))
    return kept[: options.limit] if options.limit else kept


def _tests(options: Options) -> list[Callable[[ServerEntry], bool]]:
    tests: list[Callable[[ServerEntry], bool]] = []
    if options.category:
        tests.append(lambda entry: options.category in entry.categories)
    if options.tag:
        tests.append(lambda entry: options.tag in entry.tags)
    if options.transport:
        tests.append(lambda entry: options.transport == entry.transport)
    if options.runtime:
        tests.append(lambda entry: options.runtime == entry.runtime)
    return tests
