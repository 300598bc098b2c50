"""The official conformance suite: how it is had, run and read.

Role: Node 22 or newer (the host's, else npm's `node`), the suite and the Python SDK, each in `.testenv/conformance`;
one run of it as outcomes by scenario. Called by: the tests beside it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUITE = "@modelcontextprotocol/conformance@0.2.0-alpha.12"
NODE = "node@24"
SDK = "mcp>=2.3,<2.4"
REVISIONS = ("2026-07-28", "2025-11-25")

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".testenv" / "conformance"
TEST_SERVER = Path(__file__).parent / "server" / "everything.py"
DRIVER = Path(__file__).parent / "client_driver.py"
PATIENCE = 60.0

_SCENARIO = re.compile(r"^  - (\S+)$", re.MULTILINE)
_OUTCOME = re.compile(r"^([✓✗]) (\S+): (\d+) passed, (\d+) failed", re.MULTILINE)


class Unavailable(Exception):
    """The suite cannot run here; the message says why."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The suite, ready to run; `python` is the interpreter that has the SDK."""

    node: str
    script: str
    python: str

    def required(self, revision: str) -> tuple[list[str], list[str]]:
        """The scenarios that a revision requires: of a server, of a client."""
        text = self._run("list", "--requirements", revision).partition("Run and reported")[0]
        servers, _, clients = text.partition("Client scenarios")
        return _SCENARIO.findall(servers), _SCENARIO.findall(clients)

    def judge_server(self, url: str, revision: str) -> dict[str, bool]:
        """Whether the server at this address passes, by scenario; unscored ones included."""
        text = self._run("server", "--url", url, "--requirements", revision, "--timeout", "60000")
        summary = text.partition("=== SUMMARY ===")[2]
        return {name: mark == "✓" for mark, name, _, _ in _OUTCOME.findall(summary)}

    def judge_client(self, scenario: str, revision: str) -> tuple[bool, str]:
        """Whether our client passes a scenario, and what the suite said."""
        command = f"{sys.executable} {DRIVER}"
        text = self._run("client", "--command", command, "--scenario", scenario, "--spec-version", revision)
        return "OVERALL: PASSED" in text, text

    def _run(self, *arguments: str) -> str:
        command = [self.node, self.script, *arguments]
        # Its results go to a folder of its own, not into the checkout.
        result = subprocess.run(command, capture_output=True, text=True, cwd=HOME, timeout=600)
        return result.stdout + result.stderr


def prepare() -> Judge:
    """The suite and the SDK, installed once. Raises Unavailable where they cannot be had."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        npm = shutil.which("npm")
        if npm is None:
            raise Unavailable("npm is not there; install Node.js 22 or newer")
        script = HOME / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
        if not script.exists():
            install([npm, "install", "--prefix", str(HOME), "--no-audit", "--no-fund", "--loglevel=error", SUITE])
        return Judge(find_node(npm), str(script), sdk_python())


def find_node(npm: str) -> str:
    """A Node that the suite runs on: 22 or newer."""
    host, own = shutil.which("node"), HOME / "node_modules" / "node" / "bin" / "node"
    if host and major(host) >= 22:
        return host
    if not own.exists():
        install([npm, "install", "--prefix", str(HOME), "--no-audit", "--no-fund", "--loglevel=error", NODE])
    return str(own)


def major(node: str) -> int:
    result = subprocess.run([node, "--version"], capture_output=True, text=True)
    found = re.match(r"v(\d+)", result.stdout)
    return int(found[1]) if found else 0


def sdk_python() -> str:
    """The SDK never enters our own environment: it owns the name `mcp` there."""
    import uv

    binary, python = os.fsdecode(uv.find_uv_bin()), HOME / "sdk" / "bin" / "python"
    if not (HOME / "sdk" / "lib").exists() or not python.exists():
        install([binary, "venv", "--quiet", "--no-project", "--python", sys.executable, str(HOME / "sdk")])
    if not list((HOME / "sdk").glob("lib/*/site-packages/mcp/server/__init__.py")):
        install([binary, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), SDK])
    return str(python)


def install(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise Unavailable(f"{' '.join(command[:3])} failed (is there a network?): {result.stderr.strip()[-300:]}")


@contextlib.contextmanager
def serving(command: list[str], port: int, log: Path) -> Iterator[str]:
    """The address of a server that runs for as long as the block does."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def direct(judge: Judge, port: int) -> list[str]:
    return [judge.python, str(TEST_SERVER), "--http", str(port)]


def bridged(judge: Judge, port: int) -> list[str]:
    bridge = [sys.executable, "-m", "mcp_operator.bridge.main", "--port", str(port)]
    return [*bridge, "--", judge.python, str(TEST_SERVER)]


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"{process.args} ended with {process.returncode} before it served")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"{process.args} does not listen on {port}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
