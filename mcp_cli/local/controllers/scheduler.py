"""The scheduler: binds each pending pod to a node, or says why it cannot.

Role: reads caches, writes bindings, the PodScheduled condition and events. The choice is made in `scheduler_plan`.
Called by `manager`.
"""

from __future__ import annotations

from typing import Any

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import Conflict, NotFound
from mcp_operator.runtime.resources import NODES, PODS, Key, key_of

from mcp_cli.local.controllers.context import Context
from mcp_cli.local.controllers.objects import (
    Object,
    condition,
    is_deleting,
    is_finished,
    name,
    namespace,
    now,
    status,
)
from mcp_cli.local.controllers.scheduler_plan import choose

SCHEDULER = "default-scheduler"


class Scheduler:
    """One worker: two pods must not be promised the same room."""

    def __init__(self, context: Context) -> None:
        self._client = context.client
        self._recorder = context.recorder(SCHEDULER)
        self._pods = context.informer(PODS)
        self._pods.add_index("node", lambda pod: [pod["spec"]["nodeName"]] if pod["spec"].get("nodeName") else [])
        self._pods.add_index("waiting", lambda pod: ["yes"] if waits(pod) else [])
        self._nodes = context.informer(NODES)
        self._assumed: dict[Key, tuple[str, str]] = {}
        """Pods that were bound and whose binding the cache does not show yet: uid and node."""
        self._controller = context.controller("scheduler", self.reconcile, workers=1)
        self._pods.add_handler(self._pod_changed)
        self._nodes.add_handler(self._node_changed)

    def _pod_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        if new is not None and waits(new):
            self._controller.enqueue(key_of(new))
            return
        pod = new if new is not None else old
        assert pod is not None
        self._assumed.pop(key_of(pod), None)
        if new is None or (old is not None and is_finished(new) and not is_finished(old)):
            self._retry_waiting()  # Room has become free.

    def _node_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        if new is not None and (old is None or _face(old) != _face(new)):
            self._retry_waiting()

    def _retry_waiting(self) -> None:
        for pod in self._pods.by_index("waiting", "yes"):
            self._controller.enqueue(key_of(pod))

    async def reconcile(self, key: Key) -> Result | None:
        pod = self._pods.get(*key)
        if pod is None or not waits(pod) or self._is_assumed(pod):
            return None
        nodes = self._nodes.list()
        node, words = choose(pod, nodes, {name(each): self._residents(name(each)) for each in nodes})
        if node is None:
            await self._say_unschedulable(pod, words)
        else:
            await self._bind(pod, node)
        return None

    def _residents(self, node: str) -> list[Object]:
        assumed = [self._pods.get(*key) for key, (_, home) in self._assumed.items() if home == node]
        return [*self._pods.by_index("node", node), *(pod for pod in assumed if pod is not None)]

    def _is_assumed(self, pod: Object) -> bool:
        return self._assumed.get(key_of(pod), ("", ""))[0] == pod["metadata"]["uid"]

    async def _bind(self, pod: Object, node: str) -> None:
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name(pod), "namespace": namespace(pod), "uid": pod["metadata"]["uid"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        key = key_of(pod)
        self._assumed[key] = (pod["metadata"]["uid"], node)
        try:
            await self._client.request("POST", PODS.path(namespace(pod), name(pod), "binding"), body=body)
        except (NotFound, Conflict):
            self._assumed.pop(key, None)  # Deleted, or bound by someone else: its next event tells.
            return
        except BaseException:
            self._assumed.pop(key, None)
            raise
        message = f"Successfully assigned {namespace(pod)}/{name(pod)} to {node}"
        self._recorder.normal(pod, "Scheduled", message)

    async def _say_unschedulable(self, pod: Object, words: str) -> None:
        before = condition(status(pod), "PodScheduled")
        if before is not None and (before.get("reason"), before.get("message")) == ("Unschedulable", words):
            return
        self._recorder.warning(pod, "FailedScheduling", words)
        fresh = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": words,
            "lastTransitionTime": (before or {}).get("lastTransitionTime") or now(),
            "observedGeneration": pod["metadata"].get("generation"),
        }
        await self._client.patch(
            PODS, name(pod), {"status": {"conditions": [fresh]}}, namespace(pod), type="strategic", subresource="status"
        )


def waits(pod: Object) -> bool:
    """Not bound, not ended, meant for this scheduler, and held back by no gate."""
    spec = pod["spec"]
    if spec.get("nodeName") or spec.get("schedulingGates") or is_deleting(pod) or is_finished(pod):
        return False
    return spec.get("schedulerName", SCHEDULER) == SCHEDULER


def _face(node: Object) -> tuple[object, ...]:
    """What of a node decides about pods; its heartbeats do not."""
    conditions = [(each["type"], each["status"]) for each in status(node).get("conditions") or ()]
    return (
        node["metadata"].get("labels"),
        node["spec"].get("taints"),
        node["spec"].get("unschedulable"),
        status(node).get("allocatable"),
        conditions,
    )
