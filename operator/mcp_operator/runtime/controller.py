"""Workers that take keys from a queue and reconcile them.

Role: turns the four outcomes of a reconcile (done, again after a time, error, terminal error) into what the queue does
next; only this loop knows the queue. Not its job: what a reconcile does. Called by the manager and by event handlers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mcp_operator.runtime.errors import ApiError, Conflict
from mcp_operator.runtime.logs import correlation
from mcp_operator.runtime.metrics import RuntimeMetrics
from mcp_operator.runtime.queue import BACKOFF_BASE, BACKOFF_CEILING, ShutDown, WorkQueue
from mcp_operator.runtime.resources import Key

STOP_SECONDS = 20.0
CUT_SECONDS = 5.0
NAMESPACE_SECONDS = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """What a reconcile wants next; an exception means: again with back-off."""

    requeue_after: float | None = None


DONE = Result()


class TerminalError(Exception):
    """Trying again cannot help until the object changes; it is said once and not retried."""


Reconcile = Callable[[Key], Awaitable["Result | None"]]


class Controller:
    """One queue, some workers, one reconcile function."""

    def __init__(
        self,
        name: str,
        reconcile: Reconcile,
        *,
        workers: int = 1,
        backoff_base: float = BACKOFF_BASE,
        backoff_ceiling: float = BACKOFF_CEILING,
        stop_seconds: float = STOP_SECONDS,
        metrics: RuntimeMetrics | None = None,
    ) -> None:
        self.name = name
        self._reconcile = reconcile
        self._workers = workers
        self.stop_seconds = stop_seconds
        self._metrics = metrics
        queue_metrics = metrics.queue(name) if metrics else None
        self.queue: WorkQueue[Key] = WorkQueue(base=backoff_base, ceiling=backoff_ceiling, metrics=queue_metrics)

    def enqueue(self, key: Key) -> None:
        self.queue.add(key)

    async def run(self) -> None:
        """Works until cancelled; then the reconciles in flight may finish, up to a deadline."""
        workers = [asyncio.create_task(self._work(), name=f"{self.name}-{n}") for n in range(self._workers)]
        try:
            # Not gather: its cancellation would cut off the reconciles in flight.
            await asyncio.wait(workers)
        finally:
            self.queue.shut_down()
            _, late = await asyncio.wait(workers, timeout=self.stop_seconds)
            for task in late:
                log.warning("%s: a reconcile did not finish in %.0f s and is cut off", self.name, self.stop_seconds)
                task.cancel()
            if late:
                # What was cut off must have ended before the client is closed or another process writes.
                await asyncio.wait(late, timeout=CUT_SECONDS)

    async def _work(self) -> None:
        while True:
            try:
                key = await self.queue.get()
            except ShutDown:
                return
            try:
                await self._once(key)
            finally:
                self.queue.done(key)

    async def _once(self, key: Key) -> None:
        started = time.monotonic()
        with correlation(controller=self.name, namespace=key[0], object=key[1]):
            outcome = await self._outcome(key)
        if self._metrics:
            self._metrics.reconciles.labels(self.name, outcome).inc()
            self._metrics.durations.labels(self.name).observe(time.monotonic() - started)

    async def _outcome(self, key: Key) -> str:
        try:
            result = await self._reconcile(key) or DONE
        except TerminalError as error:
            self.queue.forget(key)
            self._failed(error)
            log.error("%s: %s; not tried again until it changes", _spell(key), error)
            return "terminal"
        except asyncio.CancelledError as error:
            if _being_cancelled():
                raise
            # Something that the reconcile awaited was cancelled: this worker was not.
            return self._again(key, error)
        except Exception as error:
            if not (isinstance(error, ApiError) and error.namespace_ends):
                return self._again(key, error)
            # The object goes with its namespace; its own end will be told.
            log.info("%s: %s", _spell(key), error)
            result = Result(NAMESPACE_SECONDS)
        self.queue.forget(key)
        if result.requeue_after is not None:
            self.queue.add_after(key, result.requeue_after)
            return "requeue"
        return "success"

    def _again(self, key: Key, error: BaseException) -> str:
        wait = self.queue.add_rate_limited(key)
        self._failed(error)
        self._say(key, error, wait)
        return "error"

    def _say(self, key: Key, error: BaseException, wait: float) -> None:
        """A refusal of the API server is a line; a fault of ours comes with its traceback."""
        if isinstance(error, Conflict):
            log.info("%s: %s; again in %.0f s", _spell(key), error, wait)
        elif isinstance(error, ApiError):
            log.warning("%s: %s; again in %.0f s", _spell(key), error, wait)
        else:
            log.exception("%s: the reconcile failed; again in %.0f s", _spell(key), wait)

    def _failed(self, error: BaseException) -> None:
        if self._metrics:
            self._metrics.errors.labels(self.name, type(error).__name__).inc()


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _spell(key: Key) -> str:
    return "/".join(part for part in key if part)
