"""Nodes: one that is not ready carries the taint that keeps pods away, and one whose agent is silent is not ready.

Role: reads caches, writes taints and the Ready condition; wakes when the next heartbeat is overdue.
Called by `manager`.
"""

from __future__ import annotations

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import NotFound
from mcp_operator.runtime.resources import LEASES, NODES, Key

from mcp_cli.local.controllers.context import Context, enqueue_itself
from mcp_cli.local.controllers.objects import (
    Object,
    condition,
    condition_is_true,
    is_deleting,
    name,
    now,
    seconds_since,
)
from mcp_cli.local.controllers.objects import status as status_of
from mcp_cli.local.controllers.scheduler_plan import NOT_READY

LEASE_NAMESPACE = "kube-node-lease"
GRACE_SECONDS = 40.0


class NodeController:
    """One instance for all nodes."""

    def __init__(self, context: Context) -> None:
        self._client = context.client
        self._recorder = context.recorder("node-controller")
        self._nodes = context.informer(NODES)
        self._controller = context.controller("node-controller", self.reconcile, workers=1)
        enqueue_itself(self._nodes, self._controller)

    async def reconcile(self, key: Key) -> Result | None:
        node = self._nodes.get(*key)
        if node is None or is_deleting(node):
            return None
        wait = await self._check_heartbeat(node)
        ready = condition_is_true(status_of(node), "Ready") and wait is not None
        await self._taint(node, ready)
        return Result(requeue_after=wait)

    async def _check_heartbeat(self, node: Object) -> float | None:
        """Seconds until the agent counts as silent; None when it does, or never was there."""
        if not condition_is_true(status_of(node), "Ready"):
            return None
        try:
            lease = await self._client.get(LEASES, name(node), LEASE_NAMESPACE)
        except NotFound:
            return GRACE_SECONDS  # No lease: the node speaks through its status alone.
        left = GRACE_SECONDS - seconds_since((lease.get("spec") or {}).get("renewTime"))
        if left > 0:
            return left
        await self._give_up(node)
        return None

    async def _give_up(self, node: Object) -> None:
        before = condition(status_of(node), "Ready") or {}
        silent = {
            **before,
            "status": "Unknown",
            "reason": "NodeStatusUnknown",
            "message": "Kubelet stopped posting node status.",
            "lastTransitionTime": now(),
        }
        # With the version that was looked at: the agent may have spoken since, and its word counts.
        version = {"resourceVersion": node["metadata"]["resourceVersion"]}
        change = {"metadata": version, "status": {"conditions": [silent]}}
        await self._client.patch(NODES, name(node), change, type="strategic", subresource="status")
        self._recorder.normal(node, "NodeNotReady", f"Node {name(node)} status is now: NodeNotReady")

    async def _taint(self, node: Object, ready: bool) -> None:
        taints: list[Object] = node["spec"].get("taints") or []
        tainted = any(each["key"] == NOT_READY and each["effect"] == "NoSchedule" for each in taints)
        if tainted != ready:
            return
        kept = [each for each in taints if each["key"] != NOT_READY]
        fresh = kept if ready else [*kept, {"key": NOT_READY, "effect": "NoSchedule"}]
        version = {"resourceVersion": node["metadata"]["resourceVersion"]}
        await self._client.patch(NODES, name(node), {"metadata": version, "spec": {"taints": fresh or None}})
