"""The MCPRegistry controller: is a reading due, read, store, say so.

Role: the order of these steps for one registry, level-triggered; a failure is written down with the time of the next
try, and the key comes back then. Called by the controller's workers with a namespace and a name.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from mcp_operator.api.conditions import find
from mcp_operator.api.mcpregistry import ResolvedRegistry, resolve, validate
from mcp_operator.catalog.errors import CatalogError
from mcp_operator.catalog.stored import Pin
from mcp_operator.controllers import registry_status
from mcp_operator.controllers.problem import Problem
from mcp_operator.controllers.registry_metrics import RegistryMetrics
from mcp_operator.controllers.registry_places import Places
from mcp_operator.controllers.registry_schedule import due, origin_of, retry_after, timestamp
from mcp_operator.controllers.registry_status import Attempt
from mcp_operator.controllers.registry_sync import Synced, Unprepared, inputs, synchronise
from mcp_operator.controllers.registry_world import MCPREGISTRIES, RegistryWorld
from mcp_operator.controllers.status_write import StatusWriter, merge
from mcp_operator.runtime.controller import DONE, Result
from mcp_operator.runtime.events import EventRecorder
from mcp_operator.runtime.resources import Key, key_of
from mcp_operator.runtime.turns import GaveWay

Object = dict[str, Any]

# A shorter reading is not worth two writes of the status.
SYNCING_SECONDS = 1.0
# How soon a slow source asks for a place again.
PLACE_SECONDS = 5.0

log = logging.getLogger(__name__)


class RegistryReconciler:
    """`pins` tells which versions servers ask for, beside the latest ones."""

    def __init__(
        self,
        world: RegistryWorld,
        events: EventRecorder,
        metrics: RegistryMetrics,
        pins: Callable[[Key], frozenset[Pin]],
    ) -> None:
        self._world = world
        self._events = events
        self._metrics = metrics
        self._pins = pins
        self._statuses = StatusWriter(world.client, MCPREGISTRIES, world.observe)
        self._places = Places()

    async def reconcile(self, key: Key) -> Result:
        registry = self._world.registry(key)
        if registry is None:
            self._metrics.forget(key)
            self._places.forget(key)
            return DONE
        if registry["metadata"].get("deletionTimestamp"):
            return DONE
        errors = validate(registry)
        if errors:
            words = "; ".join(map(str, errors))
            await self._unprepared(Attempt(registry, time.time(), "", False), Problem(errors[0].reason, words, True))
            return DONE
        resolved = resolve(registry)
        try:
            read_with = await inputs(self._world, registry, resolved)
        except Unprepared as missing:
            await self._unprepared(Attempt(registry, time.time(), "", True), missing.problem, resolved)
            return Result(missing.problem.again)
        complete, pinned = self._world.complete(registry), self._asked_for(registry)
        wait = due(registry, resolved, read_with, complete, time.time(), pinned=pinned)
        if wait.seconds > 0:
            return Result(wait.seconds)

        def attempt() -> Attempt:
            log.info("reading %s: %s", "/".join(key), wait.why)
            return Attempt(registry, time.time(), read_with, bool(resolved.secret))

        try:
            return await self._places.read(key, lambda: self._sync(attempt(), resolved))
        except GaveWay:
            log.info("%s: its source is slow, and waits for a place", "/".join(key))
            return Result(PLACE_SECONDS)

    def _asked_for(self, registry: Object) -> bool:
        """Whether a server asks for a version that no reading has looked for."""
        index = self._world.index(registry)
        return index is not None and any(index.pinned(pin) is None for pin in self._pins(key_of(registry)))

    async def _sync(self, attempt: Attempt, resolved: ResolvedRegistry) -> Result:
        registry = attempt.registry
        started = time.monotonic()
        try:
            result = await self._patiently(registry, resolved)
        except Unprepared as missing:
            await self._unprepared(attempt, missing.problem, resolved)
            return Result(missing.problem.again)
        except CatalogError as error:
            self._metrics.observe(registry, "error", time.monotonic() - started)
            return await self._failed(attempt, error, resolved)
        self._metrics.observe(registry, "success", time.monotonic() - started)
        await self._succeeded(attempt, result)
        # One reading looks for so many versions only.
        return Result(0.0 if self._asked_for(registry) else resolved.interval)

    async def _patiently(self, registry: Object, resolved: ResolvedRegistry) -> Synced:
        """Says that it is reading only when that takes a while."""
        reading = asyncio.create_task(synchronise(self._world, registry, resolved, self._pins(key_of(registry))))
        try:
            done, _ = await asyncio.wait([reading], timeout=SYNCING_SECONDS)
            if not done:
                await self._statuses.write(registry, registry_status.syncing(registry))
            return await reading
        except BaseException:
            # The word that it is reading could not be written, or the operator ends: nothing reads on unheard.
            reading.cancel()
            await asyncio.wait([reading])
            raise

    async def _succeeded(self, attempt: Attempt, result: Synced) -> None:
        before = attempt.registry.get("status") or {}
        status = registry_status.synced(attempt, result)
        await self._report(attempt, status)
        if result.changed or before.get("failures") or not before.get("lastSyncTime"):
            self._events.normal(attempt.registry, "Synced", status["message"])

    async def _failed(self, attempt: Attempt, error: CatalogError, resolved: ResolvedRegistry) -> Result:
        failures = int((attempt.registry.get("status") or {}).get("failures") or 0) + 1
        again = retry_after(error, failures, resolved.interval, attempt.now)
        usable = self._usable(attempt.registry, resolved)
        await self._report(attempt, registry_status.failed(attempt, error, again, usable))
        if failures == 1 or error_changed(attempt.registry, error):
            self._events.warning(attempt.registry, registry_status.reason_of(error), str(error))
        return Result(again + 1.0)

    async def _unprepared(self, attempt: Attempt, problem: Problem, resolved: ResolvedRegistry | None = None) -> None:
        usable = resolved is not None and self._usable(attempt.registry, resolved)
        if await self._report(attempt, registry_status.unprepared(attempt, problem, usable)):
            self._events.warning(attempt.registry, problem.reason, problem.message)

    def _usable(self, registry: Object, resolved: ResolvedRegistry) -> bool:
        index = self._world.index(registry)
        return index is not None and index.origin == origin_of(resolved) and self._world.complete(registry)

    async def _report(self, attempt: Attempt, computed: Object) -> bool:
        """Whether there was something new to write."""
        live = self._world.registry(key_of(attempt.registry)) or attempt.registry
        before = live.get("status") or {}
        status = merge(before, computed, timestamp(attempt.now))
        if status is not before:
            await self._statuses.write(attempt.registry, status)
        return status is not before


def error_changed(registry: Object, error: CatalogError) -> bool:
    said = find((registry.get("status") or {}).get("conditions"), registry_status.SYNCED)
    return said is None or said.get("reason") != registry_status.reason_of(error)
