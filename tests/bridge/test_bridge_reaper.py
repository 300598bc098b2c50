"""The bridge as process 1 of a container: what its server leaves behind does not stay as zombies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.bridge.bridge_testing import PATIENCE, SERVER, Bridge, find_line

UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


def unshare_works() -> bool:
    try:
        return subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@contextlib.asynccontextmanager
async def as_process_one(script: str) -> AsyncIterator[Bridge]:
    flags = ["--port", "0", "--keep-alive", "0.1"]
    command = [*UNSHARE, sys.executable, "-m", "mcp_operator.bridge.main", *flags, "--", "sh", "-c", script]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        bridge = Bridge(process, http)
        reading = asyncio.ensure_future(bridge.read_log())
        line = await bridge.until(lambda: find_line(bridge, " on http://"))
        bridge.port = int(line.rpartition(":")[2].partition("/")[0])
        try:
            yield bridge
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await reading


def below(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.skipif(not unshare_works(), reason="needs the right to make a PID namespace")
async def test_orphans_are_buried_and_the_child_is_not_lost(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    orphans = f"for n in 1 2 3; do (cat {gate} & ) ; done"
    async with as_process_one(f"{orphans}; exec {sys.executable} {SERVER}") as bridge:
        await bridge.until(bridge.is_ready)
        init = below(bridge.process.pid)[0]
        assert len(below(init)) == 4

        async def buried() -> bool:
            # A reader that has opened the gate by now ends when nobody can write to it any more.
            with contextlib.suppress(OSError):
                os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
            return len(below(init)) == 1

        await bridge.until(buried)
        assert state(below(init)[0]) != "Z"
        assert await bridge.text("echo", text="alive") == "alive"
        await bridge.call("die", code=9)
        await bridge.http.aclose()
        assert await asyncio.wait_for(bridge.process.wait(), PATIENCE) == 9
