"""The states that a pod's containers begin with: fresh, or as an earlier agent left them in the API. Pure.

After a restart of the agent no process of before is alive. As with a kubelet after a reboot, a container that ran
counts one restart more and has its last run as `Unknown`, and one that must not run again stays ended.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mcp_cli.local.node.states import (
    EPOCH,
    ContainerState,
    Terminated,
    Waiting,
    parse_time,
    terminated_from_api,
)
from mcp_cli.local.node.status import should_restart

LOST_EXIT_CODE = 255


def first_states(pod: dict[str, Any], moment: datetime) -> tuple[list[ContainerState], list[ContainerState]]:
    """States of the init containers and of the others."""
    spec, status = pod["spec"], pod.get("status") or {}
    init_specs = spec.get("initContainers") or []
    reason = "PodInitializing" if init_specs else "ContainerCreating"
    before = {entry["name"]: entry for entry in status.get("containerStatuses") or []}
    init_before = {entry["name"]: entry for entry in status.get("initContainerStatuses") or []}
    over = status.get("phase") in ("Succeeded", "Failed")
    inits = [_state(entry, init_before.get(entry["name"]), "PodInitializing", moment, over) for entry in init_specs]
    mains = [_state(entry, before.get(entry["name"]), reason, moment, over) for entry in spec["containers"]]
    policy = spec.get("restartPolicy", "Always")
    for state in mains:
        _settle(state, policy, over)
    for state in inits:
        if over:
            _settle(state, "Never", over)
    return inits, mains


def _state(
    spec: dict[str, Any], entry: dict[str, Any] | None, reason: str, moment: datetime, over: bool
) -> ContainerState:
    state = ContainerState(spec, Waiting(reason))
    if entry is None or not entry.get("containerID"):
        return state
    state.container_id = entry["containerID"]
    state.restarts = entry.get("restartCount", 0) + (0 if over else 1)
    state.last = _last_run(entry, moment)
    return state


def _last_run(entry: dict[str, Any], moment: datetime) -> Terminated | None:
    now_state = entry.get("state") or {}
    if "running" in now_state:
        return Terminated(
            exit_code=LOST_EXIT_CODE,
            reason="Unknown",
            started_at=parse_time(now_state["running"].get("startedAt")) or EPOCH,
            finished_at=moment,
            container_id=entry["containerID"],
            message="its process ended with the node agent that ran it",
        )
    return terminated_from_api(now_state) or terminated_from_api(entry.get("lastState"))


def _settle(state: ContainerState, policy: str, over: bool) -> None:
    """A container that must not run again is what its last run was."""
    if over:
        state.done = True
    if state.last is None or (not over and should_restart(policy, state.last.exit_code)):
        return
    state.state, state.last, state.done = state.last, None, True
    state.restarts = max(0, state.restarts - (0 if over else 1))
