"""Live changes: who waits for which resource, and the queue between the writer and a slow reader.

Called by the store (publishing) and by the API server's watch handler (reading). Runs on one event loop, without locks.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"
BACKLOG_LIMIT = 20_000


@dataclass(slots=True, frozen=True)
class Change:
    """One write. The values are kept as they are stored, for most changes are read by few: a backlog of thousands
    would hold up everybody else if it were decoded when a watch begins."""

    revision: int
    type: str
    resource: str
    key: str
    value: str
    previous_value: str | None = None
    memo: dict[Any, Any] = field(default_factory=dict, compare=False)
    """Readers keep what they derive from the change here (its encoded form), so that a hundred watches encode once."""

    @property
    def object(self) -> dict[str, Any]:
        """A copy of the reader's own."""
        return json.loads(self.value)

    @property
    def previous(self) -> dict[str, Any] | None:
        """The same of what was there before."""
        return None if self.previous_value is None else json.loads(self.previous_value)


class Watcher:
    """The changes of one resource (and key prefix) after a revision, as an asynchronous iterator."""

    def __init__(self, resource: str, prefix: str, backlog: list[Change]) -> None:
        self.resource = resource
        self.prefix = prefix
        self._queue: deque[Change] = deque(backlog)
        self._wakeup = asyncio.Event()
        self.closed = False

    def offer(self, change: Change) -> None:
        """Take a change that concerns this watcher; one that reads too slowly is closed rather than fed forever."""
        if self.closed or not change.key.startswith(self.prefix):
            return
        if len(self._queue) >= BACKLOG_LIMIT:
            self.close()
            return
        self._queue.append(change)
        self._wakeup.set()

    def close(self) -> None:
        self.closed = True
        self._wakeup.set()

    def pending(self) -> int:
        return len(self._queue)

    def take(self, limit: int) -> list[Change]:
        """What waits already, at most `limit` changes."""
        return [self._queue.popleft() for _ in range(min(limit, len(self._queue)))]

    async def next(self, timeout: float | None = None) -> Change | None:
        """The next change; None when the time is over or the watcher was closed."""
        while not self._queue:
            if self.closed:
                return None
            self._wakeup.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self._wakeup.wait()
            except TimeoutError:
                return None
        return self._queue.popleft()


class Hub:
    """The watchers by resource."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[Watcher]] = {}

    def add(self, watcher: Watcher) -> None:
        self._watchers.setdefault(watcher.resource, set()).add(watcher)

    def remove(self, watcher: Watcher) -> None:
        watcher.close()
        self._watchers.get(watcher.resource, set()).discard(watcher)

    def publish(self, change: Change) -> None:
        for watcher in tuple(self._watchers.get(change.resource, ())):
            watcher.offer(change)

    def close_resource(self, resource: str) -> None:
        """End every watch of a resource (its definition is gone)."""
        for watcher in self._watchers.pop(resource, set()):
            watcher.close()

    def close(self) -> None:
        for resource in tuple(self._watchers):
            self.close_resource(resource)
