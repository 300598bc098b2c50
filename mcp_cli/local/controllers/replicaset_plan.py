"""What a ReplicaSet does about its pods, decided from plain dicts.

Pure: which pods to delete first, and what the status says. Called by `replicaset`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf, log2

from mcp_cli.local.controllers.objects import (
    Object,
    annotations_of,
    available_in,
    compact,
    condition,
    is_ready,
    labels,
    now,
    replicas,
    seconds_since,
    status,
)

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
PHASE_ORDER = {"Pending": 0, "Unknown": 1, "Running": 2}


def pods_to_delete(pods: Sequence[Object], count: int, moment: datetime | None = None) -> list[Object]:
    """The `count` pods that are missed least, in Kubernetes' order of preference."""
    if count >= len(pods):
        return list(pods)
    crowd = Counter(pod["spec"].get("nodeName") for pod in pods if is_ready(pod))
    moment = moment or datetime.now(UTC)
    return sorted(pods, key=lambda pod: _rank(pod, crowd, moment))[:count]


def _rank(pod: Object, crowd: Counter[str | None], moment: datetime) -> tuple[float, ...]:
    """The lowest goes first: unassigned, not running, not ready, cheap, crowded, young, often restarted."""
    state = status(pod)
    ready = condition(state, "Ready")
    ready_for = _age_class(ready.get("lastTransitionTime"), moment) if ready and is_ready(pod) else 0.0
    restarts = max((each.get("restartCount", 0) for each in state.get("containerStatuses") or ()), default=0)
    return (
        float(bool(pod["spec"].get("nodeName"))),
        float(PHASE_ORDER.get(state.get("phase") or "Pending", 0)),
        float(is_ready(pod)),
        _deletion_cost(pod),
        -float(crowd[pod["spec"].get("nodeName")] if is_ready(pod) else 0),
        ready_for,
        -float(restarts),
        _age_class(pod["metadata"].get("creationTimestamp"), moment),
    )


def _deletion_cost(pod: Object) -> float:
    try:
        return float(int(annotations_of(pod).get(DELETION_COST, "0")))
    except ValueError:
        return 0.0


def _age_class(timestamp: str | None, moment: datetime) -> float:
    """Ages are compared by their order of magnitude, so that pods made together rank alike."""
    if not timestamp:
        return -inf
    return float(int(log2(max(seconds_since(timestamp, moment), 1.0))))


def new_status(
    replica_set: Object, pods: Sequence[Object], failure: tuple[str, str] | None, terminating: int = 0
) -> Object:
    """The status for the active pods at hand; `failure` is reason and message of what went wrong."""
    wanted = replica_set["spec"]["template"].get("metadata", {}).get("labels") or {}
    min_ready = int(replica_set["spec"].get("minReadySeconds") or 0)
    return {
        "replicas": len(pods),
        **compact(
            {
                "fullyLabeledReplicas": sum(wanted.items() <= labels(pod).items() for pod in pods),
                "readyReplicas": sum(is_ready(pod) for pod in pods),
                "availableReplicas": sum(available_in(pod, min_ready) == 0.0 for pod in pods),
                "observedGeneration": replica_set["metadata"].get("generation"),
                "conditions": _conditions(status(replica_set), failure),
            }
        ),
        "terminatingReplicas": terminating,
    }


def _conditions(old: Object, failure: tuple[str, str] | None) -> list[Object]:
    kept = [dict(each) for each in old.get("conditions") or () if each["type"] != "ReplicaFailure"]
    if failure is None:
        return kept
    before = condition(old, "ReplicaFailure")
    if before and before["reason"] == failure[0]:
        return [*kept, before]
    failed = {"type": "ReplicaFailure", "status": "True", "reason": failure[0], "message": failure[1]}
    return [*kept, {**failed, "lastTransitionTime": now()}]


def next_availability(replica_set: Object, pods: Sequence[Object]) -> float | None:
    """Seconds until the next pod becomes available by the passing of time alone."""
    min_ready = int(replica_set["spec"].get("minReadySeconds") or 0)
    waits = [available_in(pod, min_ready) for pod in pods]
    return min((wait for wait in waits if wait), default=None)


def surplus(replica_set: Object, pods: Sequence[Object]) -> int:
    """How many pods are too many; negative when some are missing."""
    return len(pods) - replicas(replica_set)
