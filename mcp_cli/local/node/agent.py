"""The node agent as a whole: registers the node and gives each pod that is bound to it a worker.

An ordinary API client: it works beside the embedded API server and against a real one. Run by the daemon and by
`python -m mcp_cli.local.node`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable, Sequence
from typing import Any

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.events import EventRecorder
from mcp_operator.runtime.informer import ADDED, DELETED, Informer
from mcp_operator.runtime.resources import CONFIGMAPS, ENDPOINTS, PODS, SECRETS, SERVICES

from mcp_cli.local.node.addresses import PodAddresses, listen_on_block
from mcp_cli.local.node.certificate import server_context
from mcp_cli.local.node.config import NodeConfig
from mcp_cli.local.node.engine import Engine
from mcp_cli.local.node.logserver import LogServer
from mcp_cli.local.node.orphans import ProcessRecords, reap_orphans, state_mark
from mcp_cli.local.node.pod import PodWorker
from mcp_cli.local.node.podkit import NodeKit
from mcp_cli.local.node.podlogs import PodLogs
from mcp_cli.local.node.proxy.service_proxy import ServiceProxy
from mcp_cli.local.node.registration import Registration, capacity

COMPONENT = "mcp-node"
RETRY_SECONDS = 10.0

log = logging.getLogger(__name__)


async def run_node(client: KubeClient, config: NodeConfig) -> None:
    """Until cancelled; then every process has ended and every pod object is still there."""
    for pid in await asyncio.to_thread(reap_orphans, config.state_dir):
        log.warning("ended process %d of an agent that was killed", pid)
    agent = NodeAgent(client, config)
    await agent.run()


class NodeAgent:
    """Informers in, workers out."""

    def __init__(self, client: KubeClient, config: NodeConfig) -> None:
        config.pods_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._config = config
        self._addresses = PodAddresses(config.address_block)
        self._workers: dict[str, PodWorker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._registration = Registration(client, config)
        self._events = EventRecorder(client, COMPONENT)
        self._pods = Informer(client, PODS, field_selector=f"spec.nodeName={config.node_name}")
        self._services = Informer(client, SERVICES)
        self._endpoints = Informer(client, ENDPOINTS)
        self._sources = {"ConfigMap": Informer(client, CONFIGMAPS), "Secret": Informer(client, SECRETS)}
        self._proxy = ServiceProxy(self._services, self._endpoints, self._events, config.node_address)
        self._kit = NodeKit(
            client=client,
            config=config,
            events=self._events,
            records=ProcessRecords(config.records_dir),
            engine=Engine(state_mark(config.state_dir)),
            capacity=capacity(config.max_pods),
            services=self._services.list,
        )

    async def run(self) -> None:
        listener = self._config.listener or listen_on_block(self._config.address_block)
        logs = LogServer(listener, PodLogs(self._workers), self._certificate)
        informers = [self._pods, self._services, self._endpoints, *self._sources.values()]
        beside = [
            asyncio.ensure_future(work)
            for work in (logs.run(), self._events.run(), *(informer.run() for informer in informers))
        ]
        try:
            await self._registration.register()
            beside.append(asyncio.ensure_future(self._registration.run()))
            await self._until_synced(informers, beside)
            await asyncio.to_thread(self._remove_old_folders)
            self._begin()
            beside.append(asyncio.ensure_future(self._proxy.run()))
            done, _ = await asyncio.wait(beside, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._end(beside)

    def _certificate(self) -> Any:
        return server_context(self._config.state_dir, self._config.node_name, self._config.node_address)

    async def _until_synced(self, informers: list[Informer], beside: Sequence[asyncio.Future[Any]]) -> None:
        """Every informer has its list; one that fails, or anything else beside, fails the agent."""
        synced = asyncio.gather(*(informer.synced.wait() for informer in informers))
        try:
            done, _ = await asyncio.wait({synced, *beside}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            synced.cancel()

    def _remove_old_folders(self) -> None:
        """Those of pods that went away while nobody looked; not on the event loop: there may be many files in them."""
        present = {pod["metadata"]["uid"] for pod in self._pods.list()}
        for folder in self._config.pods_dir.iterdir():
            if folder.name not in present:
                shutil.rmtree(folder, ignore_errors=True)

    def _begin(self) -> None:
        """Every pod gets its worker."""
        for pod in self._pods.list():
            self._reserve(pod)
        self._pods.add_handler(self._pod_changed)
        for kind, informer in self._sources.items():
            informer.add_handler(self._source_handler(kind))

    def _reserve(self, pod: dict[str, Any]) -> None:
        """A pod of before keeps its address."""
        self._addresses.claim(pod["metadata"]["uid"], (pod.get("status") or {}).get("podIP"))

    async def _end(self, beside: Sequence[asyncio.Future[Any]]) -> None:
        """End the workers, whose processes end with them, then everything else."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for work in beside:
            work.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        self._proxy.close()

    def _pod_changed(self, kind: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        pod = new or old
        assert pod is not None
        uid = pod["metadata"]["uid"]
        worker = self._workers.get(uid)
        if kind == DELETED:
            if worker is not None:
                worker.removed()
            return
        if worker is None:
            worker = PodWorker(self._kit, pod, self._addresses.claim(uid, (pod.get("status") or {}).get("podIP")))
            self._workers[uid] = worker
            self._tasks[uid] = asyncio.ensure_future(self._run_worker(uid, worker))
        worker.update(pod)

    async def _run_worker(self, uid: str, worker: PodWorker) -> None:
        failed = False
        try:
            await worker.run()
        except Exception as error:
            failed = True
            log.exception("pod %s failed on this node", worker.kit.full_name)
            worker.kit.warning(
                "FailedSync", f"the node agent failed with an error of its own ({error}); it tries again"
            )
            await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._workers.pop(uid, None)
            self._tasks.pop(uid, None)
            self._addresses.release(uid)
        metadata = worker.pod["metadata"]
        present = self._pods.get(metadata["namespace"], metadata["name"])
        if failed and present is not None and present["metadata"]["uid"] == uid:
            self._pod_changed(ADDED, None, present)

    def _source_handler(self, kind: str) -> Callable[[str, dict[str, Any] | None, dict[str, Any] | None], None]:
        """Tells the pods of the namespace that a ConfigMap or Secret changed."""

        def changed(_: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
            metadata = (new or old or {})["metadata"]
            for worker in list(self._workers.values()):
                if worker.pod["metadata"]["namespace"] == metadata["namespace"]:
                    worker.source_changed(kind, metadata["name"])

        return changed


async def run_until_stopped(client: KubeClient, config: NodeConfig, stop: asyncio.Event) -> None:
    """`run_node` until an event is set."""
    running = asyncio.ensure_future(run_node(client, config))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if running.done():
        running.result()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
