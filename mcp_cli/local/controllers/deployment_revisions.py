"""Which ReplicaSet carries which revision of a Deployment, and the annotations that say so.

Pure. Called by `deployment`.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcp_operator.runtime.resources import DEPLOYMENTS

from mcp_cli.local.controllers.deployment_plan import (
    DESIRED,
    MAXIMUM,
    max_surge,
    oldest_first,
    size_of_new,
)
from mcp_cli.local.controllers.objects import (
    Object,
    annotations_of,
    is_deleting,
    name,
    namespace,
    owner_reference,
    replicas,
    status_count,
)
from mcp_cli.local.controllers.template_hash import HASH_LABEL, same_template, template_hash, with_hash

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
HISTORY_LENGTH = 2000
NOT_COPIED = {
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    REVISION,
    HISTORY,
    DESIRED,
    MAXIMUM,
}


def find_new(deployment: Object, sets: Sequence[Object]) -> Object | None:
    """The set whose template is the Deployment's; the oldest, should there be several."""
    template = deployment["spec"]["template"]
    for each in oldest_first(sets):
        if same_template(each["spec"]["template"], template):
            return each
    return None


def revision(obj: Object) -> int:
    try:
        return int(annotations_of(obj).get(REVISION, "0"))
    except ValueError:
        return 0


def next_revision(old: Sequence[Object]) -> int:
    return max((revision(each) for each in old), default=0) + 1


def size_annotations(deployment: Object) -> dict[str, str]:
    wanted = replicas(deployment)
    return {DESIRED: str(wanted), MAXIMUM: str(wanted + max_surge(deployment))}


def copied_annotations(deployment: Object) -> dict[str, str]:
    return {key: value for key, value in annotations_of(deployment).items() if key not in NOT_COPIED}


def changed_annotations(deployment: Object, new: Object, number: int) -> dict[str, str]:
    """What must change on a set that exists already: it may become the newest again (a rollback)."""
    wanted = copied_annotations(deployment)
    before = revision(new)
    if before < number:
        wanted[REVISION] = str(number)
        if before:
            history = [*filter(None, annotations_of(new).get(HISTORY, "").split(",")), str(before)]
            while len(",".join(history)) > HISTORY_LENGTH:
                history.pop(0)
            wanted[HISTORY] = ",".join(history)
    have = annotations_of(new)
    return {key: value for key, value in wanted.items() if have.get(key) != value}


def new_replica_set(deployment: Object, old: Sequence[Object]) -> Object:
    """The set for the Deployment's present template, at the size it may have at once."""
    spec = deployment["spec"]
    value = template_hash(spec["template"], status_count(deployment, "collisionCount"))
    template = with_hash(spec["template"], value)
    selector = dict(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH_LABEL: value}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name(deployment)}-{value}",
            "namespace": namespace(deployment),
            "labels": template["metadata"]["labels"],
            "annotations": {
                **copied_annotations(deployment),
                REVISION: str(next_revision(old)),
                **size_annotations(deployment),
            },
            "ownerReferences": [owner_reference(deployment, DEPLOYMENTS)],
        },
        "spec": {
            "replicas": size_of_new(deployment, old, 0),
            "minReadySeconds": int(spec.get("minReadySeconds") or 0),
            "selector": selector,
            "template": template,
        },
    }


def expendable(deployment: Object, old: Sequence[Object]) -> list[Object]:
    """The old sets beyond the history limit that have no pods any more, lowest revision first."""
    limit = deployment["spec"].get("revisionHistoryLimit")
    kept = [each for each in old if not is_deleting(each)]
    if limit is None or len(kept) <= limit:
        return []
    first = sorted(kept, key=revision)[: len(kept) - int(limit)]
    return [each for each in first if _is_empty(each)]


def _is_empty(replica_set: Object) -> bool:
    seen = status_count(replica_set, "observedGeneration") >= int(replica_set["metadata"].get("generation") or 0)
    return seen and replicas(replica_set) == 0 and status_count(replica_set, "replicas") == 0
