"""An operator under test: the real one, in this process, for one namespace of a real or the embedded control plane.

No node takes the pods (a nodeSelector sees to that): the test says what happens to them, as a kubelet would, and a real
HTTP server in this process is what runs "in" them. So every turn can be brought about, on every control plane alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from mcp_operator.api import names
from mcp_operator.api.crds import crds
from mcp_operator.controllers.mcpserver import Options
from mcp_operator.controllers.registry_world import MCPREGISTRIES
from mcp_operator.controllers.setup import Operator, OperatorConfig
from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import NotFound, TooManyRequests
from mcp_operator.runtime.resources import CRDS, DEPLOYMENTS, EVENTS, PODS, Resource

from tests.controller.settling import WatchedClient, settled
from tests.support.cluster import Cluster

Object = dict[str, Any]
T = TypeVar("T")

NOWHERE = {"test.allbeone.io/no-such-node": "true"}
PATIENCE = 120.0
# What a garbage collector of the control plane has a part in: a real one learns of a new kind only every 30 s, and
# starts over when definitions come or go, which other tests do to a shared one.
COLLECTED = 240.0


async def until(check: Callable[[], Awaitable[T]], what: str, timeout: float = PATIENCE) -> T:
    """The first true value of `check`; fails the test when there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        value = await check()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout:g} s: {what}"
        await asyncio.sleep(0.02)


async def install_kinds(kube: KubeClient) -> None:
    """Our CRDs, served."""
    for crd in crds():
        await kube.apply(CRDS, crd, field_manager="test")

    async def served() -> bool:
        try:
            for kind in (MCPSERVERS, MCPREGISTRIES):
                await kube.list(kind, limit=1)
        except (NotFound, TooManyRequests):
            return False  # Not known yet, or its storage is being set up.
        return True

    await until(served, "the kinds are served")


