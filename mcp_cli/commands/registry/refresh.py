"""`mcp registry refresh`: read the sources again."""

from __future__ import annotations

import click

from mcp_cli.groups import Command
from mcp_cli.session import Session, cluster_options

EXAMPLES = """
mcp registry refresh
mcp registry refresh --name docker
"""


@click.command("refresh", cls=Command, examples=EXAMPLES)
@cluster_options(formats=("json", "yaml"), all_namespaces=False)
@click.option("--name", help="Only this source.")
def command(session: Session, name: str | None) -> None:
    """Read the sources again.

    Each source is replaced as a whole or not at all: a refresh that fails or is killed leaves what was there. An entry
    that cannot be read is named and left out.
    """
    run(name, session)


def run(name: str | None, session: Session) -> None:
    """Refresh, and say what was found."""
    from mcp_operator.catalog.catalogue import open_catalogue

    from mcp_cli.views.refreshed import show_refreshed

    with open_catalogue() as catalogue:
        found = catalogue.refresh(name)
    show_refreshed(session, found)
