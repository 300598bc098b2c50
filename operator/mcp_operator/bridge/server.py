"""The bridge as a whole: listeners, routes, and the end.

Role: guard each request, find its era, hand it to the relay of that era; end with the child or on a signal.
Not its job: the wire (`http1.py`), the eras (`modern.py`, `sessions.py`). Called by: `main.py`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from mcp_operator.bridge.child import write_stderr
from mcp_operator.bridge.exchange import encode, error_body
from mcp_operator.bridge.guard import Guard
from mcp_operator.bridge.http1 import Connections, Request, Responder
from mcp_operator.bridge.metrics import Metrics
from mcp_operator.bridge.modern import ModernRelay
from mcp_operator.bridge.options import Options
from mcp_operator.bridge.sessions import HEADER, Sessions
from mcp_operator.protocol.incoming import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    LEGACY_VERSIONS,
    PARSE_ERROR,
    is_modern,
)

FLUSH_SECONDS = 2.0
MAX_BODIES = 16


class Bridge:
    """One bridge, from its first listener to its exit code."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._metrics = Metrics()
        self._guard = Guard(options.hosts, options.allowed_hosts)
        self._connections = Connections(self._route, options.max_body, options.max_body * MAX_BODIES)
        self._modern = ModernRelay(options, self._metrics)
        self._sessions = Sessions(options, self._metrics)
        self._servers: list[asyncio.Server] = []
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        """Serve until the child ends (its exit code) or `stop` is called (0)."""
        await self._bind()
        try:
            await self._modern.start()
        except OSError as error:
            say(f"cannot run {self._options.command[0]}: {error.strerror or error}")
            return 127 if isinstance(error, FileNotFoundError) else 126
        for server in self._servers:
            await server.start_serving()
        ticker = asyncio.ensure_future(self._tick())
        exited = self._modern.channel.child.exited
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait([exited, stopping], return_when=asyncio.FIRST_COMPLETED)
        code = await (self._after_child(exited.result()) if exited.done() else self._drain())
        ticker.cancel()
        return code

    def stop(self) -> None:
        """End after the open requests; a second time: at once."""
        if self._stopping.is_set():
            self._options = Options(self._options.command, drain=0)
        self._stopping.set()

    async def _bind(self) -> None:
        loop = asyncio.get_running_loop()
        port = self._options.port
        for host in self._options.hosts:
            try:
                server = await loop.create_server(
                    self._connections, host, port, backlog=1024, start_serving=False, reuse_address=True
                )
            except OSError as error:
                if host == "127.0.0.1" and self._servers:
                    say(f"not on 127.0.0.1: {error.strerror or error}")
                    continue
                raise
            port = server.sockets[0].getsockname()[1]
            self._servers.append(server)
            shown = f"[{host}]" if ":" in host else host
            say(f"{' '.join(self._options.command)} on http://{shown}:{port}{self._options.path}")

    async def _tick(self) -> None:
        """Keep quiet streams alive; end what is idle."""
        loop = asyncio.get_running_loop()
        pause = min(self._options.keep_alive, max(0.05, self._options.session_idle / 4))
        while True:
            await asyncio.sleep(pause)
            self._connections.sweep(loop.time())
            self._sessions.sweep(loop.time())

    async def _after_child(self, code: int) -> int:
        child = self._modern.channel.child
        self._close_listeners()
        self._modern.channel.fail_all(f"the server ended with exit code {code}")
        await self._sessions.stop()
        await self._flush(FLUSH_SECONDS)
        say(f"the server ended with exit code {code}" + ("; it last said:" if child.last_words else ""))
        for line in child.last_words:
            sys.stderr.write(f"  {line}\n")
        return code

    async def _drain(self) -> int:
        self._close_listeners()
        self._sessions.close_streams()
        self._modern.end_subscriptions()
        await self._flush(self._options.drain)
        await asyncio.gather(self._sessions.stop(), self._modern.channel.child.stop())
        return 0

    def _close_listeners(self) -> None:
        for server in self._servers:
            server.close()
        self._connections.drain()

    async def _flush(self, seconds: float) -> None:
        """Until every answer is out and its connection closed."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self._connections.open and loop.time() < min(end, end if self._options.drain else 0):
            await asyncio.sleep(0.01)

    def _route(self, request: Request, responder: Responder) -> None:
        if request.path in ("/healthz", "/readyz", "/metrics"):
            self._probe(request, responder)
            return
        refusal = self._guard.refusal(request.headers)
        if refusal:
            self._metrics.refused["host"] += 1
            responder.send(403, error_body(None, INVALID_REQUEST, refusal))
        elif (request.path.rstrip("/") or "/") != self._options.path:
            responder.send(404, error_body(None, INVALID_REQUEST, f"MCP is served at {self._options.path}"))
        elif request.method == "POST":
            self._post(request, responder)
        elif request.method in ("GET", "DELETE") and self._is_legacy(request):
            (self._sessions.listen if request.method == "GET" else self._sessions.delete)(request, responder)
        else:
            text = f"{request.method} is not served here; messages come by POST"
            responder.send(405, error_body(None, INVALID_REQUEST, text), headers=[("Allow", "POST")])

    def _is_legacy(self, request: Request) -> bool:
        version = request.headers.get("mcp-protocol-version", LEGACY_VERSIONS[0])
        return HEADER in request.headers and version in LEGACY_VERSIONS

    def _probe(self, request: Request, responder: Responder) -> None:
        alive = self._modern.channel.child.alive
        if request.path == "/metrics":
            responder.send(200, self._metrics.text().encode(), "text/plain; version=0.0.4; charset=utf-8")
        elif request.path == "/healthz":
            responder.send(200 if alive else 503, b"ok\n" if alive else b"the server has ended\n", "text/plain")
        elif self._stopping.is_set():
            responder.send(503, b"stopping\n", "text/plain")
        else:
            ready = alive and self._modern.era is not None
            responder.send(
                200 if ready else 503, b"ok\n" if ready else b"the server has not answered yet\n", "text/plain"
            )

    def _post(self, request: Request, responder: Responder) -> None:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            responder.send(415, error_body(None, INVALID_REQUEST, "Content-Type must be application/json"))
            return
        try:
            message = decode(request.body)
        except ValueError as error:
            responder.send(400, error_body(None, PARSE_ERROR, f"Parse error: {error}"))
            return
        problem = malformed(message)
        if problem:
            responder.send(400, error_body(id_of(message), INVALID_REQUEST, problem))
        elif self._full():
            self._metrics.refused["busy"] += 1
            text = "the server has more requests than it can take; ask again"
            responder.send(503, error_body(id_of(message), INTERNAL_ERROR, text), headers=[("Retry-After", "1")])
        else:
            accept = request.headers.get("accept", "*/*")
            streams = "text/event-stream" in accept or "*/*" in accept or "text/*" in accept
            modern = is_modern(message, request.headers)
            (self._modern if modern else self._sessions).handle(message, request, responder, streams)

    def _full(self) -> bool:
        return self._metrics.in_flight >= self._options.max_in_flight or self._modern.channel.child.clogged


def decode(body: bytes) -> Any:
    """JSON as the standard has it: UTF-8, no NaN, no number beyond what a double holds, not nested without end."""
    try:
        message = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
        if b"e" in body or b"E" in body:
            encode(message)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    return message


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def id_of(message: Any) -> Any:
    value = message.get("id") if isinstance(message, dict) else None
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


def malformed(message: Any) -> str | None:
    """What keeps this from being one JSON-RPC message; None where nothing does."""
    if isinstance(message, list):
        return "batches are not served; send each message by itself"
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return "not a JSON-RPC 2.0 message"
    if "id" in message and id_of(message) is None:
        return "the id must be a string or an integer"
    if "method" not in message:
        return None if "id" in message and ("result" in message or "error" in message) else "neither request nor answer"
    if not isinstance(message["method"], str):
        return "the method must be a string"
    if not isinstance(message.get("params", {}), dict):
        return "params must be an object"
    return None


def say(text: str) -> None:
    write_stderr(f"mcp-bridge: {text}\n".encode())
