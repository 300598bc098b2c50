"""`mcp registry refresh`: read the sources again."""

from __future__ import annotations

import click

from mcp_cli.cataloguecompletion import complete_source
from mcp_cli.errors import WrongUsage
from mcp_cli.groups import Command
from mcp_cli.session import LISTS, Session, cluster_options

EXAMPLES = """
mcp registry refresh
mcp registry refresh --name docker
mcp registry refresh --all --full
mcp registry refresh --cluster --name default -n tools
"""


@click.command(
    "refresh", cls=Command, examples=EXAMPLES, surplus="One source alone: `mcp registry refresh --name NAME`."
)
@cluster_options(formats=LISTS, all_namespaces=False)
@click.option("--name", shell_complete=complete_source, help="Only this source.")
@click.option("--all", "every", is_flag=True, help="All sources; this is so without --name too.")
@click.option("--cluster", is_flag=True, help="The MCPRegistries of the cluster: the operator reads them again.")
@click.option("--full", is_flag=True, help="Read everything again, not only what has changed.")
def command(session: Session, name: str | None, every: bool, cluster: bool, full: bool) -> None:
    """Read the sources again.

    With --cluster it is the operator that reads, and what it reads are the MCPRegistries of the namespace (or the one
    that --name names); `mcp get registries` shows how they get on.

    A refresh that fails or is killed leaves what was there, and it goes on answering. An entry that cannot be read is
    named and left out. Waits for a registry that wants to be left alone are said on stderr; --timeout ends them.
    """
    if name and every:
        raise WrongUsage("--name and --all exclude each other", "Give one of them.")
    if cluster and full:
        raise WrongUsage("--cluster and --full exclude each other", "The operator decides what it reads again.")
    if cluster:
        ask_operator(name, session)
        return
    run(name, full, session)


def ask_operator(name: str | None, session: Session) -> None:
    """Have MCPRegistries read at once, and say which."""
    from mcp_cli.clusterregistries import ask_for_reading
    from mcp_cli.kinds import reference

    asked = ask_for_reading(session, name)
    if not asked:
        session.say(f"No registries found in namespace {session.namespace}.")
    if session.output:
        session.printer.show({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": asked})
        return
    for registry in asked:
        click.echo(f"{reference(registry)} is read again")


def run(name: str | None, full: bool, session: Session) -> None:
    """Refresh, and say what was found."""
    from mcp_operator.catalog.catalogue import open_catalogue

    from mcp_cli.clusterregistries import readers
    from mcp_cli.views.refreshed import show_refreshed
    from mcp_cli.views.watched import Watched

    with open_catalogue(readers(session)) as catalogue, Watched(session) as watch:
        found = catalogue.refresh(name, watch, full=full)
    show_refreshed(session, found)
