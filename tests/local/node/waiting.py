"""Waiting on conditions, for the tests of the node agent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 120.0


def until(check: Callable[[], T], what: str, timeout: float = PATIENCE) -> T:
    """The first true value of `check`; fails the test when there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout:g} s: {what}"
        time.sleep(0.05)


async def until_async(check: Callable[[], T], what: str, timeout: float = PATIENCE) -> T:
    """The same beside a running loop."""
    deadline = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout:g} s: {what}"
        await asyncio.sleep(0.01)
