"""Which children belong to an owner: it adopts what its selector wants and nobody owns, and lets go of the rest.

Role: the controller reference is what counts; labels only say who may take it. Called by the Deployment, ReplicaSet,
StatefulSet and DaemonSet controllers.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import Invalid, NotFound
from mcp_operator.runtime.informer import Informer
from mcp_operator.runtime.resources import Resource

from mcp_cli.local.controllers.objects import Object, controller_of, is_deleting, labels, name, namespace, uid
from mcp_cli.local.controllers.objects import owner_reference as reference_to
from mcp_cli.local.controllers.selectors import matches


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims children of one resource for owners of another; the informer has the indexes `controller`, `orphans`."""

    client: KubeClient
    owners: Resource
    children: Informer

    async def of(self, owner: Object) -> list[Object]:
        """The children of `owner` after adopting and releasing."""
        selector = owner["spec"].get("selector")
        claimed = []
        for child in self.children.by_index("controller", uid(owner)):
            if matches(selector, labels(child)) or is_deleting(owner):
                claimed.append(child)
            else:
                await self._release(child, owner)
        if not is_deleting(owner):
            claimed += await self._adopt_all(owner, selector)
        return claimed

    async def _adopt_all(self, owner: Object, selector: Object | None) -> list[Object]:
        wanted = [
            child
            for child in self.children.by_index("orphans", namespace(owner))
            if not is_deleting(child) and matches(selector, labels(child))
        ]
        if not wanted or not await self._still_there(owner):
            return []
        adopted = [await self._adopt(child, owner) for child in wanted]
        return [child for child in adopted if child is not None]

    async def _still_there(self, owner: Object) -> bool:
        """A cache may not know yet that the owner is gone, and then a child would be adopted into its grave."""
        try:
            live = await self.client.get(self.owners, name(owner), namespace(owner))
        except NotFound:
            return False
        return uid(live) == uid(owner) and not is_deleting(live)

    async def _adopt(self, child: Object, owner: Object) -> Object | None:
        references = [*(child["metadata"].get("ownerReferences") or ()), reference_to(owner, self.owners)]
        return await self._write(child, references)

    async def _release(self, child: Object, owner: Object) -> None:
        references = [each for each in child["metadata"]["ownerReferences"] if each["uid"] != uid(owner)]
        await self._write(child, references)

    async def _write(self, child: Object, references: list[Object]) -> Object | None:
        metadata = {"uid": uid(child), "resourceVersion": child["metadata"]["resourceVersion"]}
        change = {"metadata": {**metadata, "ownerReferences": references or None}}
        try:
            return await self.client.patch(self.children.resource, name(child), change, namespace(child))
        except (NotFound, Invalid):
            return None  # It is gone, or another one of this name is there now.


def owner_key(child: Object, kind: str) -> tuple[str, str] | None:
    """The key of the controller of this kind that a child names."""
    reference = controller_of(child)
    if reference is None or reference["kind"] != kind:
        return None
    return namespace(child), str(reference["name"])
