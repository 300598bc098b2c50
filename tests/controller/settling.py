"""When everything is said and done: no controller of the control plane, and no part of the operator, has work left.

Role: looks at states, so that an assertion on what is written (or is not) does not depend on how fast anybody is: a
silence alone may be that of a controller which has not had its turn yet. Called by the harness.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from mcp_operator.controllers.children import controller_of
from mcp_operator.controllers.setup import Operator
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.informer import Informer
from mcp_operator.runtime.resources import DEPLOYMENTS, PODS, REPLICASETS

Object = dict[str, Any]


class WatchedClient(KubeClient):
    """The operator's client: what it asked and wrote, and how many answers are still to come (watches aside)."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.in_flight = 0
        self.log: list[tuple[str, str, Any]] = []

    async def request(self, method: str, path: str, **options: Any) -> bytes:
        self.log.append((method, path, options.get("body")))
        self.in_flight += 1
        try:
            return await super().request(method, path, **options)
        finally:
            self.in_flight -= 1


async def settled(operator: Operator, client: WatchedClient, kube: KubeClient, namespace: str) -> bool:
    """Whether the controllers have told of their work, and the operator has heard of everything and done its own."""
    if not idle(operator, client):
        return False
    kinds = (DEPLOYMENTS, REPLICASETS, PODS)
    lists = await asyncio.gather(*(kube.list(kind, namespace) for kind in kinds))
    if not told(*(found["items"] for found in lists)):
        return False
    informers = list(operator.manager._informers.values())
    return all(await asyncio.gather(*(_heard(kube, informer) for informer in informers))) and idle(operator, client)


def idle(operator: Operator, client: WatchedClient) -> bool:
    """Nothing is on its way, and nothing waits but for its time."""
    queues = (operator.controller.queue, operator.registry_controller.queue)
    working = any(queue._dirty or queue._working for queue in queues)
    asking = any(state.task is not None for state in operator.prober._states.values())
    return not (working or asking or client.in_flight) and operator.events._waiting.empty()


async def _heard(kube: KubeClient, informer: Informer) -> bool:
    """Whether the cache holds what the API server does."""
    live = await kube.list(informer.resource, informer._namespace, **informer._selectors)
    return informer.synced.is_set() and _versions(live["items"]) == _versions(informer.list())


def _versions(objects: Iterable[Object]) -> set[tuple[str, str]]:
    return {(obj["metadata"]["uid"], obj["metadata"]["resourceVersion"]) for obj in objects}


def told(deployments: list[Object], sets: list[Object], pods: list[Object]) -> bool:
    """Whether counts and generations in the status of each speak of what there is; a scheduler has seen each pod."""
    alive = [[one for one in objects if not _leaves(one)] for objects in (deployments, sets, pods)]
    scheduled = all(any(c["type"] == "PodScheduled" for c in _conditions(pod)) for pod in alive[2])
    return (
        scheduled
        and all(_set_told(one, _of(one, alive[2])) for one in alive[1])
        and all(_deployment_told(one, _of(one, alive[1])) for one in alive[0])
    )


def _set_told(replica_set: Object, pods: list[Object]) -> bool:
    ready = sum(any((c["type"], c["status"]) == ("Ready", "True") for c in _conditions(pod)) for pod in pods)
    wanted = replica_set["spec"].get("replicas", 1)
    return _current(replica_set) and wanted == len(pods) and _counts(replica_set) == (wanted, ready, ready)


def _deployment_told(deployment: Object, sets: list[Object]) -> bool:
    counts = [_counts(one) for one in sets] or [(0, 0, 0)]
    return _current(deployment) and _counts(deployment) == tuple(map(sum, zip(*counts, strict=True)))


def _counts(obj: Object) -> tuple[int, int, int]:
    status = _status(obj)
    return status.get("replicas", 0), status.get("readyReplicas", 0), status.get("availableReplicas", 0)


def _current(obj: Object) -> bool:
    return bool(_status(obj).get("observedGeneration", 0) >= obj["metadata"].get("generation", 0))


def _conditions(obj: Object) -> list[Object]:
    return _status(obj).get("conditions") or []


def _status(obj: Object) -> Object:
    return obj.get("status") or {}


def _of(owner: Object, objects: list[Object]) -> list[Object]:
    return [one for one in objects if (controller_of(one) or {}).get("uid") == owner["metadata"]["uid"]]


def _leaves(obj: Object) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))
