"""Work in threads that the end of the process does not wait for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest
from mcp_operator.runtime.logs import correlation
from mcp_operator.runtime.threads import in_background

pytestmark = pytest.mark.fast


async def test_results_errors_and_the_context_come_through() -> None:
    assert await in_background(lambda: 7, "seven") == 7
    with pytest.raises(ValueError, match="no"):
        await in_background(lambda: int("no"), "fails")
    with correlation(object="one"):
        from mcp_operator.runtime.logs import _context

        assert (await in_background(_context.get, "context") or {})["object"] == "one"


async def test_who_stops_waiting_is_not_told_any_more() -> None:
    held, ended = threading.Event(), threading.Event()

    def work() -> None:
        held.wait(120)
        ended.set()
        raise RuntimeError("nobody hears this")

    future = in_background(work, "held")
    future.cancel()
    held.set()
    assert await asyncio.to_thread(ended.wait, 120)
    assert future.cancelled()


def test_a_thread_that_hangs_does_not_keep_the_process() -> None:
    program = """
import asyncio, time
from mcp_operator.runtime.threads import in_background
async def main():
    in_background(lambda: time.sleep(600), "hangs")
    await asyncio.sleep(0)
asyncio.run(main())
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
