"""Keeps parts of the cluster running: coroutines of the daemon itself, and the operator as a child process.

A part that ends or fails is started again after a pause that doubles from one second to half a minute and starts over
once the part has run for a while. Called by the daemon; knows nothing of what the parts do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from mcp_cli.local.node.orphans import ProcessRecords

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE, HEALTHY_SECONDS = 1.0, 30.0, 60.0
STOP_SECONDS = 5.0
LOG_LIMIT = 8 * 1024 * 1024


async def keep_running(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a part, again and again, until cancelled."""
    pause = FIRST_PAUSE
    while True:
        started = time.monotonic()
        try:
            await run()
            log.warning("%s ended; it starts again in %.0f s", name, pause)
        except Exception:
            log.exception("%s failed; it starts again in %.0f s", name, pause)
        if time.monotonic() - started > HEALTHY_SECONDS:
            pause = FIRST_PAUSE
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


class ChildProcess:
    """A child with its own session and log file, recorded so that the next daemon ends it if this one is killed."""

    def __init__(self, command: list[str], log_file: Path, state: Path) -> None:
        self._command = command
        self._log_file = log_file
        self._records = ProcessRecords(state / "processes")
        self._state = state

    async def run(self) -> None:
        """Start the child and wait for its end; when cancelled, stop it first."""
        rotate(self._log_file)
        with self._log_file.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        try:
            # Within the reach of `finally`: on a full disk the record fails, and the child would stay beside the next.
            self._records.add(process.pid, str(self._state))
            code = await process.wait()
            log.warning("%s exited with code %s; its last words are in %s", self._command[2], code, self._log_file)
        finally:
            await stop_process(process)
            self._records.remove(process.pid)


async def stop_process(process: asyncio.subprocess.Process) -> None:
    """TERM, a while, KILL: to the whole session of the child."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def rotate(file: Path, limit: int = LOG_LIMIT) -> None:
    """Keep one older log file beside a long one."""
    with contextlib.suppress(FileNotFoundError):
        if file.stat().st_size > limit:
            file.replace(file.with_name(file.name + ".1"))


def python_module(module: str, *arguments: str) -> list[str]:
    """The command line that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *arguments]
