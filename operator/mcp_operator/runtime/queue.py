"""A work queue of keys: de-duplicating, delaying, with a back-off per key.

Role: between the event handlers of informers and the workers of a controller. A key that is added many times before a
worker takes it is worked on once; one that is added while it is worked on comes again afterwards; no key is ever with
two workers. Not its job: what the keys mean. Called by `Controller`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from mcp_operator.runtime.backoff import delay
from mcp_operator.runtime.metrics import QueueMetrics

K = TypeVar("K", bound=Hashable)

BACKOFF_BASE = 1.0
BACKOFF_CEILING = 300.0


class ShutDown(Exception):
    """The queue takes and gives nothing any more."""


class WorkQueue(Generic[K]):
    """All methods but `get` are synchronous and belong to one event loop."""

    def __init__(
        self, *, base: float = BACKOFF_BASE, ceiling: float = BACKOFF_CEILING, metrics: QueueMetrics | None = None
    ) -> None:
        self._base = base
        self._ceiling = ceiling
        self._metrics = metrics or QueueMetrics.none()
        self._ready: deque[K] = deque()
        self._dirty: dict[K, float] = {}
        """Wanted keys, and since when."""
        self._working: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._closed = False

    def __len__(self) -> int:
        """Keys ready for a worker; those that wait for their time do not count."""
        return len(self._ready)

    @property
    def delayed(self) -> int:
        return len(self._timers)

    def add(self, key: K) -> None:
        self._cancel_timer(key)
        if self._closed or key in self._dirty:
            return
        self._dirty[key] = _now()
        self._metrics.added()
        if key not in self._working:
            self._push(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Adds the key after a while, unless an earlier time for it stands already."""
        if seconds <= 0:
            self.add(key)
            return
        if self._closed or (key in self._dirty and key not in self._working):
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= loop.time() + seconds:
                return
            timer.cancel()
        self._timers[key] = loop.call_later(seconds, self._due, key)

    def add_rate_limited(self, key: K) -> float:
        """Adds the key after the back-off of its failures, one more than before; returns the wait."""
        self._failures[key] = self._failures.get(key, 0) + 1
        self._metrics.retried()
        seconds = delay(self._failures[key], self._base, self._ceiling)
        self.add_after(key, seconds)
        return seconds

    def forget(self, key: K) -> None:
        """The key is well again: its next failure starts at the base."""
        self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        return self._failures.get(key, 0)

    async def get(self) -> K:
        """The next key; call `done` when finished with it. Raises `ShutDown` when the queue is closed."""
        while True:
            if self._closed:
                raise ShutDown
            if self._ready:
                return self._take()
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake()
                raise

    def done(self, key: K) -> None:
        self._working.discard(key)
        if key in self._dirty and not self._closed:
            self._push(key)

    def shut_down(self) -> None:
        """Wakes every worker with `ShutDown`; keys in work may finish, others are dropped."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._ready.clear()
        self._dirty.clear()
        self._metrics.depth(0)
        while self._waiters:
            self._wake()

    def _take(self) -> K:
        key = self._ready.popleft()
        self._metrics.depth(len(self._ready))
        self._metrics.waited(_now() - self._dirty.pop(key))
        self._working.add(key)
        return key

    def _push(self, key: K) -> None:
        self._ready.append(key)
        self._metrics.depth(len(self._ready))
        self._wake()

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _due(self, key: K) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _cancel_timer(self, key: K) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()


def _now() -> float:
    return asyncio.get_event_loop().time()
