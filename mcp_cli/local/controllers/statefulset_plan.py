"""What a StatefulSet does next: at most one pod at a time when ordered, all of them when parallel.

Pure: ordinals, identities, the next creations and deletions, the status. Called by `statefulset`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mcp_operator.runtime.resources import STATEFULSETS

from mcp_cli.local.controllers.objects import (
    Object,
    available_in,
    compact,
    is_deleting,
    is_finished,
    is_ready,
    labels,
    name,
    namespace,
    owner_reference,
    pod_from_template,
    replicas,
    status,
)
from mcp_cli.local.controllers.revisions import HASH

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"


@dataclass(slots=True)
class Steps:
    """What to do now."""

    create: list[int] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)


def ordinals(owner: Object) -> range:
    start = int((owner["spec"].get("ordinals") or {}).get("start") or 0)
    return range(start, start + replicas(owner))


def ordinal_of(pod: Object) -> int:
    tail = name(pod).rpartition("-")[2]
    return int(tail) if tail.isdigit() else -1


def plan(owner: Object, pods: Sequence[Object], revision: str) -> Steps:
    """The next steps towards `spec.replicas` pods of this revision."""
    ordered = owner["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    by_ordinal = {ordinal_of(pod): pod for pod in pods}
    steps = Steps()
    for ordinal in ordinals(owner):
        pod = by_ordinal.get(ordinal)
        if pod is None:
            steps.create.append(ordinal)
        elif is_finished(pod) and not is_deleting(pod):
            steps.delete.append(pod)
        elif ordered and not _is_healthy(owner, pod):
            return steps
        if ordered and (steps.create or steps.delete):
            return steps
    if steps.create or steps.delete:
        return steps
    steps.delete = _condemned(owner, pods, ordered) or _outdated(owner, pods, revision)
    return steps


def _is_healthy(owner: Object, pod: Object) -> bool:
    return not is_deleting(pod) and available_in(pod, int(owner["spec"].get("minReadySeconds") or 0)) == 0.0


def _condemned(owner: Object, pods: Sequence[Object], ordered: bool) -> list[Object]:
    wanted = ordinals(owner)
    surplus = sorted((pod for pod in pods if ordinal_of(pod) not in wanted), key=ordinal_of, reverse=True)
    if not ordered:
        return [pod for pod in surplus if not is_deleting(pod)]
    return [] if any(is_deleting(pod) for pod in surplus) else surplus[:1]


def _outdated(owner: Object, pods: Sequence[Object], revision: str) -> list[Object]:
    """The highest pod of an earlier revision, when all above it are well again."""
    strategy = owner["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return []
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    for pod in sorted(pods, key=ordinal_of, reverse=True):
        if ordinal_of(pod) < ordinals(owner).start + partition or is_deleting(pod):
            return []
        if labels(pod).get(HASH) != revision:
            return [pod]
        if not _is_healthy(owner, pod):
            return []
    return []


def make_pod(owner: Object, ordinal: int, revision: str) -> Object:
    """The pod of one ordinal, with its stable name and its own volumes."""
    pod_name = f"{name(owner)}-{ordinal}"
    pod = pod_from_template(owner["spec"]["template"], owner, STATEFULSETS)
    identity = {HASH: revision, POD_NAME: pod_name, POD_INDEX: str(ordinal)}
    pod["metadata"] = {
        **pod["metadata"],
        "name": pod_name,
        "labels": {**pod["metadata"].get("labels", {}), **identity},
    }
    spec = {**pod["spec"], "hostname": pod_name, "subdomain": owner["spec"].get("serviceName") or ""}
    claims = {
        name(each): {"name": name(each), "persistentVolumeClaim": {"claimName": f"{name(each)}-{pod_name}"}}
        for each in owner["spec"].get("volumeClaimTemplates") or ()
    }
    if claims:
        kept = [each for each in spec.get("volumes") or () if each["name"] not in claims]
        spec["volumes"] = [*kept, *claims.values()]
    return {**pod, "spec": spec}


def claims_of(owner: Object, ordinal: int) -> list[Object]:
    """The volume claims of one ordinal; they outlive the pod."""
    found = []
    for each in owner["spec"].get("volumeClaimTemplates") or ():
        metadata = {
            "name": f"{name(each)}-{name(owner)}-{ordinal}",
            "namespace": namespace(owner),
            "labels": {**labels(each), **((owner["spec"]["selector"] or {}).get("matchLabels") or {})},
        }
        policy = owner["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
        if policy.get("whenDeleted") == "Delete":
            metadata["ownerReferences"] = [owner_reference(owner, STATEFULSETS)]
        body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": each["spec"]}
        found.append(body)
    return found


def new_status(owner: Object, pods: Sequence[Object], revision: str) -> Object:
    """Counts; the update revision becomes the current one when every pod has it and is ready."""
    min_ready = int(owner["spec"].get("minReadySeconds") or 0)
    alive = [pod for pod in pods if not is_finished(pod)]
    updated = [pod for pod in alive if labels(pod).get(HASH) == revision and not is_deleting(pod)]
    current = status(owner).get("currentRevision") or revision
    ready = sum(is_ready(pod) for pod in alive)
    if len(updated) == len(alive) == ready == replicas(owner):
        current = revision
    on_current = [pod for pod in alive if labels(pod).get(HASH) == current and not is_deleting(pod)]
    return {
        "replicas": len(alive),
        "availableReplicas": sum(available_in(pod, min_ready) == 0.0 for pod in alive),
        "collisionCount": 0,
        **compact(
            {
                "readyReplicas": ready,
                "currentReplicas": len(on_current),
                "updatedReplicas": len(updated),
                "observedGeneration": owner["metadata"].get("generation"),
                "currentRevision": current,
                "updateRevision": revision,
            }
        ),
    }
