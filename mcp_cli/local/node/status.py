"""The status of a pod from the states of its containers: phase, conditions, container statuses. Pure.

The rules are the kubelet's (its `getPhase` and condition generators). Called by the pod worker after every change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcp_cli.local.node.states import ContainerState, Running, Waiting


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What the status needs besides the containers."""

    pod: dict[str, Any]
    host_ip: str
    pod_ip: str | None
    start_time: str
    now: str
    sandbox_ready: bool = True
    ended: tuple[str, str] | None = None
    """Reason and message where the agent itself ended the pod (deadline, rejection)."""


def pod_status(facts: PodFacts, inits: list[ContainerState], mains: list[ContainerState]) -> dict[str, Any]:
    """The whole status; values of None ask a merge patch to remove a field."""
    phase = "Failed" if facts.ended else pod_phase(facts.pod["spec"], inits, mains)
    addresses = [{"ip": facts.pod_ip}] if facts.pod_ip else []
    status: dict[str, Any] = {
        "phase": phase,
        "conditions": conditions(facts, phase, inits, mains),
        "hostIP": facts.host_ip,
        "startTime": facts.start_time,
        "containerStatuses": [state.as_api(init=False) for state in mains],
        "qosClass": qos_class(facts.pod["spec"]),
    }
    if inits:
        status["initContainerStatuses"] = [state.as_api(init=True) for state in inits]
    if addresses:
        status |= {"podIP": facts.pod_ip, "podIPs": addresses}
    generation = facts.pod["metadata"].get("generation")
    if generation:
        # API servers that count a pod's generations know these fields, older ones refuse a patch of hostIPs.
        status |= {"observedGeneration": generation, "hostIPs": [{"ip": facts.host_ip}]}
        for condition in status["conditions"]:
            condition["observedGeneration"] = generation
    if facts.ended:
        status |= {"reason": facts.ended[0], "message": facts.ended[1]}
    return status


def pod_phase(spec: dict[str, Any], inits: list[ContainerState], mains: list[ContainerState]) -> str:
    """Pending until every container has started once; Succeeded or Failed once none will start again."""
    policy = spec.get("restartPolicy", "Always")
    plain_inits = [state for state in inits if not state.is_sidecar]
    if any(state.done and not state.succeeded for state in plain_inits) and policy == "Never":
        return "Failed"
    if any(not state.succeeded for state in plain_inits):
        return "Pending"
    if any(state.is_sidecar and not state.started and not state.done for state in inits):
        return "Pending"
    if any(isinstance(state.state, Waiting) and state.last is None for state in mains):
        return "Pending"
    if all(state.done for state in mains):
        return "Succeeded" if all(state.succeeded for state in mains) else "Failed"
    return "Running"


def conditions(
    facts: PodFacts, phase: str, inits: list[ContainerState], mains: list[ContainerState]
) -> list[dict[str, Any]]:
    """The kubelet's five conditions; one that did not change keeps its transition time."""
    old = {entry["type"]: entry for entry in facts.pod.get("status", {}).get("conditions", [])}
    containers_ready = _containers_ready(phase, inits, mains)
    wanted = [
        ("PodReadyToStartContainers", _plain(facts.sandbox_ready and phase not in ("Succeeded", "Failed"))),
        ("Initialized", _initialized(phase, inits)),
        ("Ready", _ready(facts.pod, containers_ready, old)),
        ("ContainersReady", containers_ready),
        ("PodScheduled", _plain(True)),
    ]
    return [_condition(kind, verdict, old.get(kind), facts.now) for kind, verdict in wanted]


Verdict = tuple[bool, str | None, str | None]


def _plain(value: bool) -> Verdict:
    return value, None, None


def _initialized(phase: str, inits: list[ContainerState]) -> Verdict:
    waiting = [state.name for state in inits if not (state.started if state.is_sidecar else state.succeeded)]
    if phase == "Succeeded":
        return True, "PodCompleted", None
    if waiting:
        return False, "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(waiting)}]"
    return _plain(True)


def _containers_ready(phase: str, inits: list[ContainerState], mains: list[ContainerState]) -> Verdict:
    if phase == "Succeeded":
        return False, "PodCompleted", None
    if phase == "Failed":
        return False, "PodFailed", None
    watched = [state for state in inits if state.is_sidecar] + mains
    unready = [state.name for state in watched if not (isinstance(state.state, Running) and state.ready)]
    if unready:
        return False, "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    return _plain(True)


def _ready(pod: dict[str, Any], containers_ready: Verdict, conditions: dict[str, Any]) -> Verdict:
    """Containers ready, and every readiness gate True."""
    if not containers_ready[0]:
        return containers_ready
    messages = []
    for gate in pod["spec"].get("readinessGates") or []:
        kind = gate["conditionType"]
        if kind not in conditions:
            messages.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif conditions[kind].get("status") != "True":
            messages.append(
                f'the status of pod readiness gate "{kind}" is not "True", but {conditions[kind]["status"]}'
            )
    return (False, "ReadinessGatesNotReady", ", ".join(messages)) if messages else _plain(True)


def _condition(kind: str, verdict: Verdict, old: dict[str, Any] | None, moment: str) -> dict[str, Any]:
    status = "True" if verdict[0] else "False"
    before = old if old is not None and old.get("status") == status else {}
    return {
        "type": kind,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": before.get("lastTransitionTime") or moment,
        "reason": verdict[1],
        "message": verdict[2],
    }


def qos_class(spec: dict[str, Any]) -> str:
    """Guaranteed, Burstable or BestEffort, from requests and limits."""
    containers = [*(spec.get("initContainers") or []), *spec["containers"]]
    resources = [container.get("resources") or {} for container in containers]
    if not any(entry.get("requests") or entry.get("limits") for entry in resources):
        return "BestEffort"
    for entry in resources:
        limits, requests = entry.get("limits") or {}, entry.get("requests") or {}
        if not {"cpu", "memory"} <= set(limits) or any(requests.get(key, limits[key]) != limits[key] for key in limits):
            return "Burstable"
    return "Guaranteed"


def changed(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether writing `new` over `old` would change anything a reader can see."""
    return any(_differs(old.get(name), value, name) for name, value in new.items())


def _differs(old: Any, new: Any, name: str) -> bool:
    if name != "conditions":
        return (old or None) != (new or None)
    present = {entry["type"]: entry for entry in old or []}
    for entry in new:
        before = present.get(entry["type"])
        if before is None or any(before.get(key) != entry[key] for key in ("status", "reason", "message")):
            return True
    return False


def should_restart(policy: str, exit_code: int) -> bool:
    """Whether a container that ended starts again."""
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)
