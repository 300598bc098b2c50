"""Runs informers, controllers, health servers and leader election together, in order, and stops them in order.

Role: the frame of a controller program: informers fill, leadership is taken, controllers start; on the way out
controllers finish what they do, then the rest ends. Not its job: any kind. Called by entry points and by the embedded
cluster.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.controller import Controller
from mcp_operator.runtime.health import Answer, HealthServer, Route
from mcp_operator.runtime.informer import Informer
from mcp_operator.runtime.leader import LeaderElector, LeaseConfig
from mcp_operator.runtime.metrics import RuntimeMetrics
from mcp_operator.runtime.resources import Resource

Runnable = Callable[[], Awaitable[None]]
Address = tuple[str, int]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ManagerConfig:
    """What to serve and whether to elect a leader; the default is neither."""

    metrics_address: Address | None = None
    health_address: Address | None = None
    lease: LeaseConfig | None = None


class Manager:
    """One client, the informers that its controllers share, and the controllers."""

    def __init__(
        self, client: KubeClient, config: ManagerConfig | None = None, metrics: RuntimeMetrics | None = None
    ) -> None:
        self.client = client
        self.metrics = metrics
        self.servers: list[HealthServer] = []
        self._config = config or ManagerConfig()
        self._informers: dict[tuple[Any, ...], Informer] = {}
        self._controllers: list[Controller] = []
        self._runnables: list[Runnable] = []
        self._tasks: dict[asyncio.Task[None], Runnable] = {}
        self._started = False
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None

    def informer(self, resource: Resource, **selector: Any) -> Informer:
        """The informer of a resource and selector; the same one for the same question, started once."""
        identity = (resource, *sorted(selector.items()))
        if identity not in self._informers:
            self._informers[identity] = Informer(self.client, resource, **selector)
            if self._started:
                self._start(self._informers[identity].run)
        return self._informers[identity]

    def release(self, informer: Informer) -> None:
        """Ends an informer that nobody needs any more: its watch is closed and its objects are forgotten."""
        self._informers = {key: one for key, one in self._informers.items() if one is not informer}
        for task in [task for task, run in self._tasks.items() if run == informer.run]:
            task.cancel()

    def add(self, controller: Controller) -> None:
        """A controller to run once the informers are filled (and this process leads)."""
        self._controllers.append(controller)

    def add_runnable(self, run: Runnable) -> None:
        """Something else to run until it is cancelled, from before the controllers start until after they end."""
        self._runnables.append(run)

    @property
    def ready(self) -> bool:
        """Every cache is filled and its server answers; a process that waits to lead is ready too."""
        return all(informer.synced.is_set() and informer.error is None for informer in self._informers.values())

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Runs until `stop` is set or the task is cancelled; reconciles in flight finish first.

        Raises `LeadershipLost` when another process may lead, and the error of a part that ended with one: without
        its informer or its events an operator would seem to work.
        """
        stop = stop or asyncio.Event()
        async with self._serving(), self._background(stop):
            if not await _unless(stop, self._synced()):
                return
            async with self._leading(stop) as leading:
                if not stop.is_set():
                    await self._run_controllers(stop, leading)
        if self._failure is not None:
            raise self._failure

    async def _synced(self) -> None:
        for informer in list(self._informers.values()):
            await informer.synced.wait()

    @contextlib.asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        self.servers = [HealthServer(host, port, routes) for (host, port), routes in self._routes().items()]
        try:
            for server in self.servers:
                await server.start()
            yield
        finally:
            for server in self.servers:
                await server.stop()

    @contextlib.asynccontextmanager
    async def _background(self, stop: asyncio.Event) -> AsyncIterator[None]:
        """Informers and runnables; one that fails sets `stop`."""
        self._started, self._stop = True, stop
        for run in [*(informer.run for informer in self._informers.values()), *self._runnables]:
            self._start(run)
        try:
            yield
        finally:
            self._started = False
            await _cancel(list(self._tasks))
            self._tasks.clear()

    @contextlib.asynccontextmanager
    async def _leading(self, stop: asyncio.Event) -> AsyncIterator[asyncio.Task[None] | None]:
        """Inside, this process leads; the task ends (with `LeadershipLost`) when it does not any more."""
        if self._config.lease is None:
            yield None
            return
        elector = LeaderElector(self.client, self._config.lease)
        self._show_leader(False)
        if not await _unless(stop, elector.acquire()):
            yield None
            return
        self._show_leader(True)
        holding = asyncio.create_task(elector.hold(), name="leader")
        try:
            yield holding
        finally:
            self._show_leader(False)
            await _cancel([holding])
            await elector.release()

    async def _run_controllers(self, stop: asyncio.Event, leading: asyncio.Task[None] | None) -> None:
        running = [asyncio.create_task(controller.run(), name=controller.name) for controller in self._controllers]
        waiting = asyncio.create_task(stop.wait())
        ends = [waiting, *running, *([leading] if leading else [])]
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if leading in done:
                # Another process may write now: what is in flight must not.
                for controller in self._controllers:
                    controller.stop_seconds = 0.0
        finally:
            await _cancel([waiting, *running])
        for task in done - {waiting}:
            task.result()

    def _start(self, run: Runnable) -> None:
        async def running() -> None:
            await run()

        task = asyncio.create_task(running(), name=getattr(run, "__qualname__", "background"))
        self._tasks[task] = run
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A part of the background has ended: with an error, everything ends."""
        if self._started:
            self._tasks.pop(task, None)
        error = None if task.cancelled() else task.exception()
        if error is not None and self._started and self._failure is None:
            log.error("%s ended: %s", task.get_name(), error)
            self._failure = error
            self._stop.set()

    def _show_leader(self, leads: bool) -> None:
        if self.metrics and self._config.lease:
            self.metrics.leader.labels(self._config.lease.name).set(1 if leads else 0)

    def _routes(self) -> dict[Address, dict[str, Route]]:
        """What to serve where; one address may serve both."""
        routes: dict[Address, dict[str, Route]] = {}
        if self._config.health_address:
            routes.setdefault(self._config.health_address, {}).update({"/healthz": _alive, "/readyz": self._readyz})
        if self._config.metrics_address and self.metrics:
            routes.setdefault(self._config.metrics_address, {})["/metrics"] = self._metrics
        return routes

    def _readyz(self) -> Answer:
        if self.ready:
            return Answer(200, b"ok\n")
        late = [i for i in self._informers.values() if i.error is not None or not i.synced.is_set()]
        lines = [f"{informer.resource.plural}: {informer.error or 'not listed yet'}\n" for informer in late]
        return Answer(503, "".join(lines).encode())

    def _metrics(self) -> Answer:
        assert self.metrics is not None
        return Answer(200, self.metrics.render(), "text/plain; version=0.0.4; charset=utf-8")


def _alive() -> Answer:
    return Answer(200, b"ok\n")


async def _unless(stop: asyncio.Event, work: Any) -> bool:
    """Awaits the work; False when `stop` was set before it was done."""
    task, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        return task.done()
    finally:
        await _cancel([task, stopping], quiet=True)


async def _cancel(tasks: list[asyncio.Task[Any]], *, quiet: bool = False) -> None:
    """Cancels the tasks and waits for their end; an error that one ended with is logged, not raised."""
    for task in tasks:
        task.cancel()
    for task, outcome in zip(tasks, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
        if isinstance(outcome, Exception) and not quiet:
            log.warning("%s ended: %s", task.get_name(), outcome)
