"""One request on its way through the bridge: who asked, under which id, and how the answer goes back.

Role: restore the asker's ids; choose JSON or an event stream by what comes first. Not its job: the child
(`channel.py`). Called by: `channel.py` with what the child said, `modern.py` and `sessions.py` to make one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from mcp_operator.bridge.http1 import Responder
from mcp_operator.bridge.http_head import Headers
from mcp_operator.bridge.metrics import Metrics
from mcp_operator.protocol import errors, names
from mcp_operator.protocol.messages import Message, encode, meta_of, params_of

# Requests whose answer must be looked into before it goes back; the others' are passed on without being parsed.
INSPECTED = frozenset({names.SUBSCRIPTIONS_LISTEN, names.INITIALIZE, names.DISCOVER})


def refuse(responder: Responder, status: int, message_id: Any, code: int, text: str, headers: Headers = ()) -> None:
    """An answer of the bridge itself."""
    responder.send(status, encode(errors.error_body(message_id, code, text)), headers=headers)


class Exchange:
    """What a channel needs to know of any request in flight."""

    __slots__ = ("inspects", "message_id", "method", "raw_id", "token", "tool", "wants_log")

    def __init__(self, message: Message) -> None:
        meta = meta_of(message)
        self.message_id = message.get("id")
        self.raw_id = b"%d" % self.message_id if type(self.message_id) is int else encode(self.message_id)
        self.token = meta.get(names.PROGRESS_TOKEN)
        self.wants_log = names.META_LOG_LEVEL in meta
        self.method: str = message["method"]
        self.inspects = self.method in INSPECTED
        self.tool = str(params_of(message).get("name", "")) if self.method == names.TOOLS_CALL else ""

    def notify(self, data: bytes) -> None:
        """A message that belongs to this request and is not its answer."""
        raise NotImplementedError

    def answer(self, data: bytes, message: Message | None) -> None:
        """The response; `message` is its parsed form where it was parsed."""
        raise NotImplementedError

    def fail(self, status: int, code: int, text: str) -> None:
        """There will be no response from the child."""
        raise NotImplementedError

    def end(self) -> None:
        """The child ends a subscription without a response."""
        self.fail(502, errors.INTERNAL_ERROR, "the server ended the stream")


class HttpExchange(Exchange):
    """A request that came over HTTP."""

    __slots__ = ("_metrics", "_modern", "_responder", "_started", "_streams", "headers", "on_answer", "on_done")

    def __init__(
        self, message: Message, responder: Responder, metrics: Metrics, *, modern: bool, streams: bool = True
    ) -> None:
        super().__init__(message)
        self._responder = responder
        self._metrics = metrics
        self._modern = modern
        self._streams = streams
        self._started = time.perf_counter()
        self.headers: Headers = ()
        self.on_answer: Callable[[Message], int | None] | None = None
        self.on_done: Callable[[], None] | None = None
        metrics.started(self.method)

    @property
    def streams(self) -> bool:
        """Whether this client takes an event stream."""
        return self._streams

    def notify(self, data: bytes) -> None:
        if self._streams:
            self._responder.open_stream(self.headers)
            self._responder.event(data)

    def answer(self, data: bytes, message: Message | None) -> None:
        error = message.get("error") if message else None
        status = errors.status_of(error.get("code")) if self._modern and isinstance(error, dict) else 200
        if message is not None and self.on_answer is not None:
            status = self.on_answer(message) or status
        self._write(status, data)
        self._count("error" if error else "ok")

    def fail(self, status: int, code: int, text: str) -> None:
        self._write(status, encode(errors.error_body(self.message_id, code, text)))
        self._count("failed")

    def end(self) -> None:
        self._responder.close() if self._responder.streaming else super().end()
        self._count("ok")

    def gone(self) -> None:
        self._count("cancelled")

    def cancelled(self) -> None:
        """Its client takes it back, and expects no response; whoever takes no stream can only be given one."""
        if self._streams:
            self._responder.open_stream(self.headers)
            self._responder.close()
        else:
            text = "the client cancelled this request"
            self._write(200, encode(errors.error_body(self.message_id, errors.INTERNAL_ERROR, text)))
        self._count("cancelled")

    def _write(self, status: int, data: bytes) -> None:
        if self._responder.streaming:
            self._responder.event(data)
            self._responder.close()
        else:
            self._responder.send(status, data, headers=self.headers)

    def _count(self, result: str) -> None:
        if self.on_done is not None:
            self.on_done()
        self._metrics.finished(self.method, self.tool, result, time.perf_counter() - self._started)


class OwnExchange(Exchange):
    """A request of the bridge itself; `reply` becomes the response, or None where the child ended."""

    __slots__ = ("_on_notice", "reply")

    def __init__(self, message: Message, on_notice: Callable[[], None] | None = None) -> None:
        super().__init__(message)
        self.inspects = True
        self._on_notice = on_notice
        self.reply: asyncio.Future[Message | None] = asyncio.get_running_loop().create_future()

    def notify(self, data: bytes) -> None:
        if self._on_notice:
            self._on_notice()

    def answer(self, data: bytes, message: Message | None) -> None:
        if not self.reply.done():
            self.reply.set_result(message)

    def fail(self, status: int, code: int, text: str) -> None:
        if not self.reply.done():
            self.reply.set_result(None)

    def end(self) -> None:
        self.fail(502, 0, "")
