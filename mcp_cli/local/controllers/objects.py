"""Small readers of Kubernetes objects that every controller needs.

Pure: plain dicts in, values out, nothing is changed. Called by the controllers and their planners.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from mcp_operator.runtime.resources import Resource

Object = dict[str, Any]


def now() -> str:
    """A `metav1.Time` of this moment."""
    return spell_time(datetime.now(UTC))


def spell_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def seconds_since(text: str | None, moment: datetime | None = None) -> float:
    """How long ago a timestamp was; nothing was an infinitely short time ago."""
    then = parse_time(text)
    return ((moment or datetime.now(UTC)) - then).total_seconds() if then else 0.0


def uid(obj: Object) -> str:
    return str(obj["metadata"]["uid"])


def name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


def namespace(obj: Object) -> str:
    return str(obj["metadata"].get("namespace") or "")


def labels(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def is_deleting(obj: Object) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def replicas(obj: Object) -> int:
    """`spec.replicas`, one where it is not set."""
    value = obj["spec"].get("replicas")
    return 1 if value is None else int(value)


def status(obj: Object) -> Object:
    return obj.get("status") or {}


def status_count(obj: Object, field: str) -> int:
    return int(status(obj).get(field) or 0)


def controller_of(obj: Object) -> Object | None:
    """The owner reference that manages the object."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return dict(reference)
    return None


def controlled_by(obj: Object, owner: Object) -> bool:
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == uid(owner)


def owner_reference(owner: Object, resource: Resource) -> Object:
    """The reference that makes `owner` the controller of what carries it."""
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": name(owner),
        "uid": uid(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition(obj_status: Object, type_: str) -> Object | None:
    for each in obj_status.get("conditions") or ():
        if each["type"] == type_:
            return dict(each)
    return None


def condition_is_true(obj_status: Object, type_: str) -> bool:
    found = condition(obj_status, type_)
    return found is not None and found.get("status") == "True"


def compact(fields: Object) -> Object:
    """Without what the API leaves out: zeros, empty lists and maps, nothing."""
    return {key: value for key, value in fields.items() if value not in (None, 0, "", [], {}) or value is False}


# --- pods --------------------------------------------------------------------------------------------------------


def is_finished(pod: Object) -> bool:
    return status(pod).get("phase") in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    return not is_finished(pod) and not is_deleting(pod)


def is_ready(pod: Object) -> bool:
    return condition_is_true(status(pod), "Ready")


def available_in(pod: Object, min_ready_seconds: int, moment: datetime | None = None) -> float | None:
    """Seconds until a ready pod counts as available (0 when it does), None for a pod that is not ready."""
    ready = condition(status(pod), "Ready")
    if ready is None or ready.get("status") != "True":
        return None
    if not min_ready_seconds or not ready.get("lastTransitionTime"):
        return 0.0
    return max(0.0, min_ready_seconds - seconds_since(ready["lastTransitionTime"], moment))


def pod_from_template(template: Object, owner: Object, resource: Resource, prefix: str | None = None) -> Object:
    """The pod that a controller makes of its template, named `<owner>-<random>`."""
    metadata = {
        **{key: template.get("metadata", {}).get(key) for key in ("labels", "annotations", "finalizers")},
        "generateName": prefix or f"{name(owner)}-",
        "namespace": namespace(owner),
        "ownerReferences": [owner_reference(owner, resource)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": compact(metadata), "spec": template["spec"]}


# --- indexes -----------------------------------------------------------------------------------------------------


def by_controller(obj: Object) -> Iterable[str]:
    reference = controller_of(obj)
    return (reference["uid"],) if reference else ()


def by_namespace(obj: Object) -> Iterable[str]:
    return (namespace(obj),)


def orphans_by_namespace(obj: Object) -> Iterable[str]:
    return () if controller_of(obj) else (namespace(obj),)


Index = Callable[[Object], Iterable[str]]
INDEXES: dict[str, Index] = {
    "controller": by_controller,
    "namespace": by_namespace,
    "orphans": orphans_by_namespace,
}
