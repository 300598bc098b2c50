"""Who owns whom: the graph behind garbage collection, and what should happen to one object in it.

Pure: a dictionary fed by watch events, and a decision. Called by `garbage`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from mcp_operator.runtime.resources import Resource

from mcp_cli.local.controllers.objects import Object, is_deleting, name, namespace, uid

Propagation = Literal["Background", "Foreground", "Orphan"]

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


@dataclass(slots=True)
class Node:
    """What the collector remembers of an object."""

    resource: Resource
    namespace: str
    name: str
    uid: str
    owners: list[Object] = field(default_factory=list)
    deleting: bool = False
    finalizers: tuple[str, ...] = ()

    @property
    def waits_for_dependents(self) -> bool:
        return self.deleting and FOREGROUND in self.finalizers

    @property
    def orphans_dependents(self) -> bool:
        return self.deleting and ORPHAN in self.finalizers

    def blocks(self, owner_uid: str) -> bool:
        """Whether the owner's foreground deletion waits for this object."""
        return any(each["uid"] == owner_uid and each.get("blockOwnerDeletion") for each in self.owners)


def node_of(resource: Resource, obj: Object) -> Node:
    metadata = obj["metadata"]
    return Node(
        resource,
        namespace(obj),
        name(obj),
        uid(obj),
        list(metadata.get("ownerReferences") or ()),
        is_deleting(obj),
        tuple(metadata.get("finalizers") or ()),
    )


class Graph:
    """Every object that was seen, by uid, and the dependents of each owner."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._dependents: dict[str, set[str]] = {}

    def put(self, node: Node) -> Node | None:
        """Remembers the object; returns what it was before."""
        before = self.nodes.get(node.uid)
        if before is not None:
            self._unlink(before)
        self.nodes[node.uid] = node
        for owner in node.owners:
            self._dependents.setdefault(owner["uid"], set()).add(node.uid)
        return before

    def drop(self, uid: str) -> Node | None:
        node = self.nodes.pop(uid, None)
        if node is not None:
            self._unlink(node)
        return node

    def dependents(self, uid: str) -> list[Node]:
        return [self.nodes[each] for each in self._dependents.get(uid, ()) if each in self.nodes]

    def _unlink(self, node: Node) -> None:
        for owner in node.owners:
            uids = self._dependents.get(owner["uid"])
            if uids is not None:
                uids.discard(node.uid)
                if not uids:
                    del self._dependents[owner["uid"]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with an object: delete it, drop some of its owner references, or leave it."""

    delete: Propagation | None = None
    """The propagation policy of its deletion."""
    keep: tuple[str, ...] | None = None
    """The uids of the owners that stay."""


LEAVE = Verdict()


def judge(node: Node, absent: Iterable[str], waiting: Iterable[str], has_dependents: bool) -> Verdict:
    """The rules of Kubernetes: one living owner saves an object, and dead ones are then forgotten.

    `absent` are the owners that do not exist, `waiting` those whose foreground deletion waits for this object.
    """
    gone, halted = set(absent), set(waiting)
    solid = [each["uid"] for each in node.owners if each["uid"] not in gone | halted]
    if not node.owners or (solid and not gone and not halted):
        return LEAVE
    if solid:
        return Verdict(keep=tuple(solid))
    if halted and has_dependents:
        return Verdict(delete="Foreground")
    if ORPHAN in node.finalizers:
        return Verdict(delete="Orphan")
    return Verdict(delete="Foreground" if FOREGROUND in node.finalizers else "Background")
