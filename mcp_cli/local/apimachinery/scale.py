"""The scale subresource: an object seen as its number of replicas.

Role: pure. Built-in workloads by their known fields, CRDs by the paths that they declare. Called by the API server.
"""

from __future__ import annotations

import copy
from typing import Any

from mcp_cli.local.apimachinery import errors, selectors
from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery.models import Model

SPEC_REPLICAS = ".spec.replicas"
STATUS_REPLICAS = ".status.replicas"


def read(model: Model, obj: dict[str, Any]) -> dict[str, Any]:
    """autoscaling/v1 Scale."""
    paths = model.scale or {}
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = _at(obj, paths.get("specReplicasPath", SPEC_REPLICAS))
    status: dict[str, Any] = {"replicas": _at(obj, paths.get("statusReplicasPath", STATUS_REPLICAS)) or 0}
    selector = _selector(model, obj)
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def _selector(model: Model, obj: dict[str, Any]) -> str:
    if model.scale is not None:
        path = model.scale.get("labelSelectorPath")
        return str(_at(obj, path) or "") if path else ""
    selector = (obj.get("spec") or {}).get("selector")
    if model.kind == "ReplicationController":
        return str(selectors.from_map(selector))
    return str(selectors.from_object(selector))


def write(model: Model, obj: dict[str, Any], scale: dict[str, Any]) -> dict[str, Any]:
    """A copy with the replicas of `scale`; raises 422 for a negative number, 409 for another version."""
    replicas = (scale.get("spec") or {}).get("replicas") or 0
    name = obj["metadata"].get("name", "")
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        raise errors.bad_request(
            'Scale in version "v1" cannot be handled as a Scale: spec.replicas must be a whole number'
        )
    if replicas < 0:
        cause = wrong.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid("autoscaling", "Scale", name, [cause])
    version = (scale.get("metadata") or {}).get("resourceVersion")
    if version and version != obj["metadata"].get("resourceVersion"):
        raise errors.conflict(model.group, model.plural, name)
    out = copy.deepcopy(obj)
    *parents, last = _parts((model.scale or {}).get("specReplicasPath", SPEC_REPLICAS))
    place = out
    for part in parents:
        place = place.setdefault(part, {})
    place[last] = replicas
    return out


def _parts(path: str) -> list[str]:
    return [part for part in path.split(".") if part]


def _at(obj: dict[str, Any], path: str) -> Any:
    place: Any = obj
    for part in _parts(path):
        place = place.get(part) if isinstance(place, dict) else None
    return place
