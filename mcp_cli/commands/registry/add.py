"""`mcp registry add`: one more source."""

from __future__ import annotations

from pathlib import Path

import click

from mcp_cli.errors import WrongUsage
from mcp_cli.groups import Command
from mcp_cli.session import Session, cluster_options

EXAMPLES = """
mcp registry add docker --dir ./mcp-registry
mcp registry add ours --dir ~/registries/ours --priority 200
"""


@click.command("add", cls=Command, examples=EXAMPLES)
@cluster_options(formats=("json", "yaml"), all_namespaces=False)
@click.argument("name")
@click.option(
    "--dir", "directory", type=click.Path(), help="A folder in the Docker registry's layout: servers/NAME/server.yaml."
)
@click.option(
    "--priority",
    type=int,
    default=50,
    show_default=True,
    help="Of two entries of one name the higher wins; builtin has 100.",
)
def command(session: Session, name: str, directory: str | None, priority: int) -> None:
    """Add a source of servers, and read it.

    A source that cannot be read is not added. One of the same name is replaced.
    """
    if not directory:
        raise WrongUsage("a source needs a place", "Give it with --dir PATH.")
    run(name, Path(directory), priority, session)


def run(name: str, directory: Path, priority: int, session: Session) -> None:
    """Add and index the source, and say what was found."""
    from mcp_operator.catalog.catalogue import open_catalogue
    from mcp_operator.catalog.sources import Source

    from mcp_cli.views.refreshed import show_refreshed

    path = str(directory.expanduser().resolve())
    with open_catalogue() as catalogue:
        found = catalogue.add(Source(name, "directory", path, priority))
    show_refreshed(session, [found])
