"""The DaemonSet controller: one pod on every node that fits.

Role: reads caches, writes pods and status. Decisions are in `daemonset_plan`. Called by `manager`.
"""

from __future__ import annotations

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.resources import DAEMONSETS, NODES, PODS, Key, key_of

from mcp_cli.local.controllers.claims import Claims
from mcp_cli.local.controllers.context import Context, enqueue_itself
from mcp_cli.local.controllers.daemonset_plan import eligible, make_pod, missing, new_status, superfluous
from mcp_cli.local.controllers.objects import Object, is_deleting, labels, name, status
from mcp_cli.local.controllers.pods import PodControl, follow_pods
from mcp_cli.local.controllers.replicaset_plan import next_availability
from mcp_cli.local.controllers.revisions import REVISION_HASH, Revisions

COMPONENT = "daemonset-controller"


class DaemonSetController:
    """One instance for all DaemonSets."""

    def __init__(self, context: Context) -> None:
        self._client = context.client
        self._sets = context.informer(DAEMONSETS)
        self._nodes = context.informer(NODES)
        pods = context.informer(PODS, "controller", "orphans")
        self._pods = PodControl(context.client, context.recorder(COMPONENT))
        self._claims = Claims(context.client, DAEMONSETS, pods)
        self._revisions = Revisions(context, DAEMONSETS)
        self._controller = context.controller(COMPONENT, self.reconcile)
        enqueue_itself(self._sets, self._controller)
        follow_pods(pods, "DaemonSet", self._controller, self._pods.expectations)
        self._nodes.add_handler(self._node_changed)

    def _node_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        if old is not None and new is not None and _face(old) == _face(new):
            return
        for owner in self._sets.list():
            self._controller.enqueue(key_of(owner))

    async def reconcile(self, key: Key) -> Result | None:
        owner = self._sets.get(*key)
        if owner is None:
            self._pods.expectations.forget(key)
            return None
        if is_deleting(owner) or not self._pods.expectations.satisfied(key):
            return None
        pods = await self._claims.of(owner)
        current = await self._revisions.current(owner)
        revision = labels(current)[REVISION_HASH]
        wanted = eligible(owner, self._nodes.list())
        fresh = new_status(owner, wanted, pods, revision)
        if fresh != {field: value for field, value in status(owner).items() if field != "conditions"}:
            await self._client.replace(DAEMONSETS, {**owner, "status": fresh}, subresource="status")
        gone = await self._pods.delete(owner, superfluous(owner, wanted, pods, revision))
        made = await self._pods.create(owner, [make_pod(owner, node, revision) for node in missing(wanted, pods)])
        for error in filter(None, (gone, made)):
            raise error
        await self._revisions.clean_up(owner, {name(current)})
        return Result(requeue_after=next_availability(owner, pods))


def _face(node: Object) -> tuple[object, ...]:
    return labels(node), node["spec"].get("taints"), node["spec"].get("unschedulable")
