"""The garbage collector: deletes what has lost its owners, in the background, the foreground, or not at all (orphan).

Role: watches every served kind, keeps the graph of `ownership`, carries out its verdicts. Before anything is deleted
the owner is asked for by name and its uid compared: a cache that runs behind must not cost an object.
Called by `manager`; the deletion of namespaces uses the list of kinds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import ApiError, NotFound
from mcp_operator.runtime.resources import CRDS, EVENTS, Key, Resource

from mcp_cli.local.controllers import discovery
from mcp_cli.local.controllers.context import Context, on_change
from mcp_cli.local.controllers.objects import Object, name, uid
from mcp_cli.local.controllers.ownership import FOREGROUND, ORPHAN, Graph, Node, judge, node_of
from mcp_cli.local.controllers.watchers import Watchers

IGNORED = {("", "Event"), ("events.k8s.io", "Event")}
DISCOVERY_SECONDS = 1.0

log = logging.getLogger(__name__)


class GarbageCollector:
    """Keys on its queue are ("", uid)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client
        self.graph = Graph()
        self.kinds: dict[tuple[str, str], Resource] = {("", "Event"): EVENTS}
        self.on_gone: Callable[[str], None] = lambda home: None
        """Told the namespace of every object that is gone."""
        self._watchers = Watchers(context)
        self._ready = False
        self._controller = context.controller("garbage-collector", self.reconcile, workers=4)
        self._definitions = context.informer(CRDS)

    async def run(self) -> None:
        """Judges nothing until all is known: an owner that was not listed yet would count as gone."""
        try:
            for resource in await self._discover():
                self._follow(resource)
            await self._watchers.synced()
            self._ready = True
            on_change(self._definitions, self._definition_changed)
            for node in list(self.graph.nodes.values()):
                self._consider(node)
            await asyncio.Event().wait()
        finally:
            await self._watchers.stop()

    async def _discover(self) -> list[Resource]:
        while True:
            try:
                return await discovery.served(self._client)
            except ApiError as error:
                log.warning("cannot ask which kinds there are: %s; trying again", error)
                await asyncio.sleep(DISCOVERY_SECONDS)

    # --- the graph -----------------------------------------------------------------------------------------------

    def _follow(self, resource: Resource) -> None:
        if (resource.group, resource.kind) in self.kinds or (resource.group, resource.kind) in IGNORED:
            return
        self.kinds[resource.group, resource.kind] = resource

        def handler(_type: str, old: Object | None, new: Object | None) -> None:
            if new is not None:
                self._seen(node_of(resource, new))
            elif old is not None:
                self._gone(uid(old))

        self._watchers.follow(resource, handler)

    def _definition_changed(self, definition: Object) -> None:
        """A kind came or went. Its objects are followed as long as its definition is established."""
        live = self._definitions.get("", name(definition))
        resource = discovery.resource_of_crd(live) if live is not None else None
        if resource is not None:
            self._follow(resource)
            return
        spec = definition["spec"]
        known = self.kinds.get((spec["group"], spec["names"]["kind"])) if live is None else None
        if known is None:
            return
        del self.kinds[known.group, known.kind]
        self._watchers.forget(known)
        for node in [each for each in self.graph.nodes.values() if each.resource == known]:
            self._gone(node.uid)

    def _seen(self, node: Node) -> None:
        before = self.graph.put(node)
        if not self._ready:
            return
        if before is not None:
            # Owners that were dropped may have waited for this object.
            for lost in {each["uid"] for each in before.owners} - {each["uid"] for each in node.owners}:
                self._controller.enqueue(("", lost))
        self._consider(node)

    def _consider(self, node: Node) -> None:
        suspect = any(self._is_suspect(node, owner) for owner in node.owners)
        if suspect or node.waits_for_dependents or node.orphans_dependents:
            self._controller.enqueue(("", node.uid))

    def _is_suspect(self, node: Node, owner: Object) -> bool:
        known = self.graph.nodes.get(owner["uid"])
        return known is None or known.waits_for_dependents or not _same_home(known, node)

    def _gone(self, gone_uid: str) -> None:
        dependents = self.graph.dependents(gone_uid)
        node = self.graph.drop(gone_uid)
        if not self._ready or node is None:
            return
        for each in dependents:
            self._controller.enqueue(("", each.uid))
        for owner in node.owners:
            self._controller.enqueue(("", owner["uid"]))
        self.on_gone(node.namespace)

    # --- one object ----------------------------------------------------------------------------------------------

    async def reconcile(self, key: Key) -> Result | None:
        node = self.graph.nodes.get(key[1])
        if node is None:
            return None
        try:
            if node.orphans_dependents:
                await self._orphan_dependents(node)
            elif node.waits_for_dependents:
                await self._wait_for_dependents(node)
            elif not node.deleting:
                await self._judge(node)
        except NotFound:
            return None  # Gone meanwhile, and its DELETED event is on its way.
        return None

    async def _judge(self, node: Node) -> None:
        absent, waiting = [], []
        for owner in node.owners:
            known = self.graph.nodes.get(owner["uid"])
            if known is not None and _same_home(known, node):
                if known.waits_for_dependents and node.blocks(known.uid):
                    waiting.append(known.uid)
            elif await self._is_absent(node, owner):
                absent.append(owner["uid"])
        verdict = judge(node, absent, waiting, bool(self.graph.dependents(node.uid)))
        if verdict.delete:
            await self._client.delete(
                node.resource, node.name, node.namespace, uid=node.uid, propagation=verdict.delete
            )
        elif verdict.keep is not None:
            kept = [each for each in node.owners if each["uid"] in verdict.keep]
            await self._patch(node, {"ownerReferences": kept})

    async def _is_absent(self, node: Node, owner: Object) -> bool:
        """Asks the API server itself. A kind that nobody serves is no proof of absence."""
        group = owner["apiVersion"].rpartition("/")[0]
        resource = self.kinds.get((group, owner["kind"]))
        if resource is None:
            raise UnknownKind(f"{node.name} is owned by a {owner['apiVersion']} {owner['kind']}, which is not served")
        if resource.namespaced and not node.namespace:
            return True
        try:
            live = await self._client.get(resource, owner["name"], node.namespace)
        except NotFound:
            return True
        return uid(live) != owner["uid"]

    async def _wait_for_dependents(self, node: Node) -> None:
        dependents = self.graph.dependents(node.uid)
        if not any(each.blocks(node.uid) for each in dependents):
            await self._drop_finalizer(node, FOREGROUND)
            return
        for each in dependents:
            if not each.deleting:
                self._controller.enqueue(("", each.uid))

    async def _orphan_dependents(self, node: Node) -> None:
        for each in self.graph.dependents(node.uid):
            kept = [owner for owner in each.owners if owner["uid"] != node.uid]
            try:
                await self._patch(each, {"ownerReferences": kept or None})
            except NotFound:
                continue
        await self._drop_finalizer(node, ORPHAN)

    async def _drop_finalizer(self, node: Node, finalizer: str) -> None:
        live = await self._client.get(node.resource, node.name, node.namespace)
        if uid(live) != node.uid:
            return
        kept = [each for each in live["metadata"].get("finalizers") or () if each != finalizer]
        version = live["metadata"]["resourceVersion"]
        await self._patch(node, {"finalizers": kept or None, "resourceVersion": version})

    async def _patch(self, node: Node, metadata: Object) -> None:
        body = {"metadata": {"uid": node.uid, **metadata}}
        await self._client.patch(node.resource, node.name, body, node.namespace)


class UnknownKind(ApiError):
    """An owner of a kind that is not served (yet): looked at again later."""

    def __init__(self, message: str) -> None:
        super().__init__(0, "UnknownKind", message)


def _same_home(owner: Node, dependent: Node) -> bool:
    """Owners live in the dependent's namespace or in none."""
    return not owner.namespace or owner.namespace == dependent.namespace
