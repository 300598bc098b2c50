"""The StatefulSet controller: pods with stable names, in order.

Role: reads caches, writes pods, claims and status. Decisions are in `statefulset_plan`. Called by `manager`.
"""

from __future__ import annotations

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import AlreadyExists, ApiError, NotFound
from mcp_operator.runtime.resources import PODS, PVCS, STATEFULSETS, Key

from mcp_cli.local.controllers.claims import Claims
from mcp_cli.local.controllers.context import Context, enqueue_itself
from mcp_cli.local.controllers.events import Recorder
from mcp_cli.local.controllers.objects import Object, is_deleting, name, namespace, status, uid
from mcp_cli.local.controllers.pods import PodControl, follow_pods
from mcp_cli.local.controllers.replicaset_plan import next_availability
from mcp_cli.local.controllers.revisions import Revisions
from mcp_cli.local.controllers.statefulset_plan import Steps, claims_of, make_pod, new_status, plan

COMPONENT = "statefulset-controller"


class StatefulSetController:
    """One instance for all StatefulSets."""

    def __init__(self, context: Context) -> None:
        self._client: KubeClient = context.client
        self._recorder: Recorder = context.recorder(COMPONENT)
        self._sets = context.informer(STATEFULSETS)
        pods = context.informer(PODS, "controller", "orphans")
        self._pods = PodControl(context.client, self._recorder)
        self._claims = Claims(context.client, STATEFULSETS, pods)
        self._revisions = Revisions(context, STATEFULSETS)
        controller = context.controller(COMPONENT, self.reconcile)
        enqueue_itself(self._sets, controller)
        follow_pods(pods, "StatefulSet", controller, self._pods.expectations)

    async def reconcile(self, key: Key) -> Result | None:
        owner = self._sets.get(*key)
        if owner is None:
            self._pods.expectations.forget(key)
            return None
        if is_deleting(owner) or not self._pods.expectations.satisfied(key):
            return None
        pods = await self._claims.of(owner)
        revision = name(await self._revisions.current(owner))
        fresh = new_status(owner, pods, revision)
        if fresh != {field: value for field, value in status(owner).items() if field != "conditions"}:
            await self._client.replace(STATEFULSETS, {**owner, "status": fresh}, subresource="status")
        await self._step(owner, plan(owner, pods, revision), revision)
        await self._revisions.clean_up(owner, {revision, fresh["currentRevision"]})
        return Result(requeue_after=next_availability(owner, pods))

    async def _step(self, owner: Object, steps: Steps, revision: str) -> None:
        for ordinal in steps.create:
            await self._create(owner, ordinal, revision)
        for pod in steps.delete:
            await self._delete(owner, pod)

    async def _create(self, owner: Object, ordinal: int, revision: str) -> None:
        for claim in claims_of(owner, ordinal):
            try:
                await self._client.create(PVCS, claim)
            except AlreadyExists:
                continue  # The claim has outlived an earlier pod, which is its purpose.
        pod = make_pod(owner, ordinal, revision)
        what = f"Pod {name(pod)} in StatefulSet {name(owner)}"
        key = (namespace(owner), name(owner))
        self._pods.expectations.expect_creations(key, 1)
        try:
            await self._client.create(PODS, pod)
        except AlreadyExists:
            self._pods.expectations.created(key)
            return  # The cache is behind, or the earlier pod is not quite gone; its event brings us back.
        except ApiError as error:
            self._pods.expectations.created(key)
            self._recorder.warning(owner, "FailedCreate", f"Create {what} failed error: {error}")
            raise
        self._recorder.normal(owner, "SuccessfulCreate", f"Create {what} successful")

    async def _delete(self, owner: Object, pod: Object) -> None:
        try:
            await self._client.delete(PODS, name(pod), namespace(pod), uid=uid(pod))
        except NotFound:
            return
        what = f"Pod {name(pod)} in StatefulSet {name(owner)}"
        self._recorder.normal(owner, "SuccessfulDelete", f"Delete {what} successful")
