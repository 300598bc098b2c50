"""How many replicas each ReplicaSet of a Deployment should have next.

Pure: the arithmetic of rolling updates over plain dicts. A plan maps names of ReplicaSets to their new size and names
only those that change. Called by `deployment`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

from mcp_cli.local.controllers.objects import Object, annotations_of, is_finished, name, replicas, status_count

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"

Plan = dict[str, int]


def is_rolling(deployment: Object) -> bool:
    return (deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"


def fenceposts(deployment: Object) -> tuple[int, int]:
    """maxSurge and maxUnavailable as numbers of pods; never both zero, or nothing could move."""
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    desired = replicas(deployment)
    surge = scaled(rolling.get("maxSurge", "25%"), desired, up=True)
    unavailable = scaled(rolling.get("maxUnavailable", "25%"), desired, up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def scaled(value: int | str, total: int, *, up: bool) -> int:
    """A number, or a percentage of `total` rounded up or down."""
    if isinstance(value, int):
        return value
    share = int(value.rstrip("%")) * total / 100
    return ceil(share) if up else floor(share)


def max_surge(deployment: Object) -> int:
    return fenceposts(deployment)[0] if is_rolling(deployment) else 0


def max_unavailable(deployment: Object) -> int:
    if not is_rolling(deployment) or replicas(deployment) == 0:
        return 0
    return min(fenceposts(deployment)[1], replicas(deployment))


def total(sets: Sequence[Object]) -> int:
    return sum(replicas(each) for each in sets)


def available(sets: Sequence[Object]) -> int:
    return sum(status_count(each, "availableReplicas") for each in sets)


def active(sets: Sequence[Object]) -> list[Object]:
    return [each for each in sets if replicas(each) > 0]


def oldest_first(sets: Sequence[Object]) -> list[Object]:
    return sorted(sets, key=lambda each: (each["metadata"].get("creationTimestamp") or "", name(each)))


def size_of_new(deployment: Object, sets: Sequence[Object], current: int) -> int:
    """The size of the new set: as far up as maxSurge allows; `sets` are all of the Deployment's."""
    wanted = replicas(deployment)
    if not is_rolling(deployment):
        return wanted
    room = wanted + max_surge(deployment) - total(sets)
    return current if room <= 0 else current + min(room, wanted - current)


def plan_new(deployment: Object, new: Object, sets: Sequence[Object]) -> Plan:
    """The next step of the new set; nothing when it has its size."""
    wanted, current = replicas(deployment), replicas(new)
    if current == wanted:
        return {}
    size = wanted if current > wanted else size_of_new(deployment, sets, current)
    return {name(new): size} if size != current else {}


def plan_old(deployment: Object, new: Object, old: Sequence[Object]) -> Plan:
    """Shrinks the old sets as far as maxUnavailable allows: pods that are not available go first, they cost nothing."""
    if total(old) == 0:
        return {}
    least = replicas(deployment) - max_unavailable(deployment)
    missing_in_new = replicas(new) - status_count(new, "availableReplicas")
    room = total([new, *old]) - least - missing_in_new
    if room <= 0:
        return {}
    sizes = {name(each): replicas(each) for each in old}
    _drop_unavailable(old, sizes, room)
    _drop_available(old, sizes, available([new, *old]) - least)
    return {name(each): sizes[name(each)] for each in old if sizes[name(each)] != replicas(each)}


def _drop_unavailable(old: Sequence[Object], sizes: Plan, room: int) -> None:
    for each in oldest_first(old):
        drop = min(room, sizes[name(each)] - status_count(each, "availableReplicas"))
        if drop > 0:
            sizes[name(each)] -= drop
            room -= drop


def _drop_available(old: Sequence[Object], sizes: Plan, room: int) -> None:
    for each in oldest_first(old):
        drop = min(max(room, 0), sizes[name(each)])
        sizes[name(each)] -= drop
        room -= drop


def is_scaling(deployment: Object, sets: Sequence[Object]) -> bool:
    """Whether the Deployment's replicas have changed since its active sets were last sized."""
    wanted = str(replicas(deployment))
    return any(annotations_of(each).get(DESIRED, wanted) != wanted for each in active(sets))


def plan_scale(deployment: Object, new: Object | None, old: Sequence[Object]) -> Plan:
    """The sizes after `spec.replicas` has changed: in proportion where several sets are active."""
    wanted = replicas(deployment)
    single = _only_active(new, old)
    if single is not None:
        return {name(single): wanted} if replicas(single) != wanted else {}
    if new is not None and _is_saturated(deployment, new):
        return {name(each): 0 for each in active(old)}
    sets = [*old, *([new] if new is not None else [])]
    return _proportional(deployment, active(sets)) if is_rolling(deployment) else {}


def _only_active(new: Object | None, old: Sequence[Object]) -> Object | None:
    """The one active set, or the newest where none is active; None where several are."""
    found = active([*old, *([new] if new is not None else [])])
    if len(found) == 1:
        return found[0]
    if found:
        return None
    return new if new is not None else (oldest_first(old)[-1] if old else None)


def _is_saturated(deployment: Object, new: Object) -> bool:
    wanted = replicas(deployment)
    sized = replicas(new) == status_count(new, "availableReplicas") == wanted
    return sized and annotations_of(new).get(DESIRED) == str(wanted)


def _proportional(deployment: Object, sets: Sequence[Object]) -> Plan:
    wanted = replicas(deployment)
    allowed = wanted + max_surge(deployment) if wanted > 0 else 0
    change = allowed - total(sets)
    newest = list(reversed(oldest_first(sets)))
    ordered = sorted(newest if change > 0 else oldest_first(sets), key=replicas, reverse=True)
    sizes: Plan = {}
    spent = 0
    for each in ordered:
        share = _share(deployment, each, change, spent)
        sizes[name(each)] = replicas(each) + share
        spent += share
    if ordered and change:
        first = name(ordered[0])
        sizes[first] = max(0, sizes[first] + change - spent)
    return {name(each): sizes[name(each)] for each in ordered if sizes[name(each)] != replicas(each)}


def _share(deployment: Object, replica_set: Object, change: int, spent: int) -> int:
    """The part of `change` that falls to one set, by its size when it was last sized."""
    if change == 0 or change == spent:
        return 0
    left, size = change - spent, replicas(replica_set)
    if replicas(deployment) == 0:
        return max(-size, left)
    largest = replicas(deployment) + max_surge(deployment)
    before = int(annotations_of(replica_set).get(MAXIMUM) or status_count(deployment, "replicas") or largest)
    share = floor(size * largest / before + 0.5) - size
    return min(share, left) if change > 0 else max(share, left)


def old_pods_run(pods: Sequence[Object], new: Object | None) -> bool:
    """Whether a pod of an earlier revision has not ended yet; Recreate waits for that."""
    newest = new["metadata"]["uid"] if new is not None else None
    for pod in pods:
        owners = {each["uid"] for each in pod["metadata"].get("ownerReferences") or ()}
        if newest not in owners and not is_finished(pod):
            return True
    return False
