"""The bridges that are measured: ours and two of others, each with how to start it and which era it speaks.

Role: install the server and the rivals into `.testenv/bench` once. Called by: `bridge.py`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".testenv" / "bench"
MCP_PROXY = "mcp-proxy==0.13.0"
SUPERGATEWAY = "supergateway@4.0.0"


@dataclass(frozen=True, slots=True)
class Rival:
    """One bridge: its command for a port, and whether its clients speak the modern revision."""

    name: str
    server: list[str]
    command: Callable[[int], list[str]]
    modern: bool


def find_rivals(scratch: Path, only_ours: bool = False) -> tuple[list[Rival], list[str]]:
    """What can be measured here, ours first, and why the rest cannot."""
    server = [str(install("python", "mcp-server-time", HOME / "time"))]
    bridge = str(Path(sys.executable).parent / "mcp-bridge")
    rivals = [Rival("mcp-bridge", server, lambda port: [bridge, "--port", str(port), "--", *server], True)]
    missing: list[str] = []
    if only_ours:
        return rivals, missing
    try:
        proxy = str(install("python", MCP_PROXY, HOME / "mcp-proxy"))
        flags = ["--pass-environment", "--host", "127.0.0.1"]
        rivals.append(
            Rival("mcp-proxy", server, lambda port: [proxy, *flags, "--port", str(port), "--", *server], False)
        )
    except subprocess.CalledProcessError as error:
        missing.append(f"mcp-proxy: {error.stderr.strip()}")
    try:
        rivals.append(supergateway(server))
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        missing.append(f"supergateway: {getattr(error, 'stderr', error)}")
    return rivals, missing


def supergateway(server: list[str]) -> Rival:
    """With --stateful: without it, it starts a server for every request, and a call takes two seconds."""
    script = str(install("node", SUPERGATEWAY, HOME / "supergateway"))
    node = shutil.which("node")
    if node is None:
        raise FileNotFoundError("no node on the PATH")
    stdio = " ".join(server)
    flags = ["--stdio", stdio, "--outputTransport", "streamableHttp", "--stateful", "--logLevel", "none"]
    return Rival("supergateway", server, lambda port: [node, script, *flags, "--port", str(port)], False)


def install(runtime: str, package: str, into: Path) -> Path:
    if not (into / "server").exists():
        bridge = Path(sys.executable).parent / "mcp-bridge"
        command = [str(bridge), "install", "--runtime", runtime, "--package", package, "--into", str(into)]
        environment = {key: value for key, value in os.environ.items() if key != "MCP_PACKAGE_STORE"}
        subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return into / "server"
