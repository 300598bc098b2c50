"""`mcp status`: how a server is, and what is wrong with it."""

from __future__ import annotations

import sys
from typing import Any

import click

from mcp_cli.groups import Command
from mcp_cli.references import servers_argument
from mcp_cli.session import OBJECTS, Session, cluster_options

EXAMPLES = """
mcp status time
mcp status time --watch
mcp status time fetch
mcp status -A
mcp status time -o jsonpath='{.status.phase}'
"""

TICK = 1.0


@click.command("status", cls=Command, examples=EXAMPLES)
@cluster_options(formats=OBJECTS)
@servers_argument(required=False)
@click.option("-w", "--watch", is_flag=True, help="Go on; redraws in place on a terminal, prints on change elsewhere.")
def command(session: Session, words: tuple[str, ...], watch: bool) -> None:
    """Show how a server is: its phase, replicas, endpoint and conditions, and the reason when something is wrong.

    Without a name it shows every server of the namespace, one after the other.
    """
    if watch:
        _watch(session, words)
    elif words:
        _named(session, words)
    else:
        _all(session)


def _named(session: Session, names: tuple[str, ...]) -> None:
    from mcp_cli.servers import find_server

    servers = [find_server(session, name) for name in names]
    if session.printer.human:
        session.printer.show(servers, text=lambda: _pages(servers))
    else:
        session.show_objects(servers)


def _all(session: Session) -> None:
    from mcp_cli.kinds import SERVERS

    items = session.cluster.list(SERVERS, session.scope)["items"]
    if not items and session.printer.human:
        session.say("No servers found." if not session.scope else f"No servers found in namespace {session.scope}.")
        return
    document = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}
    session.printer.show(document, text=lambda: _pages(items))


def _watch(session: Session, names: tuple[str, ...]) -> None:
    """Redraw on every change, and each second for the age, until interrupted or the servers are gone."""
    from mcp_cli.following import Following
    from mcp_cli.kinds import SERVERS
    from mcp_cli.live import LiveBlock
    from mcp_cli.output.style import redraws
    from mcp_cli.servers import find_server

    found = [find_server(session, name)["metadata"] for name in names]
    asked = {f"{metadata['namespace']}/{metadata['name']}" for metadata in found}
    only = found[0] if len(found) == 1 else None
    fields = f"metadata.name={only['name']}" if only else None
    following = Following(session.cluster, SERVERS, only["namespace"] if only else session.scope, field_selector=fields)
    known: dict[str, dict[str, Any]] = {}
    block, ready = LiveBlock(), False
    for change in following.changes(TICK if redraws(sys.stdout) else None):
        if change is not None and asked and change.obj and _key(change.obj) not in asked:
            continue
        if change is not None:
            ready = ready or change.what == "SYNCED"
            _note(known, change.what, change.obj)
        if names and ready and not known:
            session.say(f'MCPServer "{", ".join(names)}" is gone.')
            return
        if not ready:
            continue
        if session.printer.human:
            block.show(_pages(list(known.values())) or "No servers found.")
        elif change is not None and change.obj:
            session.printer.show(change.obj)


def _key(obj: dict[str, Any]) -> str:
    return f"{obj['metadata'].get('namespace')}/{obj['metadata']['name']}"


def _note(known: dict[str, dict[str, Any]], what: str, obj: dict[str, Any]) -> None:
    if not obj:
        return
    key = _key(obj)
    if what == "DELETED":
        known.pop(key, None)
    else:
        known[key] = obj


def _pages(servers: list[dict[str, Any]]) -> str:
    from mcp_cli.output.style import colour_for
    from mcp_cli.views.status import page

    return "\n\n".join(page(server, colour=colour_for(sys.stdout)) for server in servers)
