"""ControllerRevisions: the history of templates of StatefulSets and DaemonSets.

Role: makes the revision of the present template where it is missing, renumbers it where it is an old one come back, and
clears old ones away. Called by those two controllers.
"""

from __future__ import annotations

from collections.abc import Collection

from mcp_operator.runtime.errors import AlreadyExists, NotFound
from mcp_operator.runtime.resources import CONTROLLERREVISIONS, Resource

from mcp_cli.local.controllers.context import Context
from mcp_cli.local.controllers.objects import Object, name, namespace, owner_reference, status_count, uid
from mcp_cli.local.controllers.template_hash import template_hash

HASH = "controller-revision-hash"
REVISION_HASH = "controller.kubernetes.io/hash"


class Revisions:
    """The revisions of owners of one kind."""

    def __init__(self, context: Context, owners: Resource) -> None:
        self._client = context.client
        self._owners = owners
        self._informer = context.informer(CONTROLLERREVISIONS, "controller")

    async def current(self, owner: Object) -> Object:
        """The revision of the owner's present template, with the highest number."""
        known = self._informer.by_index("controller", uid(owner))
        newest = max((int(each["revision"]) for each in known), default=0)
        data = template_patch(owner)
        for each in known:
            if each.get("data") != data:
                continue
            if int(each["revision"]) == newest:
                return each
            body = {"revision": newest + 1}
            return await self._client.patch(CONTROLLERREVISIONS, name(each), body, namespace(each))
        return await self._create(owner, data, newest + 1)

    async def _create(self, owner: Object, data: Object, number: int) -> Object:
        value = template_hash(data, status_count(owner, "collisionCount"))
        body = {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": f"{name(owner)}-{value}",
                "namespace": namespace(owner),
                "labels": {**(owner["spec"]["template"]["metadata"].get("labels") or {}), REVISION_HASH: value},
                "annotations": owner["metadata"].get("annotations") or {},
                "ownerReferences": [owner_reference(owner, self._owners)],
            },
            "data": data,
            "revision": number,
        }
        try:
            return await self._client.create(CONTROLLERREVISIONS, body)
        except AlreadyExists:
            return await self._client.get(CONTROLLERREVISIONS, name(body), namespace(owner))

    async def clean_up(self, owner: Object, in_use: Collection[str]) -> None:
        """Keeps `revisionHistoryLimit` revisions besides those in use (by name)."""
        limit = int(owner["spec"].get("revisionHistoryLimit", 10))
        known = self._informer.by_index("controller", uid(owner))
        unused = [each for each in known if name(each) not in in_use]
        unused.sort(key=lambda each: int(each["revision"]))
        for each in unused[: max(0, len(unused) - limit)]:
            try:
                await self._client.delete(CONTROLLERREVISIONS, name(each), namespace(each), uid=uid(each))
            except NotFound:
                continue


def template_patch(owner: Object) -> Object:
    """What `kubectl rollout undo` applies to go back to this revision."""
    template = {key: value for key, value in owner["spec"]["template"].items() if key != "metadata"}
    metadata = {
        key: value for key, value in (owner["spec"]["template"].get("metadata") or {}).items() if value is not None
    }
    return {"spec": {"template": {**template, "metadata": metadata, "$patch": "replace"}}}
