"""A package started as a person would start it: `uvx` or `npx` on a plain pipe, asked for its tools.

The reference of the sample run: what does not answer here either is broken as published, or wants something that the
machine has not; what answers here and not on the cluster is a fault of ours. Called by `catalogue_run.py`.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mcp_operator.bridge.lastwords import telling
from mcp_operator.protocol.messages import MalformedMessage, decode, encode
from mcp_operator.protocol.versions import LATEST_LEGACY

EACH = 300.0
MAX_LINE = 32 * 1024 * 1024
ATTEMPTS = 3
_PROGRESS = re.compile(r"^ *(?:Download(?:ing|ed)|Install(?:ing|ed)|Building|Built|Prepared|Resolved) .*\n?", re.M)


@dataclass(frozen=True, slots=True)
class ByHand:
    """What the package did: how many tools it listed, or its last words."""

    tools: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Start:
    """How a person starts it."""

    runtime: str
    package: str
    program: str
    arguments: tuple[str, ...]
    python: str = ""
    chosen: bool = False

    def command(self) -> list[str]:
        if self.runtime == "python":
            python = ["--python", self.python] if self.python else []
            uv = [str(Path(sys.executable).with_name("uv")), "tool", "run"]
            return [*uv, *python, "--from", self.package, self.program, *self.arguments]
        if self.chosen:
            return ["npx", "-y", "-p", self.package, self.program, *self.arguments]
        return ["npx", "-y", self.package, *self.arguments]


def start_of(runtime: Mapping[str, Any]) -> Start:
    """The same package and arguments as in `spec.runtime` of the MCPServer."""
    package, command = str(runtime["package"]), list(runtime.get("command") or [])
    name = re.sub(r"\[.*\]", "", package.partition("==")[0])
    words = (*command[1:], *runtime.get("args", []))
    return Start(runtime["type"], package, command[0] if command else name, words, chosen=bool(command))


def mended(start: Start, said: str) -> Start | None:
    """The start that the tool's own complaint asks for, as a person would read it; None where it asks for none."""
    python = re.search(r"does not satisfy Python\s*([<>=!~][^\s]*[\d*])", said)
    if python and not start.python:
        return replace(start, python=python[1])
    offered = re.findall(r"^- ([\w.-]+)", said.partition("executables are available:")[2], re.MULTILINE)
    likely = offered if len(offered) == 1 else [name for name in offered if "mcp" in name.lower()]
    if likely and likely[0] != start.program:
        return replace(start, program=likely[0])
    return None


async def by_hand(spec: Mapping[str, Any], environment: Mapping[str, str], seconds: float) -> ByHand:
    """Start what `spec` (of an MCPServer) runs, with its variables, and ask it."""
    given = {item["name"]: item["value"] for item in spec.get("env", []) if "value" in item}
    start: Start | None = start_of(spec["runtime"])
    found = ByHand(None, "")
    for _ in range(ATTEMPTS):
        if start is None:
            break
        found, said = await _try(start.command(), {**environment, **given}, seconds)
        if found.tools is not None:
            break
        start = mended(start, said)
    return found


async def _try(command: list[str], environment: dict[str, str], seconds: float) -> tuple[ByHand, str]:
    with tempfile.TemporaryDirectory(prefix="mcp-by-hand-") as folder, tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment,
            stdin=-1,
            stdout=-1,
            stderr=errors,
            limit=MAX_LINE,
            start_new_session=True,
        )
        junk: list[str] = []
        timed_out = False
        try:
            tools = await asyncio.wait_for(_ask(process, junk), seconds)
        except TimeoutError:
            tools, timed_out = None, True
        finally:
            await _end(process)
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    words = telling(_PROGRESS.sub("", said) + "\n" + "\n".join(junk))
    if timed_out:
        words.append(f"no answer within {seconds:.0f} s")
    elif tools is None:
        words.append(f"exit code {process.returncode}")
    return ByHand(tools, " | ".join(words)), said


async def _ask(process: asyncio.subprocess.Process, junk: list[str]) -> int | None:
    """`initialize`, `tools/list`; None where the server ends or refuses. `junk` gets what is no message."""
    info = {"name": "catalogue-report", "version": "1"}
    first = {"protocolVersion": LATEST_LEGACY, "capabilities": {}, "clientInfo": info}
    if await _request(process, 1, "initialize", first, junk) is None:
        return None
    await _send(process, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    listed = await _request(process, 2, "tools/list", {}, junk)
    return None if listed is None else len(listed.get("tools", []))


async def _request(
    process: asyncio.subprocess.Process, number: int, method: str, params: dict[str, Any], junk: list[str]
) -> dict[str, Any] | None:
    await _send(process, {"jsonrpc": "2.0", "id": number, "method": method, "params": params})
    assert process.stdout is not None
    async for line in process.stdout:
        try:
            message = decode(line)
        except MalformedMessage:
            junk.append(line.decode(errors="replace").rstrip())
            continue
        if isinstance(message, dict) and message.get("id") == number and "method" not in message:
            if "error" in message:
                junk.append(f"Error: {message['error']}")
            result = message.get("result")
            return result if isinstance(result, dict) else None
    return None


async def _send(process: asyncio.subprocess.Process, message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(encode(message) + b"\n")
    # One that has ended already may have said why: that is still read.
    with suppress(ConnectionError):
        await process.stdin.drain()


async def _end(process: asyncio.subprocess.Process) -> None:
    """The tool and the server that it started."""
    with suppress(TimeoutError):
        # One that has closed its output is about to end by itself: its exit code is worth a moment.
        await asyncio.wait_for(process.wait(), 20 if process.stdout is None or process.stdout.at_eof() else 0.01)
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 5)