class Operated:
    """The operator, and what a test does beside it. `kube` is the test's own client; `sent` counts the operator's."""

    def __init__(self, cluster: Cluster, kube: KubeClient) -> None:
        self.cluster = cluster
        self.kube = kube
        self.namespace = cluster.namespace
        self.namespaces: tuple[str, ...] = (cluster.namespace,)
        self.system_namespace = "default"
        self.operator: Operator | None = None
        self._client: WatchedClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    # --- the operator --------------------------------------------------------------------------------------------

    async def start(self) -> None:
        self._client = await WatchedClient.connect(str(self.cluster.kubeconfig))
        self._stop = asyncio.Event()
        scope = {"namespaces": self.namespaces, "system_namespace": self.system_namespace}
        config = OperatorConfig(**scope, workers=4, options=Options())  # type: ignore[arg-type]
        self.operator = Operator(self._client, config)
        self._task = asyncio.create_task(self.operator.run(self._stop))

    async def stop(self) -> None:
        self._stop.set()
        if self._task is not None:
            await self._task
            self._task = None
        if self._client is not None:
            await self._client.close()

    @property
    def sent(self) -> Counter[tuple[str, str]]:
        assert self._client is not None
        return self._client.requests

    def writes(self) -> dict[tuple[str, str], int]:
        return {what: number for what, number in self.sent.items() if what[0] not in ("GET", "WATCH")}

    def requests(self) -> list[tuple[str, str, Any]]:
        """Method, path and body of everything that the operator sent, watches aside."""
        assert self._client is not None
        return self._client.log

    async def calm(self, seconds: float = 0.5) -> None:
        """Waits until nobody has work left (see `settling`) and the operator has sent nothing for a while."""

        async def silent() -> bool:
            if not await self._settled():
                return False
            before = self.sent.total()
            await asyncio.sleep(seconds)
            return self.sent.total() == before and await self._settled()

        await until(silent, "nobody has anything left to do")

    async def _settled(self) -> bool:
        assert self.operator is not None and self._client is not None
        return await settled(self.operator, self._client, self.kube, self.namespace)

    # --- MCPServers ----------------------------------------------------------------------------------------------

    async def create(self, name: str, **spec: Any) -> Object:
        """An MCPServer that speaks HTTP itself, unless the spec says otherwise."""
        server = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND_SERVER,
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"image": "example.test/server:1", "nodeSelector": NOWHERE, **spec},
        }
        return await self.kube.create(MCPSERVERS, server)

    async def change(self, name: str, **spec: Any) -> None:
        await self.kube.patch(MCPSERVERS, name, {"spec": spec}, self.namespace)

    async def get(self, resource: Resource, name: str) -> Object | None:
        try:
            return await self.kube.get(resource, name, self.namespace)
        except NotFound:
            return None

    async def status(self, name: str) -> Object:
        server = await self.get(MCPSERVERS, name)
        return (server or {}).get("status") or {}

    async def phase(self, name: str, *wanted: str) -> Object:
        """The status once its phase (or phase and reason) is the wanted one, for the current generation."""
        seen: Object = {}

        async def there() -> Object | None:
            nonlocal seen
            server = await self.get(MCPSERVERS, name) or {"metadata": {}}
            seen = server.get("status") or {}
            current = seen.get("observedGeneration") == server["metadata"].get("generation")
            return seen if current and (seen.get("phase"), seen.get("reason"))[: len(wanted)] == wanted else None

        try:
            return await until(there, f"{name} is {' '.join(wanted)}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {seen}") from None

    async def deployment(self, name: str) -> Object:
        async def there() -> Object | None:
            return await self.get(DEPLOYMENTS, name)

        return await until(there, f"the Deployment {name}")

    async def events(self, name: str) -> list[Object]:
        found = await self.kube.list(EVENTS, self.namespace, field_selector=f"involvedObject.name={name}")
        return [event for event in found["items"] if event["involvedObject"]["kind"] == names.KIND_SERVER]

    # --- pods ----------------------------------------------------------------------------------------------------

    async def pods(self, name: str, number: int) -> list[Object]:
        """The pods of the server, once there are as many."""

        async def there() -> tuple[list[Object]] | None:
            selector = f"{names.LABEL_INSTANCE}={name}"
            items = (await self.kube.list(PODS, self.namespace, label_selector=selector))["items"]
            alive = [pod for pod in items if not pod["metadata"].get("deletionTimestamp")]
            return (alive,) if len(alive) == number else None

        return (await until(there, f"{number} pods of {name}"))[0]

    async def say_of_pod(self, pod: Object, status: Object) -> None:
        """What a kubelet would write."""
        await self.kube.patch(PODS, pod["metadata"]["name"], {"status": status}, self.namespace, subresource="status")

    async def pods_ready(self, name: str, number: int, address: str = "127.0.0.1") -> list[Object]:
        pods = await self.pods(name, number)
        for pod in pods:
            await self.say_of_pod(pod, ready_status(address))
        return pods

    async def pods_wait(self, name: str, number: int) -> None:
        """Its pods wait for something that no other test has a part in, as a scheduler's words about nodes would."""
        for pod in await self.pods(name, number):
            await self.say_of_pod(pod, waiting_status())
        await self.phase(name, "Pending", "ContainersNotReady")
        await self.calm()


def waiting_status() -> Object:
    """The server runs and is not ready."""
    return broken_status({"running": {"startedAt": "2026-01-01T00:00:00Z"}})


def ready_status(address: str) -> Object:
    container = {"name": names.CONTAINER_SERVER, "ready": True, "restartCount": 0, "image": "i", "imageID": "i"}
    return {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": kind, "status": "True"} for kind in ("PodScheduled", "ContainersReady", "Ready")],
        "containerStatuses": [{**container, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}],
    }


def broken_status(state: Object, *, last: Object | None = None, restarts: int = 0) -> Object:
    container = {"name": names.CONTAINER_SERVER, "ready": False, "restartCount": restarts, "image": "i", "imageID": "i"}
    return {
        "phase": "Pending",
        "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}],
        "containerStatuses": [{**container, "state": state, "lastState": last or {}}],
    }


@contextlib.asynccontextmanager
async def operated(cluster: Cluster) -> AsyncIterator[Operated]:
    async with cluster.client() as kube:
        await install_kinds(kube)
        under_test = Operated(cluster, kube)
        await under_test.start()
        try:
            yield under_test
        finally:
            await _remove_servers(under_test)
            await under_test.stop()


async def _remove_servers(under_test: Operated) -> None:
    """While the operator still runs: its finalizer would keep the namespace from going."""
    for server in (await under_test.kube.list(MCPSERVERS, under_test.namespace))["items"]:
        with contextlib.suppress(NotFound):
            await under_test.kube.delete(MCPSERVERS, server["metadata"]["name"], under_test.namespace)

    async def gone() -> bool:
        return not (await under_test.kube.list(MCPSERVERS, under_test.namespace))["items"]

    await until(gone, "every MCPServer is gone", COLLECTED)
