"""Removes pods that nobody will remove: of nodes that are gone, and deleted ones that never had a node.

Role: reads caches, deletes. A node is given some time to come back. Called by `manager`.
"""

from __future__ import annotations

import time

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import NotFound
from mcp_operator.runtime.resources import NODES, PODS, Key, key_of

from mcp_cli.local.controllers.context import Context, enqueue_itself
from mcp_cli.local.controllers.objects import Object, is_deleting, is_finished, name, namespace, now, uid

QUARANTINE_SECONDS = 40.0


class PodGarbage:
    """One instance; its keys are pods."""

    def __init__(self, context: Context) -> None:
        self._client = context.client
        self._pods = context.informer(PODS)
        self._nodes = context.informer(NODES)
        self._missing: dict[str, float] = {}
        self._controller = context.controller("pod-garbage-collector", self.reconcile, workers=1)
        enqueue_itself(self._pods, self._controller)
        self._nodes.add_handler(self._node_changed)

    def _node_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        if type_ == "MODIFIED":
            return
        for pod in self._pods.list():
            self._controller.enqueue(key_of(pod))

    async def reconcile(self, key: Key) -> Result | None:
        pod = self._pods.get(*key)
        if pod is None:
            return None
        node = pod["spec"].get("nodeName")
        if not node:
            if is_deleting(pod):
                await self._delete(pod)
            return None
        if self._nodes.get("", node) is not None:
            self._missing.pop(node, None)
            return None
        since = self._missing.setdefault(node, time.monotonic())
        left = QUARANTINE_SECONDS - (time.monotonic() - since)
        if left > 0:
            return Result(requeue_after=left)
        await self._fail_and_delete(pod)
        return None

    async def _fail_and_delete(self, pod: Object) -> None:
        if not is_finished(pod):
            words = "PodGC: node no longer exists"
            disrupted = {
                "type": "DisruptionTarget",
                "status": "True",
                "reason": "DeletionByPodGC",
                "message": words,
                "lastTransitionTime": now(),
            }
            change = {"status": {"phase": "Failed", "conditions": [disrupted]}}
            try:
                await self._client.patch(
                    PODS, name(pod), change, namespace(pod), type="strategic", subresource="status"
                )
            except NotFound:
                return
        await self._delete(pod)

    async def _delete(self, pod: Object) -> None:
        try:
            await self._client.delete(PODS, name(pod), namespace(pod), uid=uid(pod), grace_period=0)
        except NotFound:
            return
