"""Which readings of registries go on at the same time: slow sources have places of their own.

Role: remembers who was slow, so that the next reading neither holds up a quick source nor a worker. Not its job: to
read. Called by the registry controller.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from mcp_operator.runtime.resources import Key
from mcp_operator.runtime.turns import GaveWay, in_turn

T = TypeVar("T")

# Each may hold one catalogue on its way.
QUICK, SLOW = 2, 3
# A reading that takes longer is a slow one.
QUICK_SECONDS = 10.0


class Places:
    def __init__(self) -> None:
        self._quick, self._slow = asyncio.Semaphore(QUICK), asyncio.Semaphore(SLOW)
        self._were_slow: set[Key] = set()

    async def read(self, key: Key, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `work` gives. Raises `GaveWay` where the source is slow and there is no room for it now."""

        async def timed() -> T:
            started = time.monotonic()
            try:
                return await work()
            finally:
                slow = time.monotonic() - started >= QUICK_SECONDS
                (self._were_slow.add if slow else self._were_slow.discard)(key)

        if key not in self._were_slow:
            return await in_turn(timed, self._quick, QUICK_SECONDS, self._slow)
        if self._slow.locked():
            raise GaveWay
        async with self._slow:
            return await timed()

    def forget(self, key: Key) -> None:
        """The registry is gone."""
        self._were_slow.discard(key)
