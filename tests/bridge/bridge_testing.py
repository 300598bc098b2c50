"""A running bridge for a test, and clients of both eras that show what is on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

SERVER = Path(__file__).parent / "servers" / "stdio_server.py"
VERSION = "2026-07-28"
PREFIX = "io.modelcontextprotocol/"
PATIENCE = 120.0
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}

Message = dict[str, Any]


def meta(**more: Any) -> Message:
    return {PREFIX + "protocolVersion": VERSION, PREFIX + "clientCapabilities": {}, **more}


def modern_request(method: str, params: Message | None = None, number: Any = 1, **more: Any) -> Message:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": {"_meta": meta(**more), **(params or {})}}


def modern_headers(message: Message) -> dict[str, str]:
    headers = {"MCP-Protocol-Version": VERSION, "Mcp-Method": message["method"]}
    if message["method"] in NAMED:
        headers["Mcp-Name"] = message["params"][NAMED[message["method"]]]
    return headers


def events(text: str) -> list[Message]:
    """The messages of an event stream."""
    lines = text.splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


class Bridge:
    """A bridge process; `http` is a client of it."""

    def __init__(self, process: asyncio.subprocess.Process, http: httpx.AsyncClient) -> None:
        self.process = process
        self.http = http
        self.port = 0
        self.log: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    async def read_log(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log.append(line.decode().rstrip("\n"))

    async def until(self, ready: Callable[[], Awaitable[Any]]) -> Any:
        """What `ready` returns as soon as that is true."""
        async with asyncio.timeout(PATIENCE):
            while not (found := await ready()):  # noqa: ASYNC110 (what changes is another process)
                await asyncio.sleep(0.01)
        return found

    async def logged(self, words: str) -> bool:
        return any(words in line for line in self.log)

    async def is_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return (await self.http.get(f"http://127.0.0.1:{self.port}/readyz")).status_code == 200
        return False

    async def ask(
        self, method: str, params: Message | None = None, number: Any = 1, headers: Message | None = None, **more: Any
    ) -> httpx.Response:
        """A modern request; `headers` are set over the right ones, None leaves one out."""
        message = modern_request(method, params, number, **more)
        given = {**modern_headers(message), **(headers or {})}
        return await self.post(message, {key: value for key, value in given.items() if value is not None})

    async def call(
        self, tool: str, number: Any = 1, headers: Message | None = None, **arguments: Any
    ) -> httpx.Response:
        return await self.ask("tools/call", {"name": tool, "arguments": arguments}, number, headers)

    async def text(self, tool: str, **arguments: Any) -> str:
        answer = (await self.call(tool, **arguments)).json()
        return str(answer["result"]["content"][0]["text"])

    async def post(self, message: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return await self.http.post(
            self.url, content=body, headers={"Content-Type": "application/json", **(headers or {})}
        )

    async def initialize(self, **capabilities: Any) -> httpx.Response:
        info = {"name": "test", "version": "1"}
        params = {"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": info}
        return await self.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})

    async def session(self, **capabilities: Any) -> dict[str, str]:
        """The headers of a new legacy session."""
        answer = await self.initialize(**capabilities)
        headers = {"Mcp-Session-Id": answer.headers["mcp-session-id"], "MCP-Protocol-Version": "2025-11-25"}
        await self.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, headers)
        return headers

    async def metric(self, name: str) -> float:
        text = (await self.http.get(f"http://127.0.0.1:{self.port}/metrics")).text
        return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), 0.0)


def legacy_call(tool: str, number: Any = 1, **arguments: Any) -> Message:
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


Start = Callable[..., Awaitable[Bridge]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a bridge: `await start("--max-sessions", "1", server=["--era", "legacy"])`."""
    async with contextlib.AsyncExitStack() as stack:

        async def begin(
            *flags: str, server: tuple[str, ...] | list[str] = (), command: list[str] | None = None
        ) -> Bridge:
            child = command or [sys.executable, str(SERVER), *server]
            arguments = [sys.executable, "-m", "mcp_operator.bridge.main", "--port", "0", *flags, "--", *child]
            process = await asyncio.create_subprocess_exec(*arguments, stderr=asyncio.subprocess.PIPE)
            limits = httpx.Limits(max_connections=None)
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE, limits=limits))
            bridge = Bridge(process, http)
            reading = asyncio.ensure_future(bridge.read_log())
            stack.push_async_callback(finish, bridge, reading)
            line = await bridge.until(lambda: find_line(bridge, " on http://"))
            bridge.port = int(line.rpartition(":")[2].partition("/")[0])
            await bridge.until(bridge.is_ready)
            return bridge

        yield begin


async def find_line(bridge: Bridge, words: str) -> str | None:
    return next((line for line in bridge.log if words in line), None)


async def finish(bridge: Bridge, reading: asyncio.Task[None]) -> None:
    if bridge.process.returncode is None:
        bridge.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(bridge.process.wait(), 5)
        except TimeoutError:
            bridge.process.kill()
            await bridge.process.wait()
    await reading


@pytest.fixture
async def bridge(start: Start) -> Bridge:
    return await start()
