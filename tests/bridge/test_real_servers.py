"""Published servers, installed by `mcp-bridge install` and served by the bridge."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.bridge.bridge_testing import Start, legacy_call

pytestmark = pytest.mark.network


async def install(runtime: str, package: str, into: Path, store: Path) -> str:
    command = [sys.executable, "-m", "mcp_operator.bridge.main", "install", "--runtime", runtime]
    command += ["--package", package, "--into", str(into)]
    environment = {**os.environ, "MCP_PACKAGE_STORE": str(store)}
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, env=environment)
    _, stderr = await process.communicate()
    assert process.returncode == 0, stderr.decode()
    return str(into / "server")


async def test_time_server_from_pypi_tells_the_time(start: Start, tmp_path: Path) -> None:
    server = await install("python", "mcp-server-time", tmp_path / "app", tmp_path / "store")
    bridge = await start(command=[server])
    text = await bridge.text("get_current_time", timezone="Europe/Berlin")
    assert '"timezone": "Europe/Berlin"' in text
    headers = await bridge.session()
    answer = await bridge.post(legacy_call("get_current_time", timezone="UTC"), headers)
    assert answer.json()["result"]["isError"] is False
    assert not installers(bridge.process.pid)


async def test_everything_server_from_npm_is_legacy_and_runs_without_npm(start: Start, tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("no npm here")
    package = "@modelcontextprotocol/server-everything"
    server = await install("node", package, tmp_path / "app", tmp_path / "store")
    bridge = await start(command=[server])
    discover = await bridge.ask("server/discover")
    assert (discover.status_code, discover.json()["error"]["code"]) == (404, -32601)
    headers = await bridge.session()
    answer = await bridge.post(legacy_call("echo", message="hello"), headers)
    assert "hello" in answer.text
    assert not installers(bridge.process.pid)


def commands_below(pid: int) -> set[str]:
    """The commands of all processes below this one."""
    found: set[str] = set()
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        found |= {Path(word.decode()).name for word in words if word} | commands_below(int(child))
    return found


def installers(pid: int) -> set[str]:
    return commands_below(pid) & {"uv", "uvx", "npm", "npx", "npm-cli.js"}
