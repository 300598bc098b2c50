"""Puts the operator together: client, manager, caches, controllers.

Role: the one place that connects the parts; `run` is the whole program between the command line and the end. Called by
`mcp_operator.main` alone.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from mcp_operator.api import names
from mcp_operator.controllers import registry_places
from mcp_operator.controllers.ask import Asker
from mcp_operator.controllers.complete import Completer
from mcp_operator.controllers.gauges import ServerCollector
from mcp_operator.controllers.inputs import Inputs
from mcp_operator.controllers.mcpregistry import RegistryReconciler
from mcp_operator.controllers.mcpserver import Options, ServerReconciler
from mcp_operator.controllers.probe import Prober
from mcp_operator.controllers.registry_metrics import RegistryMetrics
from mcp_operator.controllers.registry_world import MCPREGISTRIES, RegistryWorld
from mcp_operator.controllers.world import MCPSERVERS, World
from mcp_operator.runtime.backoff import Backoff
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.controller import Controller, Result
from mcp_operator.runtime.errors import ApiError, NotFound
from mcp_operator.runtime.events import EventRecorder
from mcp_operator.runtime.manager import Manager, ManagerConfig
from mcp_operator.runtime.metrics import RuntimeMetrics

# More than may read at a time: what only needs a look does not wait for them.
REGISTRY_WORKERS = registry_places.QUICK + registry_places.SLOW + 3
# A reading may take minutes, and what it has not stored is read again: the end of the process waits only a little.
READING_STOP_SECONDS = 5.0

log = logging.getLogger(__name__)


class NotInstalled(Exception):
    """The cluster does not know our kinds; the words say what to do."""


@dataclass(frozen=True, slots=True)
class OperatorConfig:
    """What `mcp-operator run` was told."""

    namespaces: tuple[str, ...] = ()
    workers: int = 4
    system_namespace: str = "default"
    """Where the MCPRegistries are that serve every namespace."""
    options: Options = field(default_factory=Options)
    manager: ManagerConfig = field(default_factory=ManagerConfig)


async def run(client: KubeClient, config: OperatorConfig, stop: asyncio.Event) -> None:
    """Runs until `stop` is set. Raises `NotInstalled` where the CRDs are missing."""
    await _wait_for_kinds(client, stop)
    if stop.is_set():
        return
    operator = Operator(client, config)
    log.info("watching %s on %s", ", ".join(config.namespaces) or "all namespaces", client.base_url)
    await operator.run(stop)


class Operator:
    """All parts, connected and not yet running."""

    def __init__(self, client: KubeClient, config: OperatorConfig) -> None:
        self.metrics = RuntimeMetrics()
        self.manager = Manager(client, config.manager, self.metrics)
        self.events = EventRecorder(client, names.MANAGED_BY)
        self.asker = Asker(client)
        self.controller = Controller("mcpserver", self._reconcile, workers=config.workers, metrics=self.metrics)
        self.inputs = Inputs(self.manager)
        self.world = World(self.manager, self.controller.enqueue, self.inputs, config.namespaces)
        self.prober = Prober(self.asker.ask, self.controller.enqueue)
        self.metrics.registry.register(ServerCollector(self.world.servers))
        self.manager.add(self.controller)
        self.registry_controller = Controller(
            "mcpregistry",
            self._reconcile_registry,
            workers=REGISTRY_WORKERS,
            stop_seconds=READING_STOP_SECONDS,
            metrics=self.metrics,
        )
        enqueue = self.registry_controller.enqueue
        self.registry_world = RegistryWorld(self.manager, enqueue, self.inputs, config.namespaces)
        completer = Completer(self.world, self.registry_world, config.system_namespace)
        self.servers = ServerReconciler(self.world, self.prober, self.events, completer, config.options)
        readings = RegistryMetrics(self.metrics)
        self.registries = RegistryReconciler(self.registry_world, self.events, readings, completer.pins)
        self.manager.add(self.registry_controller)
        self.manager.add_runnable(self.events.run)

    async def run(self, stop: asyncio.Event) -> None:
        try:
            await self.manager.run(stop)
        finally:
            await self.prober.close()
            await self.asker.close()

    async def _reconcile(self, key: tuple[str, str]) -> Result:
        return await self.servers.reconcile(key)

    async def _reconcile_registry(self, key: tuple[str, str]) -> Result:
        return await self.registries.reconcile(key)


async def _wait_for_kinds(client: KubeClient, stop: asyncio.Event) -> None:
    """An API server that is not there yet is waited for; one that lacks our kinds is not."""
    backoff = Backoff(base=0.2, ceiling=5.0)
    while not stop.is_set():
        try:
            for kind in (MCPSERVERS, MCPREGISTRIES):
                await client.list(kind, limit=1)
            return
        except NotFound:
            raise NotInstalled(
                f"{client.base_url} does not know the kind {kind.kind}; install the CRDs first: "
                "mcp operator manifests --crds | kubectl apply -f -"
            ) from None
        except ApiError as error:
            if error.status in (401, 403):
                return
            log.warning("the API server is not ready: %s; waiting", error)
        await _sleep_unless(stop, backoff.next())


async def _sleep_unless(stop: asyncio.Event, seconds: float) -> None:
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([waiting], timeout=seconds)
    waiting.cancel()
