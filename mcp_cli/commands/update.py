"""`mcp update`: change some fields of a server that is deployed."""

from __future__ import annotations

from typing import Any

import click

from mcp_cli.errors import WrongUsage
from mcp_cli.groups import Command
from mcp_cli.references import server_argument
from mcp_cli.serverflags import check, flags_of, server_flags
from mcp_cli.session import OBJECTS, Session, cluster_options
from mcp_cli.writing import Writing, writing_options

EXAMPLES = """
mcp update time --replicas 3 --wait
mcp update time --package mcp-server-time==2026.10.19
mcp update web --image ghcr.io/example/web-mcp:1.3 --env LOG_LEVEL=debug
mcp update time --env LOG_LEVEL=debug --dry-run=server -o yaml
"""


@click.command("update", cls=Command, examples=EXAMPLES)
@cluster_options(formats=OBJECTS)
@writing_options
@server_argument()
@server_flags
def command(session: Session, writing: Writing, name: str, **given: Any) -> None:
    """Change what the flags say of a server that is deployed, and nothing else.

    Variables are added to those that are there; every other flag replaces its field. What `mcp deploy` would say again
    is not looked at: to change the whole, deploy it again.
    """
    check(given, known=True)
    if not any(value not in (None, ()) for value in given.values()):
        raise WrongUsage("there is nothing to change", "Give at least one flag, for example --replicas 3.")
    from mcp_cli.kinds import reference
    from mcp_cli.servers import find_server
    from mcp_cli.serverspec import merge_patch, refuse_invalid, with_flags

    server = find_server(session, name)
    wanted = with_flags(server, flags_of(name, given))
    patch = merge_patch(server["spec"], wanted["spec"])
    refuse_invalid(wanted)
    if patch:
        server = _write(session, wanted, patch, writing)
    if not session.output:
        click.echo(f"{reference(server)} {'configured' if patch else 'unchanged'}{writing.suffix}")
    if writing.wait:
        from mcp_cli.waiting import wait_ready

        server = wait_ready(session, server, writing.wait_timeout)
    if session.output:
        session.printer.show(server)


def _write(session: Session, wanted: dict[str, Any], patch: dict[str, Any], writing: Writing) -> dict[str, Any]:
    if writing.dry_run == "client":
        return wanted
    from mcp_cli.kinds import SERVERS

    name, namespace = wanted["metadata"]["name"], wanted["metadata"]["namespace"]
    return session.cluster.merge(SERVERS, name, {"spec": patch}, namespace, dry_run=writing.on_server)
