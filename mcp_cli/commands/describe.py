"""`mcp describe`: a server with its pods and events, a registry, a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mcp_cli.completing import complete_kind
from mcp_cli.errors import WrongUsage
from mcp_cli.groups import Command
from mcp_cli.session import OBJECTS, Session, cluster_options

if TYPE_CHECKING:
    from mcp_operator.runtime.resources import Resource

EXAMPLES = """
mcp describe time
mcp describe server time -n tools
mcp describe registry default
"""


@click.command("describe", cls=Command, examples=EXAMPLES)
@cluster_options(formats=OBJECTS)
@click.argument("words", nargs=-1, required=True, metavar="[server|registry|backup] NAME", shell_complete=complete_kind)
def command(session: Session, words: tuple[str, ...]) -> None:
    """Show an object with everything around it: what it asks for, how it is, its pods and the events of all of them.

    Without a kind it describes a server.
    """
    from mcp_cli.kinds import SERVERS, kind_of
    from mcp_cli.servers import find

    resource = (kind_of(words[0]) if len(words) > 1 else None) or SERVERS
    names = words[1:] if len(words) > 1 and kind_of(words[0]) else words
    if len(names) != 1:
        raise WrongUsage("describe takes one NAME", "For example: mcp describe server time.")
    obj = find(session, resource, names[0])
    session.printer.show(obj, text=lambda: _text(session, resource, obj))


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
