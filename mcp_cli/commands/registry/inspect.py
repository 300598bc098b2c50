"""`mcp registry inspect`: everything about one entry."""

from __future__ import annotations

import sys

import click

from mcp_cli.cataloguecompletion import complete_entry, complete_source
from mcp_cli.groups import Command
from mcp_cli.session import Session, cluster_options

EXAMPLES = """
mcp registry inspect time
mcp registry inspect grafana --source docker -o yaml
mcp registry inspect io.github.owner/server@1.2.0
mcp registry inspect grafana --raw
"""

FORMATS = ("text", "wide", "json", "yaml", "name", "jsonpath=", "custom-columns=")


@click.command("inspect", cls=Command, examples=EXAMPLES)
@cluster_options(formats=FORMATS, all_namespaces=False)
@click.argument("name", metavar="NAME[@VERSION]", shell_complete=complete_entry)
@click.option(
    "--source", shell_complete=complete_source, help="The entry of this source, where several have one of that name."
)
@click.option("--raw", is_flag=True, help="Print the source's own document as it is.")
def command(session: Session, name: str, source: str | None, raw: bool) -> None:
    """Show everything the catalogue knows about a server.

    What it is, who publishes it, what it would run, and which secrets, variables and parameters it wants. Without a
    VERSION it is the latest one.
    """
    run(name, source, raw, session)


def run(name: str, source: str | None, raw: bool, session: Session) -> None:
    """Print the entry."""
    from mcp_operator.catalog.catalogue import open_catalogue

    from mcp_cli.output.style import is_terminal
    from mcp_cli.views.catalogue import harmless
    from mcp_cli.views.inspection import Asked, inspection, inspection_text

    with open_catalogue() as catalogue:
        entry = catalogue.get(name, source)
        sources = tuple(dict.fromkeys(one.source for one in catalogue.versions(name)))
        asked = Asked(name, catalogue.get(name).source if source else entry.source, sources)
    if raw:
        shown = harmless(entry.raw) if is_terminal(sys.stdout) else entry.raw
        click.echo(shown.rstrip("\n"))
        return
    session.printer.show(inspection(entry), text=lambda: inspection_text(entry, asked))
