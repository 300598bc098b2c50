"""What the behaviour tests of workload controllers share: objects, and the part of the kubelet.

The pods here want a node that does not exist, so that on the embedded cluster its node agent leaves them alone and on a
real control plane, which has no node, everything is the same. The tests say themselves what becomes of a pod.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import NotFound
from mcp_operator.runtime.resources import DEPLOYMENTS, EVENTS, NODES, PODS, REPLICASETS, Resource

from tests.support.cluster import Cluster
from tests.support.waiting import COLLECTED, eventually

Object = dict[str, Any]
NOWHERE = {"test.example/no-such-node": "true"}
REVISION = "deployment.kubernetes.io/revision"
MOMENT = "2026-01-01T00:00:00Z"


def pod_spec(image: str = "example.test/app:1", **more: Any) -> Object:
    container = {"name": "app", "image": image, "ports": [{"name": "web", "containerPort": 8080}]}
    return {"nodeSelector": NOWHERE, "terminationGracePeriodSeconds": 1, "containers": [container], **more}


def template(app: str, image: str = "example.test/app:1", **more: Any) -> Object:
    return {"metadata": {"labels": {"app": app}}, "spec": pod_spec(image, **more)}


def deployment(name: str, replicas: int = 2, image: str = "example.test/app:1", **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, image),
            **spec,
        },
    }


READY = {
    "type": "Ready",
    "status": "True",
    "reason": "KubeletReady",
    "message": "kubelet is posting ready status",
    "lastTransitionTime": MOMENT,
}


async def make_node(kube: KubeClient, name: str) -> None:
    """A node with no machine: pods that name it are given to it, and nobody runs them."""
    await kube.create(NODES, {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}})
    amounts = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    state = {"conditions": [READY], "allocatable": amounts, "capacity": amounts}
    await kube.patch(NODES, name, {"status": state}, subresource="status")

    async def open_for_pods() -> bool:
        return not (await kube.get(NODES, name))["spec"].get("taints")

    await eventually(open_for_pods, "the taint of a node that was not ready is gone")


async def beat(kube: KubeClient, name: str) -> None:
    """What keeps a node from counting as lost, which it does after 40 s without a sign of life."""
    while True:
        await asyncio.sleep(10)
        alive = {**READY, "lastHeartbeatTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        change = {"status": {"conditions": [alive]}}
        await kube.patch(NODES, name, change, type="strategic", subresource="status")


@dataclass(frozen=True)
class Workloads:
    """A cluster, a client, and the namespace of the test."""

    cluster: Cluster
    kube: KubeClient

    @property
    def namespace(self) -> str:
        return self.cluster.namespace

    async def create(self, resource: Resource, body: Object) -> Object:
        return await self.kube.create(resource, body, self.namespace)

    async def get(self, resource: Resource, name: str) -> Object:
        return await self.kube.get(resource, name, self.namespace)

    async def all(self, resource: Resource, app: str | None = None) -> list[Object]:
        selector = f"app={app}" if app else None
        return (await self.kube.list(resource, self.namespace, label_selector=selector))["items"]

    async def patch(self, resource: Resource, name: str, change: Object) -> Object:
        return await self.kube.patch(resource, name, change, self.namespace)

    async def pods(self, app: str, count: int) -> list[Object]:
        """The live pods of an app, when there are exactly so many."""

        async def found() -> list[Object] | None:
            pods = [pod for pod in await self.all(PODS, app) if not pod["metadata"].get("deletionTimestamp")]
            return (pods or [{}]) if len(pods) == count else None

        pods = await eventually(found, f"{count} pods of {app}")
        return [pod for pod in pods if pod]

    async def set_ready(self, pod: Object, ready: bool = True) -> None:
        """What a kubelet reports of a running pod."""
        address = address_of(pod)
        state = {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": [
                {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": MOMENT},
            ],
        }
        await self._set_status(pod, state)

    async def finish(self, pod: Object, phase: str) -> None:
        """The pod's only container has ended."""
        code = 0 if phase == "Succeeded" else 1
        ended = {"exitCode": code, "finishedAt": MOMENT, "startedAt": MOMENT, "reason": "Completed"}
        container = {
            "name": "app",
            "image": "x",
            "imageID": "x",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": ended},
        }
        await self._set_status(pod, {"phase": phase, "containerStatuses": [container]})

    async def _set_status(self, pod: Object, state: Object) -> None:
        name = pod["metadata"]["name"]
        await self.kube.patch(PODS, name, {"status": state}, self.namespace, type="strategic", subresource="status")

    async def all_ready(self, app: str, count: int) -> list[Object]:
        """Waits for so many pods, and makes those ready that are not yet."""
        pods = await self.pods(app, count)
        for pod in pods:
            if "podIP" not in pod["status"]:
                await self.set_ready(pod)
        return pods

    async def force_delete_pods(self) -> None:
        """What a kubelet does at last: the pods of a node without a machine would stay for ever."""
        for pod in await self.all(PODS):
            with contextlib.suppress(NotFound):
                await self.kube.delete(PODS, pod["metadata"]["name"], self.namespace, grace_period=0)

    async def gone(self, resource: Resource, name: str) -> None:
        async def missing() -> bool:
            try:
                await self.get(resource, name)
            except NotFound:
                return True
            return False

        await eventually(missing, f"{resource.plural} {name} gone", COLLECTED)

    async def replica_sets(self, app: str) -> list[Object]:
        """Those of an app, oldest revision first."""
        sets = await self.all(REPLICASETS, app)
        return sorted(sets, key=lambda each: int(each["metadata"]["annotations"][REVISION]))

    async def rolled_out(self, name: str) -> Object:
        """The Deployment, when its controller says that the rollout is complete, and its counts say so, too."""

        async def complete() -> Object | None:
            found = await self.get(DEPLOYMENTS, name)
            progressing = condition(found, "Progressing") or {}
            state, wanted = found.get("status", {}), found["spec"]["replicas"]
            seen = state.get("observedGeneration") == found["metadata"]["generation"]
            counts = {state.get(field, 0) for field in ("replicas", "updatedReplicas", "availableReplicas")}
            done = seen and counts == {wanted} and progressing.get("reason") == "NewReplicaSetAvailable"
            return found if done else None

        return await eventually(complete, f"deployment {name} rolled out")

    async def event(self, kind: str, name: str, reason: str) -> Object:
        """The first event about an object with this reason."""

        async def found() -> Object | None:
            for each in await self.all(EVENTS):
                about = each["involvedObject"]
                if (about["kind"], about["name"], each["reason"]) == (kind, name, reason):
                    return each
            return None

        return await eventually(found, f"event {reason} about {kind} {name}")


def address_of(pod: Object) -> str:
    """The address that a pod has here: its own, and always the same."""
    number = crc32(pod["metadata"]["name"].encode())
    return f"10.{number % 200 + 1}.{number >> 8 & 255}.{number >> 16 & 255}"


def condition(obj: Object, type_: str) -> Object | None:
    conditions = obj.get("status", {}).get("conditions") or ()
    return next((each for each in conditions if each["type"] == type_), None)
