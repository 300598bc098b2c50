"""The status of PodDisruptionBudgets: how many pods are healthy, how many must be, how many may go.

Role: reads caches, writes status; evictions are refused by the API server. Called by `manager`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.resources import DEPLOYMENTS, PDBS, PODS, REPLICASETS, STATEFULSETS, Key, key_of

from mcp_cli.local.controllers.claims import owner_key
from mcp_cli.local.controllers.context import Context, enqueue_itself
from mcp_cli.local.controllers.deployment_plan import scaled
from mcp_cli.local.controllers.objects import (
    Object,
    condition,
    is_active,
    is_deleting,
    is_ready,
    labels,
    namespace,
    now,
    replicas,
    status,
)
from mcp_cli.local.controllers.selectors import matches

COMPONENT = "controllermanager"


class DisruptionController:
    """One instance for all budgets."""

    def __init__(self, context: Context) -> None:
        self._client = context.client
        self._recorder = context.recorder(COMPONENT)
        self._budgets = context.informer(PDBS, "namespace")
        self._pods = context.informer(PODS, "namespace")
        self._deployments = context.informer(DEPLOYMENTS, "namespace")
        self._sets = context.informer(REPLICASETS, "namespace")
        self._stateful = context.informer(STATEFULSETS)
        self._controller = context.controller("disruption-controller", self.reconcile, workers=1)
        enqueue_itself(self._budgets, self._controller)
        self._pods.add_handler(self._pod_changed)
        self._deployments.add_handler(self._owner_changed)

    def _pod_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        if old is not None and new is not None and _face(old) == _face(new):
            return
        for pod in filter(None, (old, new)):
            for budget in self._budgets.by_index("namespace", namespace(pod)):
                if matches(budget["spec"].get("selector"), labels(pod)):
                    self._controller.enqueue(key_of(budget))

    def _owner_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        if old is None or new is None or replicas(old) == replicas(new):
            return
        for budget in self._budgets.by_index("namespace", namespace(new)):
            self._controller.enqueue(key_of(budget))

    async def reconcile(self, key: Key) -> Result | None:
        budget = self._budgets.get(*key)
        if budget is None or is_deleting(budget):
            return None
        selector = budget["spec"].get("selector")
        pods = [pod for pod in self._pods.by_index("namespace", key[0]) if matches(selector, labels(pod))]
        if not pods and "observedGeneration" not in status(budget):
            self._recorder.normal(budget, "NoPods", "No matching pods found")
        expected, desired = targets(budget, pods, self._scale_of)
        fresh = new_status(budget, pods, expected, desired)
        if fresh != status(budget):
            await self._client.replace(PDBS, {**budget, "status": fresh}, subresource="status")
        return None

    def _scale_of(self, pod: Object) -> tuple[str, int] | None:
        """The workload that a pod belongs to, and how many pods that asks for."""
        key = owner_key(pod, "StatefulSet")
        found = self._stateful.get(*key) if key else None
        set_key = owner_key(pod, "ReplicaSet")
        if set_key is not None:
            found = self._sets.get(*set_key)
            key = owner_key(found, "Deployment") if found is not None else None
            found = (self._deployments.get(*key) if key else None) or found
        return (found["metadata"]["uid"], replicas(found)) if found is not None else None


def targets(
    budget: Object, pods: Sequence[Object], scale_of: Callable[[Object], tuple[str, int] | None]
) -> tuple[int, int]:
    """How many pods there should be, and how many of them must stay healthy."""
    spec = budget["spec"]
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if isinstance(least, int):
        return len(pods), least
    owners = dict(filter(None, (scale_of(pod) for pod in pods)))
    expected = sum(owners.values())
    if most is not None:
        return expected, max(0, expected - scaled(most, expected, up=True))
    if least is not None:
        return expected, scaled(least, expected, up=True)
    return expected, expected


def new_status(budget: Object, pods: Sequence[Object], expected: int, desired: int) -> Object:
    healthy = sum(is_ready(pod) and is_active(pod) for pod in pods)
    allowed = max(0, healthy - desired) if expected > 0 else 0
    generation = budget["metadata"].get("generation")
    fresh = {
        "type": "DisruptionAllowed",
        "status": "True" if allowed else "False",
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
        "observedGeneration": generation,
        "lastTransitionTime": now(),
    }
    before = condition(status(budget), "DisruptionAllowed")
    if before and before["status"] == fresh["status"]:
        fresh["lastTransitionTime"] = before["lastTransitionTime"]
    kept = {key: value for key, value in status(budget).items() if key == "disruptedPods"}
    return {
        **kept,
        "conditions": [fresh],
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "observedGeneration": generation,
    }


def _face(pod: Object) -> tuple[object, ...]:
    return labels(pod), is_ready(pod), is_active(pod)
