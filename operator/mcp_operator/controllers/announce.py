"""Which changes are worth an event on the MCPServer.

Role: turns what was written and how the status changed into Normal and Warning events. Called by the reconciler.
"""

from __future__ import annotations

from typing import Any

from mcp_operator.controllers import status as phases
from mcp_operator.controllers.apply import Outcome
from mcp_operator.runtime.events import EventRecorder

Object = dict[str, Any]

# Steps on the way: the status tells them, an event would only be noise.
_SILENT = frozenset(
    {
        "ContainersNotReady",
        "Installing",
        "PodsStarting",
        "Probing",
        "ReplicasMissing",
        "RollingUpdate",
        "Suspended",
        "WaitingForDeletion",
    }
)


def written(events: EventRecorder, server: Object, outcome: Outcome) -> None:
    for reason, verb, what in (
        ("Created", "created", outcome.created),
        ("Updated", "brought back in line", outcome.updated),
        ("Removed", "removed", outcome.removed),
    ):
        if what:
            events.normal(server, reason, f"{verb} {', '.join(sorted(what))}")


def changed(events: EventRecorder, server: Object, before: Object, after: Object) -> None:
    """An event when reason or phase are others than before."""
    reason, phase = after["reason"], after["phase"]
    if (before.get("phase"), before.get("reason")) == (phase, reason) or reason in _SILENT:
        return
    if phase in (phases.RUNNING, phases.STOPPED, phases.TERMINATING):
        words = _ready_words(after) if reason == "Ready" else after["message"]
        events.normal(server, reason, words)
    else:
        events.warning(server, reason, after["message"])


def _ready_words(status: Object) -> str:
    said = status.get("mcp") or {}
    name = (said.get("serverInfo") or {}).get("name")
    tools = said.get("toolCount")
    detail = f": {name}, {tools} tools" if name and tools is not None else ""
    return f"{status['readyReplicas']} of {status['replicas']} replicas are ready{detail}"
