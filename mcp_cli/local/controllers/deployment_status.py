"""The status of a Deployment: counts, and the conditions Available, Progressing and ReplicaFailure.

Pure; reasons and words are those of Kubernetes. Called by `deployment`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from mcp_cli.local.controllers.deployment_plan import available, max_unavailable, total
from mcp_cli.local.controllers.objects import (
    Object,
    compact,
    condition,
    name,
    now,
    replicas,
    seconds_since,
    status,
    status_count,
)

NO_DEADLINE = 2**31 - 1
AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
PAUSED = "DeploymentPaused"


def make_condition(type_: str, value: str, reason: str, message: str) -> Object:
    moment = now()
    return {
        "type": type_,
        "status": value,
        "reason": reason,
        "message": message,
        "lastUpdateTime": moment,
        "lastTransitionTime": moment,
    }


def set_condition(conditions: Sequence[Object], fresh: Object) -> list[Object]:
    """Replaces the condition of this type, unless status and reason are the same as before."""
    current = condition({"conditions": list(conditions)}, fresh["type"])
    if current and (current["status"], current["reason"]) == (fresh["status"], fresh["reason"]):
        return list(conditions)
    if current and current["status"] == fresh["status"]:
        fresh = {**fresh, "lastTransitionTime": current.get("lastTransitionTime")}
    return [*without(conditions, fresh["type"]), fresh]


def without(conditions: Sequence[Object], type_: str) -> list[Object]:
    return [each for each in conditions if each["type"] != type_]


def deadline(deployment: Object) -> int | None:
    """`progressDeadlineSeconds`; None where it is switched off."""
    value = deployment["spec"].get("progressDeadlineSeconds")
    return None if value is None or value == NO_DEADLINE else int(value)


def counts(deployment: Object, sets: Sequence[Object], new: Object | None, conditions: Sequence[Object]) -> Object:
    """The whole status but for Progressing and ReplicaFailure, which depend on what was before."""
    ready_enough = available(sets) >= replicas(deployment) - max_unavailable(deployment)
    words = (
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        if ready_enough
        else ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    )
    return {
        **compact(
            {
                "observedGeneration": deployment["metadata"].get("generation"),
                "replicas": sum(status_count(each, "replicas") for each in sets),
                "updatedReplicas": status_count(new, "replicas") if new is not None else 0,
                "readyReplicas": sum(status_count(each, "readyReplicas") for each in sets),
                "availableReplicas": available(sets),
                "unavailableReplicas": max(0, total(sets) - available(sets)),
                "collisionCount": status(deployment).get("collisionCount"),
                "conditions": set_condition(conditions, make_condition("Available", *words)),
            }
        ),
        "terminatingReplicas": sum(status_count(each, "terminatingReplicas") for each in sets),
    }


def is_complete(deployment: Object, fresh: Object) -> bool:
    wanted = replicas(deployment)
    return all(fresh.get(field, 0) == wanted for field in ("replicas", "updatedReplicas", "availableReplicas"))


def rollout_status(
    deployment: Object, sets: Sequence[Object], new: Object | None, conditions: Sequence[Object]
) -> Object:
    """The status during and after a rollout; `conditions` are the old ones with what this reconcile added."""
    limit = deadline(deployment)
    if limit is None:
        conditions = without(conditions, "Progressing")
    fresh = counts(deployment, sets, new, conditions)
    current = condition({"conditions": list(conditions)}, "Progressing")
    settled = fresh.get("replicas", 0) == fresh.get("updatedReplicas", 0) and bool(
        current and current["reason"] == AVAILABLE
    )
    if limit is not None and not settled:
        fresh["conditions"] = _progressing(deployment, fresh, new, current, limit)
    failure = _replica_failure(sets, new)
    fresh["conditions"] = (
        set_condition(fresh["conditions"], failure) if failure else without(fresh["conditions"], "ReplicaFailure")
    )
    return fresh


def _progressing(
    deployment: Object, fresh: Object, new: Object | None, current: Object | None, limit: int
) -> list[Object]:
    conditions: list[Object] = fresh["conditions"]
    what = f'ReplicaSet "{name(new)}"' if new is not None else f'Deployment "{name(deployment)}"'
    if is_complete(deployment, fresh):
        done = make_condition("Progressing", "True", AVAILABLE, f"{what} has successfully progressed.")
        return set_condition(conditions, done)
    if _moved(status(deployment), fresh):
        moving = make_condition("Progressing", "True", "ReplicaSetUpdated", f"{what} is progressing.")
        if current and current["status"] == "True":
            moving["lastTransitionTime"] = current["lastTransitionTime"]
        return [*without(conditions, "Progressing"), moving]
    if timed_out(current, limit):
        late = make_condition("Progressing", "False", TIMED_OUT, f"{what} has timed out progressing.")
        return set_condition(conditions, late)
    return conditions


def _moved(old: Object, fresh: Object) -> bool:
    def outdated(state: Object) -> int:
        return int(state.get("replicas", 0) - state.get("updatedReplicas", 0))

    more = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return outdated(fresh) < outdated(old) or any(fresh.get(field, 0) > old.get(field, 0) for field in more)


def timed_out(current: Object | None, limit: int, moment: datetime | None = None) -> bool:
    if current is None or current["reason"] in (AVAILABLE, PAUSED):
        return False
    if current["reason"] == TIMED_OUT:
        return True
    return seconds_since(current.get("lastUpdateTime"), moment or datetime.now(UTC)) > limit


def seconds_to_deadline(deployment: Object, fresh: Object) -> float | None:
    """When to look again whether the rollout is stuck; None when there is nothing to wait for."""
    limit = deadline(deployment)
    current = condition(fresh, "Progressing")
    if limit is None or current is None or current["reason"] in (AVAILABLE, TIMED_OUT, PAUSED):
        return None
    return max(0.0, limit - seconds_since(current.get("lastUpdateTime"))) + 1.0


def _replica_failure(sets: Sequence[Object], new: Object | None) -> Object | None:
    for each in [*([new] if new is not None else []), *sets]:
        found = condition(status(each), "ReplicaFailure")
        if found:
            return make_condition("ReplicaFailure", found["status"], found["reason"], found.get("message", ""))
    return None


def pause_conditions(deployment: Object, conditions: Sequence[Object]) -> list[Object]:
    """Progressing says Unknown while the Deployment is paused, so that the pause does not count as being stuck."""
    if deadline(deployment) is None:
        return list(conditions)
    current = condition({"conditions": list(conditions)}, "Progressing")
    if current and current["reason"] == TIMED_OUT:
        return list(conditions)
    paused = bool(deployment["spec"].get("paused"))
    said = bool(current and current["reason"] == PAUSED)
    if paused == said:
        return list(conditions)
    words = (PAUSED, "Deployment is paused") if paused else ("DeploymentResumed", "Deployment is resumed")
    return set_condition(conditions, make_condition("Progressing", "Unknown", *words))
