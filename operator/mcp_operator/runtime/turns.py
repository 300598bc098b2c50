"""Places for work of unknown length: what takes long must not keep others from their turn.

Role: a piece of work begins among the quick ones; when it lasts, it goes on among the slow ones where there is room,
and gives way where there is none. Not its job: to try again. Called by controllers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class GaveWay(Exception):
    """The work took long, no place for slow work was free, and it was cancelled: it needs one from its start."""


async def in_turn(
    work: Callable[[], Coroutine[Any, Any, T]], quick: asyncio.Semaphore, seconds: float, slow: asyncio.Semaphore
) -> T:
    """What `work` gives; after `seconds` it leaves its place among the quick ones. Raises `GaveWay`."""
    task: asyncio.Task[T] | None = None
    try:
        async with quick:
            task = asyncio.create_task(work())
            await asyncio.wait([task], timeout=seconds)
        if task.done():
            return task.result()
        if slow.locked():
            raise GaveWay
        async with slow:
            return await task
    finally:
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])
