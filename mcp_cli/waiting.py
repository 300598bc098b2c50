"""Waiting for a server to be ready, or to be gone.

Role: watches, never polls; says where it stands on stderr; ends with exit code 124 and the reason the server is not
ready. Called by the commands that have `--wait`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from mcp_cli.durations import spoken
from mcp_cli.errors import CliError, TimedOut
from mcp_cli.following import Following
from mcp_cli.kinds import SERVERS, condition, desired_replicas, seen_by_operator, status_of
from mcp_cli.live import LiveLine
from mcp_cli.views.status import phase_of, replicas_of, why_not_ready

if TYPE_CHECKING:
    from mcp_cli.session import Session

TICK = 0.5
HOPELESS_AFTER = 30.0
"""Seconds a server may be Failed before its wait is given up: only a change helps it, but a phase may pass."""


def is_ready(server: dict[str, Any]) -> bool:
    """Whether the operator says, of the spec as it is now, that all is there that was asked for."""
    if not seen_by_operator(server) or server["metadata"].get("deletionTimestamp"):
        return False
    phase = status_of(server).get("phase")
    if desired_replicas(server) == 0 and phase == "Stopped":
        return not int(status_of(server).get("replicas") or 0)
    ready = condition(server, "Ready")
    return phase == "Running" and (ready is None or ready.get("status") == "True")


def wait_ready(session: Session, server: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The server once it is ready."""
    name, namespace = server["metadata"]["name"], server["metadata"]["namespace"]
    until = time.monotonic() + seconds
    failed_since: float | None = None
    following = Following(session.cluster, SERVERS, namespace, field_selector=f"metadata.name={name}")
    with LiveLine() as line:
        for change in following.changes(TICK):
            if change is not None and change.what == "DELETED":
                raise CliError(f'MCPServer "{name}" was deleted while it was waited for')
            if change is not None and change.obj and _newer(change.obj, server):
                server = change.obj
            if is_ready(server):
                break
            line.show(progress(server))
            failed_since = (failed_since or time.monotonic()) if hopeless(server) else None
            if failed_since and time.monotonic() - failed_since > HOPELESS_AFTER:
                raise CliError(f"{name} cannot become ready: {why_not_ready(server)}", look(name, server))
            if time.monotonic() > until:
                raise TimedOut(
                    f"{name} was not ready after {spoken(seconds)}: {why_not_ready(server)}", look(name, server)
                )
        elapsed = line.elapsed
    word = "stopped" if desired_replicas(server) == 0 else "ready"
    session.say(f"{name} is {word}: {replicas_of(server)} replicas, after {elapsed:.1f}s")
    return server


def _newer(seen: dict[str, Any], known: dict[str, Any]) -> bool:
    """A list may come from before our own write: an older generation says nothing about it."""
    return int(seen["metadata"].get("generation") or 0) >= int(known["metadata"].get("generation") or 0)


def hopeless(server: dict[str, Any]) -> bool:
    """Whether the operator says, of the spec as it is now, that only a change helps."""
    return seen_by_operator(server) and phase_of(server) == "Failed"


def progress(server: dict[str, Any]) -> str:
    """Phase, counts, and what it is waiting for."""
    return f"{server['metadata']['name']}: {phase_of(server)}, {replicas_of(server)} ready, {why_not_ready(server)}"


def look(name: str, server: dict[str, Any]) -> str:
    """Where the reason is to be found."""
    from mcp_cli.endpoints import remote_url

    if not status_of(server).get("phase"):
        own = "the embedded cluster has its own: `mcp local logs operator`."
        return f"Is an operator running? `mcp operator run` runs one in the foreground; {own}"
    if remote_url(server):
        return f"It runs elsewhere: correct its address or headers, or wait; `mcp status {name} --watch` tells."
    return f"`mcp describe {name}` shows its pods and events, `mcp logs {name}` what it said."
