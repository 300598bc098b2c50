"""Waiting until every pod of a server is of its new template.

Role: a watch of the server's Deployment, and one of the server for the reason why it does not get on; 124 with the
counts when time is over. Called by `restart --wait`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mcp_operator.api.names import ANNOTATION_RESTARTED_AT
from mcp_operator.runtime.resources import DEPLOYMENTS

from mcp_cli.durations import spoken
from mcp_cli.errors import CliError, TimedOut
from mcp_cli.following import Change, Following
from mcp_cli.kinds import SERVERS
from mcp_cli.live import LiveLine
from mcp_cli.views.status import why_not_ready
from mcp_cli.waiting import HOPELESS_AFTER, hopeless, look

if TYPE_CHECKING:
    from mcp_cli.session import Session

TICK = 0.5


def wait_replaced(session: Session, server: dict[str, Any], stamp: str, seconds: float) -> None:
    """Until the Deployment carries the stamp and has rolled out; an error once nothing will help but a change."""
    name, namespace = server["metadata"]["name"], server["metadata"]["namespace"]
    until = time.monotonic() + seconds
    failed_since: float | None = None
    selector = f"metadata.name={name}"
    servers = Following(session.cluster, SERVERS, namespace, field_selector=selector).changes(0)
    deployments = Following(session.cluster, DEPLOYMENTS, namespace, field_selector=selector).changes(TICK)
    words = f"{name}: the operator has not taken it up yet"
    with LiveLine() as line:
        for change in deployments:
            server = _latest(servers, server)
            if change is not None and change.obj and stamped(change.obj, stamp):
                words = f"{name}: {counts(change.obj)}"
                if rolled_out(change.obj):
                    break
            why = f", {why_not_ready(server)}" if hopeless(server) else ""
            line.show(words + why)
            failed_since = (failed_since or time.monotonic()) if why else None
            if failed_since and time.monotonic() - failed_since > HOPELESS_AFTER:
                raise CliError(f"{name} cannot become ready: {why_not_ready(server)}", look(name, server))
            if time.monotonic() > until:
                hint = f"`mcp status {name}` tells what holds it up; it goes on in the background."
                raise TimedOut(f"{words}{why}, after {spoken(seconds)}", hint)
        elapsed = line.elapsed
    session.say(f"{name} is restarted, after {elapsed:.1f}s")


def _latest(changes: Iterator[Change | None], server: dict[str, Any]) -> dict[str, Any]:
    """The server as far as it is known by now; the changes never make it wait."""
    for change in changes:
        if change is None:
            break
        if change.what == "DELETED":
            raise CliError(f'MCPServer "{server["metadata"]["name"]}" was deleted while it was waited for')
        server = change.obj or server
    return server


def stamped(deployment: dict[str, Any], stamp: str) -> bool:
    annotations = deployment["spec"]["template"].get("metadata", {}).get("annotations") or {}
    return annotations.get(ANNOTATION_RESTARTED_AT) == stamp


def rolled_out(deployment: dict[str, Any]) -> bool:
    """As `kubectl rollout status` judges: seen, all of the new template, all available, none left over."""
    status, wanted = deployment.get("status") or {}, int(deployment["spec"].get("replicas") or 0)
    numbers = [int(status.get(key) or 0) for key in ("updatedReplicas", "replicas", "availableReplicas")]
    return seen(deployment) and numbers == [wanted] * 3


def seen(deployment: dict[str, Any]) -> bool:
    """Whether the counts speak of the spec as it is now."""
    status = deployment.get("status") or {}
    return int(status.get("observedGeneration") or 0) >= int(deployment["metadata"].get("generation") or 0)


def counts(deployment: dict[str, Any]) -> str:
    status = (deployment.get("status") or {}) if seen(deployment) else {}
    return f"{int(status.get('updatedReplicas') or 0)} of {int(deployment['spec'].get('replicas') or 0)} pods are new"
