"""Creates and deletes the pods of an owner, and keeps count of what was asked for and not yet seen.

Role: shared by ReplicaSet, Job, StatefulSet and DaemonSet. Not their job here: how many pods there should be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.controller import Controller
from mcp_operator.runtime.errors import ApiError, NotFound
from mcp_operator.runtime.informer import Informer
from mcp_operator.runtime.resources import PODS, Key

from mcp_cli.local.controllers.claims import owner_key
from mcp_cli.local.controllers.context import namespace_is_terminating
from mcp_cli.local.controllers.events import Recorder
from mcp_cli.local.controllers.expectations import Expectations
from mcp_cli.local.controllers.objects import Object, is_deleting, name, namespace, uid

BURST = 500
FIRST_BATCH = 4


@dataclass(slots=True)
class PodControl:
    """The pods of owners of one kind."""

    client: KubeClient
    recorder: Recorder
    expectations: Expectations = field(default_factory=Expectations)

    async def create(self, owner: Object, pods: Sequence[Object]) -> ApiError | None:
        """Creates in batches of 4, 8, 16, ...: where the first are refused, the rest is not even tried."""
        key = (namespace(owner), name(owner))
        wanted = list(pods)[:BURST]
        self.expectations.expect_creations(key, len(wanted))
        size = FIRST_BATCH
        while wanted:
            batch, wanted = wanted[:size], wanted[size:]
            results = await asyncio.gather(*(self._create_one(owner, key, pod) for pod in batch))
            errors = [error for error in results if error is not None]
            if errors:
                self.expectations.created(key, len(wanted))
                return errors[0]
            size *= 2
        return None

    async def delete(self, owner: Object, pods: Sequence[Object]) -> ApiError | None:
        key = (namespace(owner), name(owner))
        pods = list(pods)[:BURST]
        self.expectations.expect_deletions(key, [uid(pod) for pod in pods])
        results = await asyncio.gather(*(self._delete_one(owner, key, pod) for pod in pods))
        return next((error for error in results if error is not None), None)

    async def _create_one(self, owner: Object, key: Key, pod: Object) -> ApiError | None:
        try:
            made = await self.client.create(PODS, pod)
        except ApiError as error:
            self.expectations.created(key)
            if not namespace_is_terminating(error):
                self.recorder.warning(owner, "FailedCreate", f"Error creating: {error}")
            return error
        self.recorder.normal(owner, "SuccessfulCreate", f"Created pod: {name(made)}")
        return None

    async def _delete_one(self, owner: Object, key: Key, pod: Object) -> ApiError | None:
        try:
            await self.client.delete(PODS, name(pod), namespace(pod), uid=uid(pod))
        except NotFound:
            self.expectations.deleted(key, uid(pod))
            return None
        except ApiError as error:
            self.expectations.deleted(key, uid(pod))
            self.recorder.warning(owner, "FailedDelete", f"Error deleting: {error}")
            return error
        self.recorder.normal(owner, "SuccessfulDelete", f"Deleted pod: {name(pod)}")
        return None


def follow_pods(
    pods: Informer,
    kind: str,
    controller: Controller,
    expectations: Expectations,
    claimants: Callable[[Object], list[Key]] = lambda pod: [],
) -> None:
    """Puts the owner of a changed pod on the queue, and settles what was expected.

    `claimants` names the owners that might adopt a pod nobody owns.
    """

    def handler(type_: str, old: Object | None, new: Object | None) -> None:
        pod = new if new is not None else old
        assert pod is not None
        key = owner_key(pod, kind)
        before = owner_key(old, kind) if old is not None else None
        if before is not None and before != key:
            controller.enqueue(before)
        if key is None:
            for claimant in claimants(pod) if type_ != "DELETED" else ():
                controller.enqueue(claimant)
            return
        if type_ == "ADDED":
            expectations.created(key)
        if type_ == "DELETED" or is_deleting(pod):
            expectations.deleted(key, uid(pod))
        controller.enqueue(key)

    pods.add_handler(handler)
