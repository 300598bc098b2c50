"""`mcp registry list`: the servers of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mcp_cli.cataloguecompletion import complete_category, complete_source, complete_tag
from mcp_cli.groups import Command
from mcp_cli.session import LISTS, Session, cluster_options

if TYPE_CHECKING:
    from mcp_cli.output.table import Table

EXAMPLES = """
mcp registry list
mcp registry list --source docker --category database
mcp registry list --runtime remote --sort source -o wide
mcp registry list --transport stdio --limit 20 -o json
mcp registry list --source official --sort published --limit 10
"""

TRANSPORTS = ("stdio", "streamable-http", "http", "sse")
RUNTIMES = ("python", "node", "docker", "remote", "mcpb", "nuget")
SORTS = ("name", "source", "runtime", "published")
COLUMNS = {"source": "source", "category": "categories", "tag": "tags", "transport": "transport", "runtime": "runtime"}


@click.command("list", cls=Command, examples=EXAMPLES)
@cluster_options(formats=LISTS, all_namespaces=False)
@click.option("--source", shell_complete=complete_source, help="Only entries of this source.")
@click.option("--category", shell_complete=complete_category, help="Only entries of this category.")
@click.option("--tag", shell_complete=complete_tag, help="Only entries with this tag.")
@click.option("--transport", type=click.Choice(TRANSPORTS), help="Only servers that speak this; http: streamable-http.")
@click.option(
    "--runtime", type=click.Choice(RUNTIMES), help="Only servers of this packaging; remote: they run elsewhere."
)
@click.option("--limit", type=click.IntRange(min=0), default=0, help="At most this many; 0 is all.")
@click.option("--sort", type=click.Choice(SORTS), default="name", show_default=True, help="published is newest first.")
@click.option("--no-headers", is_flag=True, help="A table without its line of headers.")
def command(session: Session, limit: int, sort: str, no_headers: bool, **filters: str | None) -> None:
    """List the servers of the catalogue.

    The list comes from the index on this machine: no network is asked. Of several versions the latest is shown.
    """
    if no_headers:
        session.hide_headers()
    if filters["transport"] == "http":
        filters["transport"] = "streamable-http"
    run({COLUMNS[flag]: value for flag, value in filters.items() if value}, limit, sort, session)


def run(where: dict[str, str], limit: int, sort: str, session: Session) -> None:
    """Print what the filters leave."""
    from mcp_operator.catalog.catalogue import open_catalogue

    from mcp_cli.views.catalogue import harmless, rows

    with open_catalogue() as catalogue:
        document: dict[str, Any] = rows(catalogue.select(where, sort, limit))
        warnings = [*catalogue.warnings(), *catalogue.gaps(found=bool(document["items"]))]
    session.printer.show(document, lambda: _table(document))
    for words in warnings:
        session.say(f"note: {harmless(words)}")


def _table(document: dict[str, Any]) -> Table:
    from mcp_cli.views.entrytable import entry_table

    return entry_table(document, "No server matches.")
