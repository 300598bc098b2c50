"""The kinds of objects that an MCPServer stands for, and whose they are. Pure.

Role: one table of child resources for watching, applying and pruning, and the rules of ownership. Called by its
neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from mcp_operator.api import names
from mcp_operator.runtime.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    NETWORKPOLICIES,
    SERVICEACCOUNTS,
    SERVICES,
    Resource,
)

Object = dict[str, Any]

CHILDREN: tuple[Resource, ...] = (SERVICEACCOUNTS, CONFIGMAPS, NETWORKPOLICIES, SERVICES, DEPLOYMENTS)
SELECTOR = f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY}"
_BY_KIND = {resource.kind: resource for resource in CHILDREN}


class Ownership(Enum):
    OURS = "ours"
    ORPHAN = "orphan"
    """Bears our labels and has no owner: left by an MCPServer of this name, and taken in again."""
    LEAVING = "leaving"
    """Belonged to an earlier MCPServer of this name, or is being deleted: it has to go first."""
    FOREIGN = "foreign"


def resource_of(obj: Object) -> Resource:
    return _BY_KIND[obj["kind"]]


def controller_of(obj: Object) -> Object | None:
    references = obj["metadata"].get("ownerReferences") or ()
    return next((reference for reference in references if reference.get("controller")), None)


def ownership(live: Object, server: Object) -> Ownership:
    """Whose a live object of a child's name is."""
    metadata, owner = live["metadata"], controller_of(live)
    if owner is not None and owner["uid"] == server["metadata"]["uid"]:
        return Ownership.LEAVING if metadata.get("deletionTimestamp") else Ownership.OURS
    if owner is not None:
        same_name = owner.get("kind") == names.KIND_SERVER and owner.get("name") == server["metadata"]["name"]
        return Ownership.LEAVING if same_name else Ownership.FOREIGN
    if not _bears_labels(metadata.get("labels") or {}, server["metadata"]["name"]):
        return Ownership.FOREIGN
    return Ownership.LEAVING if metadata.get("deletionTimestamp") else Ownership.ORPHAN


def owned(objects: Iterable[Object], server: Object) -> list[Object]:
    """Those whose controller is this very MCPServer."""
    uid = server["metadata"]["uid"]
    return [obj for obj in objects if (controller_of(obj) or {}).get("uid") == uid]


def server_key(obj: Object) -> tuple[str, str] | None:
    """The namespace and name of the MCPServer that a child or pod belongs to, by owner or label."""
    namespace = obj["metadata"].get("namespace") or ""
    owner = controller_of(obj)
    if owner is not None and owner.get("kind") == names.KIND_SERVER:
        return namespace, owner["name"]
    instance = (obj["metadata"].get("labels") or {}).get(names.LABEL_INSTANCE)
    return (namespace, instance) if instance else None


def _bears_labels(labels: dict[str, str], name: str) -> bool:
    return labels.get(names.LABEL_MANAGED_BY) == names.MANAGED_BY and labels.get(names.LABEL_INSTANCE) == name


def spell(obj: Object) -> str:
    return f"{obj['kind']} {obj['metadata']['name']}"
