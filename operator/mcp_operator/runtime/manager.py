"""Runs informers, controllers, the health server and leader election together, in order, and stops them in order.

Role: the frame of a controller program. Not its job: any kind. Called by entry points and by the embedded cluster.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.controller import Controller
from mcp_operator.runtime.informer import Informer
from mcp_operator.runtime.resources import Resource

log = logging.getLogger(__name__)


class Manager:
    """One client, the informers that its controllers share, and the controllers."""

    def __init__(self, client: KubeClient) -> None:
        self.client = client
        self._informers: dict[tuple[Any, ...], Informer] = {}
        self._controllers: list[Controller] = []
        self._tasks: list[asyncio.Task[None]] = []

    def informer(self, resource: Resource, **selector: Any) -> Informer:
        """The informer of a resource and selector; the same one for the same question."""
        identity = (resource, *sorted(selector.items()))
        if identity not in self._informers:
            self._informers[identity] = Informer(self.client, resource, **selector)
            if self._tasks:
                self._start_informer(self._informers[identity])
        return self._informers[identity]

    def add(self, controller: Controller) -> None:
        self._controllers.append(controller)

    @property
    def ready(self) -> bool:
        return all(informer.synced.is_set() for informer in self._informers.values())

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Runs until `stop` is set (or the task is cancelled); reconciles in flight finish first."""
        stop = stop or asyncio.Event()
        for informer in list(self._informers.values()):
            self._start_informer(informer)
        try:
            await asyncio.gather(*(informer.synced.wait() for informer in self._informers.values()))
            await self._run_controllers(stop)
        finally:
            await _cancel(self._tasks)
            self._tasks.clear()

    def _start_informer(self, informer: Informer) -> None:
        self._tasks.append(asyncio.create_task(informer.run(), name=f"informer-{informer.resource.plural}"))

    async def _run_controllers(self, stop: asyncio.Event) -> None:
        running = [asyncio.create_task(controller.run(), name=controller.name) for controller in self._controllers]
        waiting = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel([waiting, *running])


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
