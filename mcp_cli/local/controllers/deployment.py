"""The Deployment controller: one ReplicaSet for each revision of the template, rolled from the old to the new.

Role: reads caches, writes ReplicaSets and status. Decisions are in `deployment_plan`, `deployment_revisions` and
`deployment_status`. Called by `manager`.
"""

from __future__ import annotations

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.resources import DEPLOYMENTS, PODS, REPLICASETS, Key, key_of

from mcp_cli.local.controllers.claims import Claims, owner_key
from mcp_cli.local.controllers.context import Context, enqueue_itself
from mcp_cli.local.controllers.deployment_plan import is_scaling
from mcp_cli.local.controllers.deployment_rollout import Rollout
from mcp_cli.local.controllers.objects import Object, is_deleting, labels, namespace, uid
from mcp_cli.local.controllers.selectors import matches, selects_everything

COMPONENT = "deployment-controller"


class DeploymentController:
    """One instance for all Deployments."""

    def __init__(self, context: Context) -> None:
        self._client = context.client
        self._recorder = context.recorder(COMPONENT)
        self._deployments = context.informer(DEPLOYMENTS, "namespace")
        self._sets = context.informer(REPLICASETS, "controller", "orphans", "namespace")
        self._pods = context.informer(PODS, "controller", "orphans", "namespace")
        self._claims = Claims(context.client, DEPLOYMENTS, self._sets)
        self._controller = context.controller(COMPONENT, self.reconcile, workers=4)
        enqueue_itself(self._deployments, self._controller)
        self._sets.add_handler(self._set_changed)
        self._pods.add_handler(self._pod_changed)

    def _set_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        for each in filter(None, (old, new)):
            key = owner_key(each, "Deployment")
            if key is not None:
                self._controller.enqueue(key)
        if new is not None and owner_key(new, "Deployment") is None:
            for deployment in self._deployments.by_index("namespace", namespace(new)):
                if matches(deployment["spec"].get("selector"), labels(new)):
                    self._controller.enqueue(key_of(deployment))

    def _pod_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        """Recreate waits for the last old pod; no other strategy cares for pods."""
        if type_ != "DELETED" or old is None:
            return
        set_key = owner_key(old, "ReplicaSet")
        replica_set = self._sets.get(*set_key) if set_key else None
        key = owner_key(replica_set, "Deployment") if replica_set is not None else None
        deployment = self._deployments.get(*key) if key else None
        if deployment is not None and deployment["spec"].get("strategy", {}).get("type") == "Recreate":
            self._controller.enqueue(key_of(deployment))

    async def reconcile(self, key: Key) -> Result | None:
        deployment = self._deployments.get(*key)
        if deployment is None:
            return None
        if selects_everything(deployment["spec"].get("selector")):
            self._recorder.warning(
                deployment,
                "SelectingAll",
                "This deployment is selecting all pods. A non-empty selector is required.",
            )
            return None
        sets = await self._claims.of(deployment)
        rollout = Rollout(self._client, self._recorder, deployment, sets)
        if is_deleting(deployment):
            return await rollout.report_only()
        if deployment["spec"].get("paused") or is_scaling(deployment, sets):
            return await rollout.resize()
        if deployment["spec"].get("strategy", {}).get("type") == "Recreate":
            pods = [pod for each in sets for pod in self._pods.by_index("controller", uid(each))]
            return await rollout.recreate(pods)
        return await rollout.roll()
