"""Long work in short turns: whoever encodes thousands of objects lets others have the event loop in between.

Called by the list, watch and delete handlers, for each object.
"""

from __future__ import annotations

import asyncio
import time

TURN_SECONDS = 0.005


class Pace:
    """`await pace()` between two pieces: goes on at once until the turn is used up, then behind whoever waits."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + TURN_SECONDS

    async def __call__(self) -> None:
        if time.perf_counter() >= self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + TURN_SECONDS
