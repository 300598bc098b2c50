"""Real HTTP servers for the clients' tests: uvicorn on a port of the kernel's choice, in a thread.

`ModernApp` and `LegacyApp` are small MCP servers written against the specification, not against our client.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from mcp_operator.protocol.checks import check_mirrors, check_modern
from mcp_operator.protocol.errors import error_body
from mcp_operator.protocol.mirrors import mirrors_of
from mcp_operator.protocol.sse import encode_comment, encode_event
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route


@contextmanager
def serve(server_app: ModernApp | LegacyApp) -> Iterator[str]:
    """The URL of a server that handles every HTTP method at /mcp."""
    app = Starlette(routes=[Route("/mcp", server_app.handle, methods=["GET", "POST", "DELETE"])])
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.should_exit = True
        thread.join(60)


def wait_until(condition: Any, timeout: float = 120.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def answer(message: dict[str, Any], **result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


def event_stream(events: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(events, media_type="text/event-stream")


def event(message: dict[str, Any]) -> bytes:
    return encode_event(json.dumps(message))


def progress(token: Any, value: float) -> bytes:
    params = {"progressToken": token, "progress": value, "total": 3, "message": f"step {value}"}
    return event({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})


REGION = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}
MODERN_TOOLS = [
    {"name": "where", "inputSchema": REGION},
    *({"name": name, "inputSchema": {"type": "object"}} for name in ("steps", "big", "quiet", "cut", "silent")),
]


class ModernApp:
    """A modern server that checks every header as a strict one does."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self.waiting = threading.Event()
        self.while_silent: Callable[[], None] = lambda: None

    async def handle(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(status_code=405)
        message = await request.json()
        refused = check_modern(message, request.headers)
        if refused:
            return JSONResponse(refused.body(message["id"]), refused.status)
        method = message["method"]
        if method == "server/discover":
            info = {"io.modelcontextprotocol/serverInfo": {"name": "modern", "version": "1"}}
            fields = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, "_meta": info}
            return JSONResponse(answer(message, resultType="complete", **fields))
        if method == "tools/list":
            return JSONResponse(answer(message, resultType="complete", tools=MODERN_TOOLS))
        if method != "tools/call":
            return JSONResponse(error_body(message["id"], -32601, "Method not found"), 404)
        return await self._call(request, message)

    async def _call(self, request: Request, message: dict[str, Any]) -> Response:
        name = message["params"]["name"]
        if name == "where":
            refused = check_mirrors(message, request.headers, mirrors_of(MODERN_TOOLS[0]))
            if refused:
                return JSONResponse(refused.body(message["id"]), refused.status)
            return JSONResponse(answer(message, content=[], region=message["params"]["arguments"]["region"]))
        if name == "big":
            return JSONResponse(answer(message, text="x" * message["params"]["arguments"]["size"]))
        return event_stream(getattr(self, f"_{name}")(message))

    async def _steps(self, message: dict[str, Any]) -> AsyncIterator[bytes]:
        """Progress and the answer, in pieces of seven bytes."""
        token = message["params"]["_meta"]["progressToken"]
        whole = (
            encode_comment("hello") + progress(token, 1) + progress(token, 2) + event(answer(message, content=["ü"]))
        )
        for start in range(0, len(whole), 7):
            yield whole[start : start + 7]
            await asyncio.sleep(0)

    async def _quiet(self, message: dict[str, Any]) -> AsyncIterator[bytes]:
        """Alive, as its comments say, but it never answers."""
        while True:
            yield encode_comment("still here")
            self.while_silent()
            await asyncio.sleep(0.01)

    async def _cut(self, message: dict[str, Any]) -> AsyncIterator[bytes]:
        yield b"data: half of an"
        raise ConnectionError("the server falls over")

    async def _silent(self, message: dict[str, Any]) -> AsyncIterator[bytes]:
        yield encode_comment("working")
        self.waiting.set()
        try:
            await asyncio.sleep(60)
        finally:
            self.gone.set()


class LegacyApp:
    """A legacy server with one session, which asks its questions on its own stream and nowhere else."""

    def __init__(self) -> None:
        self.outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.answers: dict[Any, asyncio.Future[Any]] = {}
        self.notified: list[dict[str, Any]] = []
        self.listening = False
        self.deleted = False
        self.while_silent: Callable[[], None] = lambda: None

    async def handle(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.deleted = request.headers.get("mcp-session-id") == "one"
            return Response(status_code=200)
        if request.method == "GET":
            return event_stream(self._stream())
        message = await request.json()
        method = message.get("method")
        if method == "initialize":
            fields = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "legacy"}}
            return JSONResponse(answer(message, **fields), headers={"Mcp-Session-Id": "one"})
        if request.headers.get("mcp-session-id") != "one":
            return JSONResponse({"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "Missing"}}, 400)
        if method == "tools/call":
            return event_stream(self._call(message))
        if method is None:
            self.answers[message["id"]].set_result(message.get("result"))
        else:
            self.notified.append(message)
        return Response(status_code=202)

    async def _stream(self) -> AsyncIterator[bytes]:
        self.listening = True
        try:
            while True:
                yield event(await self.outgoing.get())
        finally:
            self.listening = False

    async def _call(self, message: dict[str, Any]) -> AsyncIterator[bytes]:
        yield encode_comment("working")
        while message["params"]["name"] == "wait":
            self.while_silent()
            await asyncio.sleep(0.01)
            yield encode_comment("still working")
        question: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.answers["ask"] = question
        params = {"message": "Which colour?", "requestedSchema": {"type": "object", "properties": {}}}
        await self.outgoing.put({"jsonrpc": "2.0", "id": "ask", "method": "elicitation/create", "params": params})
        yield event(answer(message, content=[], got=await question))
