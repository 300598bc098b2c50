"""`mcp describe`: a server with its pods and events, a registry, a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mcp_cli.completing import complete_objects
from mcp_cli.groups import Command
from mcp_cli.references import Wanted, wanted
from mcp_cli.session import OBJECTS, Session, cluster_options

if TYPE_CHECKING:
    from mcp_operator.runtime.resources import Resource

EXAMPLES = """
mcp describe time
mcp describe server time -n tools
mcp describe servers/time registries/default
"""


@click.command("describe", cls=Command, examples=EXAMPLES)
@cluster_options(formats=OBJECTS)
@click.argument(
    "words", nargs=-1, required=True, metavar="[server|registry|backup] NAME...", shell_complete=complete_objects
)
def command(session: Session, words: tuple[str, ...]) -> None:
    """Show objects with everything around them: what is asked for, how it is, the pods and the events of all of them.

    Without a kind it describes servers; TYPE/NAME works too. A kind without names is all of that kind.
    """
    run(wanted(words), session)


def run(asked: Wanted, session: Session) -> None:
    """Each object's page, an empty line between two."""
    from mcp_cli.servers import find

    found = [(kind, find(session, kind, name)) for kind, name in asked.objects]
    if not asked.objects:
        for kind in asked.kinds:
            found += [(kind, obj) for obj in session.cluster.list(kind, session.scope)["items"]]
        if not found and session.printer.human:
            session.say("There is nothing to describe.")
    if not session.printer.human:
        session.show_objects([obj for _, obj in found])
        return
    for number, (kind, obj) in enumerate(found):
        if number:
            click.echo()
        session.printer.show(obj, text=lambda kind=kind, obj=obj: _text(session, kind, obj))  # type: ignore[misc]


def _text(session: Session, resource: Resource, obj: dict[str, Any]) -> str:
    from mcp_cli.kinds import SERVERS
    from mcp_cli.pods import pods_of
    from mcp_cli.views.describe import describe_other, describe_server

    metadata = obj["metadata"]
    if resource != SERVERS:
        return describe_other(obj, _events(session, metadata["namespace"], {metadata["name"]}))
    pods = pods_of(session.cluster, metadata["name"], metadata["namespace"])
    names = {metadata["name"]} | {pod["metadata"]["name"] for pod in pods}
    return describe_server(obj, pods, _events(session, metadata["namespace"], names))


def _events(session: Session, namespace: str, names: set[str]) -> list[dict[str, Any]]:
    """The events about those objects, and about what belongs to them (a Deployment has the server's own name)."""
    from mcp_operator.runtime.resources import EVENTS

    found = session.cluster.list(EVENTS, namespace)["items"]
    return [event for event in found if (event.get("involvedObject") or {}).get("name") in names]
