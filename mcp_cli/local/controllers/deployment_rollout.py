"""One reconcile of one Deployment: the writes, in the order in which Kubernetes does them.

Role: turns plans into requests and keeps the ReplicaSets at hand as the API server last returned them, so that the
status is computed from what is true after the writes. Called by `deployment`.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import AlreadyExists, ApiError, NotFound
from mcp_operator.runtime.resources import DEPLOYMENTS, REPLICASETS

from mcp_cli.local.controllers import deployment_revisions as revisions
from mcp_cli.local.controllers import deployment_status as states
from mcp_cli.local.controllers.deployment_plan import Plan, active, old_pods_run, plan_new, plan_old, plan_scale
from mcp_cli.local.controllers.events import Recorder
from mcp_cli.local.controllers.objects import (
    Object,
    annotations_of,
    condition,
    controlled_by,
    name,
    namespace,
    replicas,
    status,
    status_count,
)
from mcp_cli.local.controllers.template_hash import same_template


class Rollout:
    """Made for one reconcile and thrown away."""

    def __init__(self, client: KubeClient, recorder: Recorder, deployment: Object, sets: Sequence[Object]) -> None:
        self._client = client
        self._recorder = recorder
        self._deployment = deployment
        self._sets = {name(each): each for each in sets}
        self._conditions: list[Object] = [dict(each) for each in status(deployment).get("conditions") or ()]
        newest = revisions.find_new(deployment, sets)
        self._new_name = name(newest) if newest is not None else None
        self._revision: str | None = None

    # --- the four ways -------------------------------------------------------------------------------------------

    async def report_only(self) -> Result | None:
        return await self._write_status(states.counts(self._deployment, self._all, self._new, self._conditions))

    async def resize(self) -> Result | None:
        """Paused, or `spec.replicas` has changed: sizes only, no new revision."""
        self._conditions = states.pause_conditions(self._deployment, self._conditions)
        await self._sync_new(create=False)
        await self._scale(plan_scale(self._deployment, self._new, self._old))
        await self._note_sizes()
        if self._deployment["spec"].get("paused"):
            await self._clean_up()
        return await self._write_status(states.counts(self._deployment, self._all, self._new, self._conditions))

    async def roll(self) -> Result | None:
        self._conditions = states.pause_conditions(self._deployment, self._conditions)
        new = await self._sync_new(create=True)
        assert new is not None
        plan = plan_new(self._deployment, new, self._all) or plan_old(self._deployment, new, self._old)
        await self._scale(plan)
        return await self._finish()

    async def recreate(self, pods: Sequence[Object]) -> Result | None:
        self._conditions = states.pause_conditions(self._deployment, self._conditions)
        await self._sync_new(create=False)
        running = active(self._old)
        await self._scale({name(each): 0 for each in running})
        if running or old_pods_run(pods, self._new):
            return await self._finish()
        new = await self._sync_new(create=True)
        assert new is not None
        if replicas(new) != replicas(self._deployment):
            await self._scale({name(new): replicas(self._deployment)})
        return await self._finish()

    # --- the parts -----------------------------------------------------------------------------------------------

    @property
    def _all(self) -> list[Object]:
        return list(self._sets.values())

    @property
    def _new(self) -> Object | None:
        return self._sets.get(self._new_name) if self._new_name else None

    @property
    def _old(self) -> list[Object]:
        return [each for each in self._all if name(each) != self._new_name]

    async def _finish(self) -> Result | None:
        fresh = states.rollout_status(self._deployment, self._all, self._new, self._conditions)
        if states.is_complete(self._deployment, fresh):
            await self._clean_up()
        return await self._write_status(fresh)

    async def _sync_new(self, *, create: bool) -> Object | None:
        """The set of the present template, made where it is missing; its revision is written on both objects."""
        new = self._new
        if new is None:
            if not create:
                return None
            new = await self._create_new()
        else:
            await self._renew(new)
        new = self._new
        assert new is not None
        self._revision = annotations_of(new).get(revisions.REVISION)
        return new

    async def _renew(self, new: Object) -> None:
        changed = revisions.changed_annotations(self._deployment, new, revisions.next_revision(self._old))
        min_ready = int(self._deployment["spec"].get("minReadySeconds") or 0)
        change: Object = {"metadata": {"annotations": changed}} if changed else {}
        if min_ready != int(new["spec"].get("minReadySeconds") or 0):
            change["spec"] = {"minReadySeconds": min_ready}
        if change:
            await self._patch_set(new, change)
        if condition({"conditions": self._conditions}, "Progressing") is None:
            self._progress("True", "FoundNewReplicaSet", f'Found new replica set "{name(new)}"')

    async def _create_new(self) -> Object:
        wanted = revisions.new_replica_set(self._deployment, self._all)
        try:
            new = await self._client.create(REPLICASETS, wanted)
        except AlreadyExists:
            new = await self._existing(wanted)
        except ApiError as error:
            await self._creation_failed(wanted, error)
            raise
        self._sets[name(new)] = new
        self._new_name = name(new)
        if replicas(new) > 0:
            self._say_scaled(name(new), 0, replicas(new))
        self._progress("True", "NewReplicaSetCreated", f'Created new replica set "{name(new)}"')
        return new

    async def _existing(self, wanted: Object) -> Object:
        """The name is taken: by our own set that the cache does not know yet, or by a hash collision."""
        found = await self._client.get(REPLICASETS, name(wanted), namespace(wanted))
        template = self._deployment["spec"]["template"]
        if controlled_by(found, self._deployment) and same_template(found["spec"]["template"], template):
            return found
        collisions = status_count(self._deployment, "collisionCount") + 1
        await self._write_status({**status(self._deployment), "collisionCount": collisions})
        raise AlreadyExists(409, "AlreadyExists", f'replicasets.apps "{name(wanted)}" already exists: hash collision')

    async def _creation_failed(self, wanted: Object, error: ApiError) -> None:
        message = f'Failed to create new replica set "{name(wanted)}": {error}'
        self._recorder.warning(self._deployment, "ReplicaSetCreateError", message)
        if states.deadline(self._deployment) is not None:
            self._progress("False", "ReplicaSetCreateError", message)
            await self._write_status({**status(self._deployment), "conditions": self._conditions})

    def _progress(self, value: str, reason: str, message: str) -> None:
        if states.deadline(self._deployment) is not None:
            fresh = states.make_condition("Progressing", value, reason, message)
            self._conditions = states.set_condition(self._conditions, fresh)

    async def _scale(self, plan: Plan) -> None:
        sizes = revisions.size_annotations(self._deployment)
        for set_name, size in plan.items():
            before = replicas(self._sets[set_name])
            await self._patch_set(
                self._sets[set_name], {"metadata": {"annotations": sizes}, "spec": {"replicas": size}}
            )
            self._say_scaled(set_name, before, size)

    async def _note_sizes(self) -> None:
        """Every active set remembers the size of the Deployment that it was sized for, changed or not."""
        sizes = revisions.size_annotations(self._deployment)
        for each in active(self._all):
            if not sizes.items() <= annotations_of(each).items():
                await self._patch_set(each, {"metadata": {"annotations": sizes}})

    async def _patch_set(self, replica_set: Object, change: Object) -> None:
        version = {"resourceVersion": replica_set["metadata"]["resourceVersion"]}
        body = {**change, "metadata": {**(change.get("metadata") or {}), **version}}
        self._sets[name(replica_set)] = await self._client.patch(
            REPLICASETS, name(replica_set), body, namespace(replica_set)
        )

    def _say_scaled(self, set_name: str, before: int, after: int) -> None:
        way = "up" if after > before else "down"
        message = f"Scaled {way} replica set {set_name} from {before} to {after}"
        self._recorder.normal(self._deployment, "ScalingReplicaSet", message)

    async def _clean_up(self) -> None:
        for each in revisions.expendable(self._deployment, self._old):
            try:
                await self._client.delete(REPLICASETS, name(each), namespace(each), uid=each["metadata"]["uid"])
            except NotFound:
                continue

    async def _write_status(self, fresh: Object) -> Result | None:
        numbered = self._numbered()
        if fresh != status(self._deployment) or numbered is not self._deployment:
            await self._client.replace(DEPLOYMENTS, {**numbered, "status": fresh}, subresource="status")
        return Result(requeue_after=states.seconds_to_deadline(self._deployment, fresh))

    def _numbered(self) -> Object:
        """The Deployment with its revision. It travels with the status: elsewhere it would make a new generation."""
        metadata = self._deployment["metadata"]
        before = metadata.get("annotations") or {}
        if self._revision is None or before.get(revisions.REVISION) == self._revision:
            return self._deployment
        return {
            **self._deployment,
            "metadata": {**metadata, "annotations": {**before, revisions.REVISION: self._revision}},
        }
