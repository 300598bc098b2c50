"""The ReplicaSet controller: as many pods as asked for, made of the template, owned by the set.

Role: reads caches, writes pods and status. Decisions are in `replicaset_plan`. Called by `manager`.
"""

from __future__ import annotations

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import ApiError, NotFound
from mcp_operator.runtime.resources import PODS, REPLICASETS, Key, key_of

from mcp_cli.local.controllers.claims import Claims
from mcp_cli.local.controllers.context import Context, enqueue_itself
from mcp_cli.local.controllers.objects import (
    Object,
    is_active,
    is_deleting,
    is_finished,
    labels,
    name,
    namespace,
    pod_from_template,
    status,
)
from mcp_cli.local.controllers.pods import PodControl, follow_pods
from mcp_cli.local.controllers.replicaset_plan import new_status, next_availability, pods_to_delete, surplus
from mcp_cli.local.controllers.selectors import matches

COMPONENT = "replicaset-controller"


class ReplicaSetController:
    """One instance for all ReplicaSets."""

    def __init__(self, context: Context) -> None:
        self._client = context.client
        self._sets = context.informer(REPLICASETS, "controller", "orphans", "namespace")
        pods = context.informer(PODS, "controller", "orphans", "namespace")
        self._pods = PodControl(context.client, context.recorder(COMPONENT))
        self._claims = Claims(context.client, REPLICASETS, pods)
        controller = context.controller(COMPONENT, self.reconcile, workers=4)
        enqueue_itself(self._sets, controller)
        follow_pods(pods, "ReplicaSet", controller, self._pods.expectations, self._claimants)

    def _claimants(self, pod: Object) -> list[Key]:
        sets = self._sets.by_index("namespace", namespace(pod))
        return [key_of(each) for each in sets if matches(each["spec"].get("selector"), labels(pod))]

    async def reconcile(self, key: Key) -> Result | None:
        replica_set = self._sets.get(*key)
        if replica_set is None:
            self._pods.expectations.forget(key)
            return None
        settled = self._pods.expectations.satisfied(key)
        owned = await self._claims.of(replica_set)
        active = [pod for pod in owned if is_active(pod)]
        error: ApiError | None = None
        if settled and not is_deleting(replica_set):
            error = await self._manage(replica_set, active)
        terminating = sum(is_deleting(pod) and not is_finished(pod) for pod in owned)
        await self._write_status(replica_set, active, error, terminating)
        if error is not None:
            raise error
        return Result(requeue_after=next_availability(replica_set, active))

    async def _manage(self, replica_set: Object, active: list[Object]) -> ApiError | None:
        excess = surplus(replica_set, active)
        if excess < 0:
            pod = pod_from_template(replica_set["spec"]["template"], replica_set, REPLICASETS)
            return await self._pods.create(replica_set, [pod] * -excess)
        if excess > 0:
            return await self._pods.delete(replica_set, pods_to_delete(active, excess))
        return None

    async def _write_status(
        self, replica_set: Object, active: list[Object], error: ApiError | None, terminating: int
    ) -> None:
        failure = None
        if error is not None:
            failure = ("FailedCreate" if surplus(replica_set, active) < 0 else "FailedDelete", str(error))
        fresh = new_status(replica_set, active, failure, terminating)
        if fresh == status(replica_set):
            return
        try:
            await self._client.replace(REPLICASETS, {**replica_set, "status": fresh}, subresource="status")
        except NotFound:
            # Deleted meanwhile: nobody reads its status any more.
            self._pods.expectations.forget((namespace(replica_set), name(replica_set)))
