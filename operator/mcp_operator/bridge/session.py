"""One legacy session: its child, its requests, its streams.

Role: relay in both directions; what the child says unasked goes to a POST in flight, else to the GET stream, else it
waits.
Called by: `sessions.py`.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from mcp_operator.bridge.channel import Channel
from mcp_operator.bridge.exchange import HttpExchange, refuse
from mcp_operator.bridge.http1 import Responder
from mcp_operator.bridge.metrics import Metrics
from mcp_operator.protocol import names
from mcp_operator.protocol.errors import INTERNAL_ERROR, status_of
from mcp_operator.protocol.messages import Message, encode, params_of

# What is kept for a client that has no stream open just now.
MAX_BACKLOG = 256
MAX_BACKLOG_BYTES = 8 * 1024 * 1024


class Session:
    """A child that belongs to one client."""

    def __init__(self, metrics: Metrics, on_initialized: Callable[[Session, bool], None]) -> None:
        self.id = os.urandom(16).hex()
        self.channel = Channel(self)
        self._metrics = metrics
        self._on_initialized = on_initialized
        self._numbers: dict[Any, int] = {}
        self._streams: list[Responder] = []
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        self._used = time.monotonic()

    @property
    def idle_since(self) -> float | None:
        """When it was last used; None while a request or a stream is open."""
        return None if self.channel.waiting or self._streams else self._used

    def initialize(self, message: Message, responder: Responder, streams: bool) -> None:
        exchange = self._exchange(message, responder, streams)
        exchange.headers = [(names.HEADER_SESSION, self.id)]
        exchange.on_answer = lambda answer: self._initialized(exchange, answer)
        self._submit(message, exchange, responder)

    def handle(self, message: Message, responder: Responder, streams: bool) -> None:
        self._used = time.monotonic()
        if self.channel.child.clogged:
            self._metrics.refused["busy"] += 1
            text = "the server does not take more messages just now; ask again"
            refuse(responder, 503, message.get("id"), INTERNAL_ERROR, text, [("Retry-After", "1")])
            return
        if "method" in message and "id" in message:
            self._submit(message, self._exchange(message, responder, streams), responder)
            return
        if message.get("method") == names.CANCELLED:
            self._cancelled(message)
        else:
            self.channel.forward(message)
        responder.send(202)

    def listen(self, responder: Responder) -> None:
        responder.open_stream([(names.HEADER_SESSION, self.id)])
        self._streams.append(responder)
        responder.on_gone = lambda: self._left(responder)
        while self._backlog:
            responder.event(self._backlog.popleft())
        self._backlog_bytes = 0

    def close_streams(self) -> None:
        streams, self._streams = self._streams, []
        for responder in streams:
            responder.close()

    async def stop(self) -> None:
        self.close_streams()
        await self.channel.child.stop()

    def child_ended(self, code: int) -> None:
        self.close_streams()
        self.channel.fail_all(f"the server of this session ended with exit code {code}")

    def on_stray(self, message: Message, line: bytes) -> None:
        for exchange in reversed(self.channel.waiting.values()):
            if isinstance(exchange, HttpExchange) and exchange.streams:
                exchange.notify(line)
                return
        if self._streams:
            self._streams[-1].event(line)
        else:
            self._keep(line)

    def on_request(self, message: Message, line: bytes) -> None:
        self.on_stray(message, line)

    def on_tools_changed(self) -> None:
        """Nothing of a session's tools is remembered."""

    def _exchange(self, message: Message, responder: Responder, streams: bool) -> HttpExchange:
        return HttpExchange(message, responder, self._metrics, modern=False, streams=streams)

    def _submit(self, message: Message, exchange: HttpExchange, responder: Responder) -> None:
        if responder.done:
            self._left_early(exchange)
            return
        number = self.channel.submit(message, exchange)
        if number is None:
            self._never_begun(exchange)
            return
        key = encode(exchange.message_id)
        self._numbers[key] = number
        exchange.on_done = lambda: self._done(key, number)
        responder.on_gone = lambda: self._gone(number)

    def _initialized(self, exchange: HttpExchange, answer: Message) -> int | None:
        self._on_initialized(self, "error" not in answer)
        if "error" not in answer:
            return None
        exchange.headers = ()
        return status_of(answer["error"].get("code"))

    def _cancelled(self, message: Message) -> None:
        params = params_of(message)
        number = self._numbers.get(encode(params.get("requestId")))
        if number is None:
            return
        params["requestId"] = number
        self.channel.forward(message)
        exchange = self.channel.waiting.get(number)
        if isinstance(exchange, HttpExchange) and exchange.method != names.INITIALIZE:
            # A server that stops its work says nothing more of it, and the request would stay open for ever.
            del self.channel.waiting[number]
            exchange.cancelled()

    def _done(self, key: bytes, number: int) -> None:
        self._used = time.monotonic()
        if self._numbers.get(key) == number:
            del self._numbers[key]

    def _gone(self, number: int) -> None:
        exchange = self.channel.cancel(number, "the client closed its connection")
        if isinstance(exchange, HttpExchange):
            self._left_early(exchange)

    def _left_early(self, exchange: HttpExchange) -> None:
        exchange.gone()
        self._never_begun(exchange)

    def _never_begun(self, exchange: HttpExchange) -> None:
        """Of a session that was not initialized nobody knows the id, so nobody will come back to it."""
        if exchange.method == names.INITIALIZE:
            self._on_initialized(self, False)

    def _left(self, responder: Responder) -> None:
        self._used = time.monotonic()
        if responder in self._streams:
            self._streams.remove(responder)

    def _keep(self, line: bytes) -> None:
        self._backlog.append(line)
        self._backlog_bytes += len(line)
        while len(self._backlog) > MAX_BACKLOG or self._backlog_bytes > MAX_BACKLOG_BYTES:
            self._backlog_bytes -= len(self._backlog.popleft())
            self._metrics.dropped["no_stream"] += 1
