"""The row of a pod: how many containers are ready, and in one word what is the matter.

Role: pure. Called by `tablekinds`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mcp_cli import durations
from mcp_cli.local.apimachinery import times
from mcp_cli.local.apimachinery.tablecells import NONE, age, is_true, part

INITIALIZING = "PodInitializing"


class _Progress:
    """What is found while going through the container statuses."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.ready = 0
        self.restarts = 0
        self.last_restart: datetime | None = None

    def count(self, status: dict[str, Any]) -> None:
        self.restarts += status.get("restartCount", 0)
        finished = part(status, "lastState", "terminated", "finishedAt")
        if finished:
            moment = times.parse(finished)
            self.last_restart = moment if self.last_restart is None else max(self.last_restart, moment)


def cells(pod: dict[str, Any], now: datetime) -> list[Any]:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    sidecars = {c["name"] for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
    progress = _Progress(_first_reason(pod, status))
    initializing = _look_at_init(spec, status, sidecars, progress)
    if not initializing or is_true(pod, "Initialized"):
        progress.restarts, progress.last_restart = 0, None
        for init in status.get("initContainerStatuses") or ():
            if init["name"] in sidecars:
                progress.count(init)
        _look_at_containers(pod, status, progress)
    total = len(spec.get("containers") or ()) + len(sidecars)
    return [
        pod["metadata"]["name"],
        f"{progress.ready}/{total}",
        _last_word(pod, status, progress.reason),
        _restarts(progress, now),
        age(pod, now),
        status.get("podIP") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _gates(pod, spec),
    ]


def _first_reason(pod: dict[str, Any], status: dict[str, Any]) -> str:
    scheduled: dict[str, Any] = next((c for c in status.get("conditions") or () if c.get("type") == "PodScheduled"), {})
    if scheduled.get("reason") == "SchedulingGated":
        return "SchedulingGated"
    return str(status.get("reason") or status.get("phase") or "")


def _look_at_init(spec: dict[str, Any], status: dict[str, Any], sidecars: set[str], progress: _Progress) -> bool:
    """The first init container that is not done gives the reason; True when there is one."""
    total = len(spec.get("initContainers") or ())
    for index, init in enumerate(status.get("initContainerStatuses") or ()):
        progress.count(init)
        state = init.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        if terminated is not None and terminated.get("exitCode", 0) == 0:
            continue
        if init["name"] in sidecars and init.get("started"):
            progress.ready += bool(init.get("ready"))
            continue
        if terminated is not None:
            progress.reason = "Init:" + _end(terminated)
        elif waiting.get("reason") and waiting["reason"] != INITIALIZING:
            progress.reason = "Init:" + waiting["reason"]
        else:
            progress.reason = f"Init:{index}/{total}"
        return True
    return False


def _end(terminated: dict[str, Any]) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    signal = terminated.get("signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{terminated.get('exitCode', 0)}"


def _look_at_containers(pod: dict[str, Any], status: dict[str, Any], progress: _Progress) -> None:
    running = False
    for container in reversed(status.get("containerStatuses") or ()):
        progress.count(container)
        state = container.get("state") or {}
        waiting, terminated = state.get("waiting") or {}, state.get("terminated")
        if waiting.get("reason"):
            progress.reason = waiting["reason"]
        elif terminated is not None:
            progress.reason = _end(terminated)
        elif container.get("ready") and state.get("running") is not None:
            running = True
            progress.ready += 1
    if progress.reason == "Completed" and running:
        progress.reason = "Running" if is_true(pod, "Ready") else "NotReady"


def _last_word(pod: dict[str, Any], status: dict[str, Any], reason: str) -> str:
    if not pod["metadata"].get("deletionTimestamp"):
        return reason
    if status.get("reason") == "NodeLost":
        return "Unknown"
    return reason if status.get("phase") in ("Succeeded", "Failed") else "Terminating"


def _restarts(progress: _Progress, now: datetime) -> str:
    if not progress.restarts or progress.last_restart is None:
        return str(progress.restarts)
    return f"{progress.restarts} ({durations.human((now - progress.last_restart).total_seconds())} ago)"


def _gates(pod: dict[str, Any], spec: dict[str, Any]) -> str:
    gates = spec.get("readinessGates") or ()
    if not gates:
        return NONE
    return f"{sum(is_true(pod, gate['conditionType']) for gate in gates)}/{len(gates)}"


def conditions(pod: dict[str, Any]) -> list[dict[str, Any]] | None:
    """A finished pod is marked, so that clients can leave it out."""
    phase = part(pod, "status", "phase")
    if phase not in ("Succeeded", "Failed"):
        return None
    message = "The pod has completed successfully." if phase == "Succeeded" else "The pod failed."
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]
