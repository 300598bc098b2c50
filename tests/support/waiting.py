"""Waiting on conditions in tests, never on the clock."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

TIMEOUT = 120.0
# What a garbage collector has a part in: a real one learns of a new kind only every 30 s, and starts over when
# definitions come or go, which other tests do to a shared control plane.
COLLECTED = 240.0


async def eventually(probe: Callable[[], Any | Awaitable[Any]], what: str, timeout: float = TIMEOUT) -> Any:
    """The first true value of `probe()`; the test fails when none comes in time. Exceptions of the probe end it."""
    deadline = time.monotonic() + timeout
    while True:
        value = probe()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout:.0f} s: {what} (last: {value!r})")
        await asyncio.sleep(0.03)
