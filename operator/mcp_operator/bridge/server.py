"""The bridge as a whole: listeners, routes, and the end.

Role: guard each request, find its era, hand it to the relay of that era; end with the child or on a signal.
Not its job: the wire (`http1.py`), the eras (`modern.py`, `sessions.py`). Called by: `main.py`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from mcp_operator.bridge.child import Child, write_stderr
from mcp_operator.bridge.exchange import refuse
from mcp_operator.bridge.guard import Guard
from mcp_operator.bridge.http1 import Connections, Responder
from mcp_operator.bridge.http_head import Request
from mcp_operator.bridge.metrics import Metrics
from mcp_operator.bridge.modern import ModernRelay
from mcp_operator.bridge.options import Options
from mcp_operator.bridge.reaper import bury_orphans, is_init
from mcp_operator.bridge.sessions import HEADER, Sessions
from mcp_operator.protocol import names
from mcp_operator.protocol.checks import request_era
from mcp_operator.protocol.errors import INTERNAL_ERROR, INVALID_REQUEST, PARSE_ERROR
from mcp_operator.protocol.messages import MalformedMessage, is_id, read
from mcp_operator.protocol.versions import LATEST_LEGACY, LEGACY_VERSIONS, MODERN

FLUSH_SECONDS = 2.0
MAX_BODIES = 16
MIN_UNREAD = 64 * 1024 * 1024


class Bridge:
    """One bridge, from its first listener to its exit code."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._metrics = Metrics()
        self._guard = Guard(options.hosts, options.allowed_hosts)
        max_buffered, max_unread = options.max_body * MAX_BODIES, unread_bound(options.max_message)
        self._connections = Connections(self._route, options.max_body, max_buffered, max_unread)
        self._modern = ModernRelay(options, self._metrics)
        self._sessions = Sessions(options, self._metrics)
        self._servers: list[asyncio.Server] = []
        self._stopping = asyncio.Event()
        self._insisted = asyncio.Event()

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
        waits: list[asyncio.Future[Any]] = [exited, stopping]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        code = await (self._after_child(exited.result()) if exited.done() else self._drain())
        ticker.cancel()
        return code

    def stop(self) -> None:
        """End after the open requests; a second time: at once."""
        if self._stopping.is_set():
            self._insisted.set()
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
            if is_init():
                bury_orphans(Child.running)

    async def _after_child(self, code: int) -> int:
        self._close_listeners()
        self._modern.channel.fail_all(f"the server ended with exit code {code}")
        await self._sessions.stop()
        await self._flush(FLUSH_SECONDS)
        self._say_end(code)
        return code

    def _say_unanswered(self) -> None:
        """Before the child is stopped: what it says of that is of no interest."""
        from mcp_operator.bridge import ending

        words = ending.words_of_stopped(self._modern.channel.child.last_words, self._options.secret_env)
        ending.leave(self._options.termination_log, words)

    def _say_end(self, code: int) -> None:
        from mcp_operator.bridge import ending

        output, answered = self._modern.channel.child.last_words, self._modern.era is not None
        words = ending.words_of(code, output, answered, self._options.secret_env)
        write_stderr(ending.log_text(code, words).encode())
        ending.leave(self._options.termination_log, words)

    async def _drain(self) -> int:
        self._close_listeners()
        self._sessions.close_streams()
        self._modern.end_subscriptions()
        if self._modern.era is None:
            self._say_unanswered()
        await self._flush(self._options.drain)
        await asyncio.gather(self._sessions.stop(), self._modern.channel.child.stop())
        return 0

    def _close_listeners(self) -> None:
        for server in self._servers:
            server.close()
        self._connections.drain()

    async def _flush(self, seconds: float) -> None:
        """Until every answer is out and its connection closed, or the time is over, or somebody insists."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._connections.all_closed, self._insisted)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    def _route(self, request: Request, responder: Responder) -> None:
        if request.path in ("/healthz", "/readyz", "/metrics"):
            self._probe(request, responder)
            return
        refusal = self._guard.refusal(request.headers)
        if refusal:
            self._metrics.refused["host"] += 1
            refuse(responder, 403, None, INVALID_REQUEST, refusal)
        elif (request.path.rstrip("/") or "/") != self._options.path:
            refuse(responder, 404, None, INVALID_REQUEST, f"MCP is served at {self._options.path}")
        elif request.method == "POST":
            self._post(request, responder)
        elif request.method in ("GET", "DELETE") and self._is_legacy(request):
            (self._sessions.listen if request.method == "GET" else self._sessions.delete)(request, responder)
        else:
            text = f"{request.method} is not served here; messages come by POST"
            refuse(responder, 405, None, INVALID_REQUEST, text, [("Allow", "POST")])

    def _is_legacy(self, request: Request) -> bool:
        version = request.headers.get(names.HEADER_VERSION.lower(), LATEST_LEGACY)
        return HEADER in request.headers and version in LEGACY_VERSIONS

    def _probe(self, request: Request, responder: Responder) -> None:
        status, text, kind = self._health(request.path)
        responder.send(status, text.encode(), kind)

    def _health(self, path: str) -> tuple[int, str, str]:
        alive = self._modern.channel.child.alive
        if path == "/metrics":
            return 200, self._metrics.text(), "text/plain; version=0.0.4; charset=utf-8"
        if not alive:
            return 503, "the server has ended\n", "text/plain"
        if path == "/readyz" and self._stopping.is_set():
            return 503, "stopping\n", "text/plain"
        if path == "/readyz" and self._modern.era is None:
            return 503, "the server has not answered yet\n", "text/plain"
        return 200, "ok\n", "text/plain"

    def _post(self, request: Request, responder: Responder) -> None:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != names.JSON_TYPE:
            refuse(responder, 415, None, INVALID_REQUEST, f"Content-Type must be {names.JSON_TYPE}")
            return
        try:
            message = read(request.body)
        except MalformedMessage as error:
            code = PARSE_ERROR if error.parse else INVALID_REQUEST
            refuse(responder, 400, id_in(request.body), code, str(error))
            return
        if self._full():
            self._metrics.refused["busy"] += 1
            text = "the server has more requests than it can take; ask again"
            refuse(responder, 503, message.get("id"), INTERNAL_ERROR, text, [("Retry-After", "1")])
            return
        accept = request.headers.get("accept", "*/*")
        streams = names.SSE_TYPE in accept or "*/*" in accept or "text/*" in accept
        relay = self._modern if request_era(message, request.headers) == MODERN else self._sessions
        try:
            relay.handle(message, request, responder, streams)
        except MalformedMessage as error:
            refuse(responder, 400, message.get("id"), INVALID_REQUEST, str(error))

    def _full(self) -> bool:
        return self._metrics.in_flight >= self._options.max_in_flight or self._modern.channel.child.clogged


def unread_bound(max_message: int) -> int:
    """How many bytes a client may leave unread before it counts as gone: always more than the largest answer."""
    return max(MIN_UNREAD, max_message * 4 // 3)


def id_in(body: bytes) -> Any:
    """The id of what is JSON, but no message; None where it has none that can be given back."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found = value.get("id") if isinstance(value, dict) else None
    return found if is_id(found) else None


def say(text: str) -> None:
    write_stderr(f"mcp-bridge: {text}\n".encode())
