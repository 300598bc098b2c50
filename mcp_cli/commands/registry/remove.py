"""`mcp registry remove`: one source less."""

from __future__ import annotations

import click

from mcp_cli.cataloguecompletion import complete_source
from mcp_cli.groups import Command
from mcp_cli.session import LISTS, Session, cluster_options

EXAMPLES = """
mcp registry remove docker
"""


@click.command("remove", cls=Command, examples=EXAMPLES)
@cluster_options(formats=LISTS, all_namespaces=False)
@click.argument("name", shell_complete=complete_source)
def command(session: Session, name: str) -> None:
    """Remove a source of servers and its entries from the catalogue.

    Nothing that runs is touched: a deployed server knows what it runs without the catalogue.
    """
    run(name, session)


def run(name: str, session: Session) -> None:
    """Remove it and say so."""
    from mcp_operator.catalog.catalogue import open_catalogue

    with open_catalogue() as catalogue:
        catalogue.remove(name)
    if session.printer.human:
        click.echo(f"source {name} removed")
    else:
        session.printer.show({"items": [{"name": name}]})
