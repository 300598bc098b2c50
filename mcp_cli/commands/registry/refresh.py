"""`mcp registry refresh`: read the sources again."""

from __future__ import annotations

import click

from mcp_cli.errors import WrongUsage
from mcp_cli.groups import Command
from mcp_cli.session import Session, cluster_options

EXAMPLES = """
mcp registry refresh
mcp registry refresh --name docker
mcp registry refresh --all --full
"""


@click.command("refresh", cls=Command, examples=EXAMPLES)
@cluster_options(formats=("json", "yaml"), all_namespaces=False)
@click.option("--name", help="Only this source.")
@click.option("--all", "every", is_flag=True, help="All sources; this is so without --name too.")
@click.option("--full", is_flag=True, help="Read everything again, not only what has changed.")
def command(session: Session, name: str | None, every: bool, full: bool) -> None:
    """Read the sources again.

    A refresh that fails or is killed leaves what was there, and it goes on answering. An entry that cannot be read is
    named and left out. Waits for a registry that wants to be left alone are said on stderr; --timeout ends them.
    """
    if name and every:
        raise WrongUsage("--name and --all exclude each other", "Give one of them.")
    run(name, full, session)


def run(name: str | None, full: bool, session: Session) -> None:
    """Refresh, and say what was found."""
    from mcp_operator.catalog.catalogue import open_catalogue

    from mcp_cli.views.refreshed import Watched, show_refreshed

    with open_catalogue() as catalogue, Watched(session) as watch:
        found = catalogue.refresh(name, watch, full=full)
    show_refreshed(session, found)
