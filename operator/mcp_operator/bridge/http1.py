"""HTTP/1.1 on an asyncio transport: requests in, plain answers and event streams out.

Role: parse strictly (what two parsers could read differently is refused), bound every buffer, tell when a client is
gone. Not its job: what a request means (`server.py`). Called by: asyncio, for each connection; `server.py` gives the
handler.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from mcp_operator.bridge.http_body import BodyReader, HttpError
from mcp_operator.bridge.http_head import Headers, Request, head, parse_head
from mcp_operator.protocol.sse import encode_comment, encode_event

MAX_HEAD = 64 * 1024
# How long a refused body is read and thrown away, so that its sender sees the refusal and no reset.
LINGER_SECONDS = 5.0
IDLE_SECONDS = 120.0


class Responder:
    """The answer to one request: either `send` once, or `open_stream`, `event`s and `close`."""

    __slots__ = ("_bodiless", "_connection", "_keep_alive", "on_gone", "streaming")

    def __init__(self, connection: Connection, keep_alive: bool, bodiless: bool = False) -> None:
        self._connection: Connection | None = connection
        self._keep_alive = keep_alive
        self._bodiless = bodiless
        self.streaming = False
        self.on_gone: Callable[[], None] | None = None

    @property
    def done(self) -> bool:
        """Whether it was answered whole, or nobody is there any more to answer."""
        return self._connection is None

    def send(self, status: int, body: bytes = b"", kind: str = "application/json", headers: Headers = ()) -> None:
        """The whole answer; nothing where it is done already. `kind` is the Content-Type of a body that is there."""
        connection = self._connection
        if connection is None:
            return
        self._connection = None
        data = head(status, kind if body else "", len(body), headers, connection.keeps(self._keep_alive))
        connection.write(data if self._bodiless else data + body)
        connection.finished(self._keep_alive)

    def open_stream(self, headers: Headers = ()) -> None:
        """Begin an event stream; nothing where it has begun already."""
        if self._connection is None or self.streaming:
            return
        self.streaming = True
        extra = [("Cache-Control", "no-cache, no-transform"), ("X-Accel-Buffering", "no"), *headers]
        self._keep_alive = self._connection.keeps(self._keep_alive)
        self._connection.write(head(200, "text/event-stream", None, extra, self._keep_alive, self._connection.chunked))

    def event(self, data: bytes) -> None:
        """One message on the stream."""
        self._chunk(encode_event(data, event="message"))

    def comment(self) -> None:
        """A sign of life on the stream, which no client shows."""
        self._chunk(encode_comment("keep-alive"))

    def close(self) -> None:
        """The end of a stream."""
        connection = self._connection
        if connection is None:
            return
        self._connection = None
        if connection.chunked:
            connection.write(b"0\r\n\r\n")
        connection.finished(self._keep_alive and connection.chunked)

    def gone(self) -> None:
        """The client went away: nothing more is written, and who waits for it hears it once."""
        self._connection = None
        if self.on_gone:
            self.on_gone()

    def _chunk(self, data: bytes) -> None:
        if self._connection is not None:
            chunked = self._connection.chunked
            self._connection.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)


Handler = Callable[[Request, Responder], None]


class Connections:
    """What all connections of a server share: the handler, the bounds, and whether the server drains."""

    def __init__(self, handler: Handler, max_body: int, max_buffered: int, max_unread: int) -> None:
        self.handler = handler
        self.max_body = max_body
        self.max_buffered = max_buffered
        self.max_unread = max_unread
        self.buffered = 0
        self.draining = False
        self.all_closed = asyncio.Event()
        self.open: set[Connection] = set()

    def __call__(self) -> Connection:
        return Connection(self)

    def drain(self) -> None:
        """From here on every answer closes its connection; those that wait idle are closed at once."""
        self.draining = True
        for connection in list(self.open):
            connection.close_if_idle()
        if not self.open:
            self.all_closed.set()

    def sweep(self, now: float) -> None:
        """Keep streams alive, close what has been idle, or half through a request, for too long."""
        for connection in list(self.open):
            connection.sweep(now)


class Connection(asyncio.Protocol):
    """One client connection; its requests are served one after the other."""

    def __init__(self, shared: Connections) -> None:
        self._shared = shared
        self._buffer = bytearray()
        self._request: Request | None = None
        self._body: BodyReader | None = None
        self._responder: Responder | None = None
        self._discarding = False
        self._since = 0.0
        self._unread = 0
        self.chunked = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()
        self._shared.open.add(self)
        self._shared.all_closed.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        self._shared.open.discard(self)
        if not self._shared.open:
            self._shared.all_closed.set()
        self._release_body()
        responder, self._responder = self._responder, None
        if responder is not None:
            responder.gone()

    def data_received(self, data: bytes) -> None:
        if self._discarding:
            return
        self._buffer += data
        if self._responder is None:
            self._advance()
        elif len(self._buffer) > MAX_HEAD:
            self._transport.pause_reading()

    def keeps(self, keep_alive: bool) -> bool:
        return keep_alive and not self._shared.draining

    def write(self, data: bytes) -> None:
        """Send, or give up a client that has left too much unread."""
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > self._shared.max_unread:
            self._transport.abort()

    def finished(self, keep_alive: bool) -> None:
        """The current answer is out: close, or go on with what the client has sent meanwhile."""
        self._responder = None
        self._since = self._loop.time()
        if not self.keeps(keep_alive):
            self._transport.close()
            return
        self._transport.resume_reading()
        if self._buffer:
            self._loop.call_soon(self._advance)

    def close_if_idle(self) -> None:
        """Close unless a request is being read or answered."""
        if self._responder is None and self._request is None:
            self._transport.close()

    def sweep(self, now: float) -> None:
        """Close what is stale; say on a stream that it lives."""
        if self._responder is not None:
            if self._responder.streaming:
                self._responder.comment()
            return
        unread = self._transport.get_write_buffer_size()
        if unread < self._unread:
            self._since = now
        self._unread = unread
        if now - self._since > IDLE_SECONDS:
            # A transport that is only closed waits, without end, for its client to take the rest.
            self._transport.abort() if unread else self._transport.close()

    def _advance(self) -> None:
        if self._responder is not None or self._transport.is_closing():
            return
        try:
            if self._request is None and not self._read_head():
                return
            if self._body is not None and not self._read_body():
                return
        except HttpError as error:
            self._refuse(error)
            return
        request, self._request = cast(Request, self._request), None
        self._responder = responder = Responder(self, request.keep_alive, request.method == "HEAD")
        try:
            self._shared.handler(request, responder)
        except Exception as error:
            self._loop.call_exception_handler({"message": "a request was not handled", "exception": error})
            if responder.streaming:
                responder.close()
            responder.send(500, b'{"error":"internal error of the bridge; its log has the details"}')

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise HttpError(431, "the request's headers are larger than 64 KiB")
            return False
        if end > MAX_HEAD:
            raise HttpError(431, "the request's headers are larger than 64 KiB")
        request = parse_head(bytes(self._buffer[:end]))
        del self._buffer[: end + 4]
        self._since = self._loop.time()
        self.chunked = request.http11
        self._request = request
        self._body = BodyReader.of(request.headers, self._shared.max_body)
        if self._body is not None:
            self._reserve(self._body.expected)
            if request.headers.get("expect", "").lower() == "100-continue":
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _read_body(self) -> bool:
        body = cast(BodyReader, self._body)
        before = body.held
        complete = body.feed(self._buffer)
        self._since = self._loop.time()
        if body.expected == 0:
            self._reserve(body.held - before)
        if not complete:
            return False
        cast(Request, self._request).body = body.take()
        self._release_body()
        return True

    def _reserve(self, size: int) -> None:
        self._shared.buffered += size
        if self._body is not None:
            self._body.reserved += size
        if self._shared.buffered > self._shared.max_buffered:
            raise HttpError(503, "too many request bodies are being read at once; ask again")

    def _release_body(self) -> None:
        if self._body is not None:
            self._shared.buffered -= self._body.reserved
            self._body = None

    def _refuse(self, error: HttpError) -> None:
        self._release_body()
        self._request = None
        self._buffer.clear()
        self._discarding = True
        body = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"%b"}}' % str(error).encode()
        self._transport.write(head(error.status, "application/json", len(body), (), False) + body)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._loop.call_later(LINGER_SECONDS, self._transport.close)
