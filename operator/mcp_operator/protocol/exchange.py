"""One HTTP exchange as a flow: open it, read messages off it (JSON or events), stop at the answer.

Knows both shapes of a body and no era. Called by the flows of both eras.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mcp_operator.protocol import errors, names
from mcp_operator.protocol.effects import Effect, Flow, Open, Progress, Read, Reply, Shut, Tell
from mcp_operator.protocol.failures import (
    HttpError,
    InputNeeded,
    InvalidAnswer,
    ProtocolError,
    TooLarge,
    TransportError,
)
from mcp_operator.protocol.messages import MalformedMessage, Message, RequestId, classify, decode, params_of
from mcp_operator.protocol.questions import pages_wanted
from mcp_operator.protocol.sse import Event, EventTooLarge, SseParser

MAX_BODY = 64 * 1024 * 1024
_SNIPPET = 300
_ERROR_BODY = 1024 * 1024

Answerer = Callable[[Message], "Flow[None]"]


class Inbox:
    """The messages of one response body, in order, whatever its shape."""

    def __init__(self, reply: Reply, max_body: int = MAX_BODY) -> None:
        self.reply = reply
        self.streaming = reply.content_type == names.SSE_TYPE
        self.parser = SseParser(max_body)
        self.ended = False
        self.text = b""
        self._max = max_body if reply.status < 400 else min(max_body, _ERROR_BODY)
        self._events: deque[Event] = deque()
        self._messages: deque[Message] = deque()

    def event(self) -> Flow[Event | None]:
        """The next event of a stream, None at its end."""
        while not self._events:
            if self.ended:
                return None
            chunk: bytes = yield Read(self.reply)
            self.ended = not chunk
            try:
                self._events.extend(self.parser.feed(chunk))
            except EventTooLarge as error:
                raise TooLarge(str(error)) from None
        return self._events.popleft()

    def message(self) -> Flow[Message | None]:
        """The next message, None at the end. What is no message in a body that should hold one is an InvalidAnswer."""
        if self._messages:
            return self._messages.popleft()
        if not self.streaming:
            self._messages.extend((yield from self._whole()))
            return self._messages.popleft() if self._messages else None
        while True:
            event = yield from self.event()
            if event is None:
                return None
            if event.event == "message" and event.data:
                self._messages.extend(_parse(event.data))
                return self._messages.popleft()

    def _whole(self) -> Flow[list[Message]]:
        if self.ended:
            return []
        parts = bytearray()
        while chunk := (yield Read(self.reply)):
            parts += chunk
            if len(parts) > self._max:
                raise TooLarge(f"the server's answer is larger than {self._max} bytes")
        self.ended = True
        self.text = bytes(parts)
        if not self.text.strip():
            return []
        if self.reply.status >= 400:
            try:
                return _parse(self.text)
            except InvalidAnswer:
                return []
        return _parse(self.text)


def _parse(data: bytes | str) -> list[Message]:
    """One message, or a batch of them: servers of 2025-03-26 may send one."""
    try:
        value = decode(data)
        messages = value if isinstance(value, list) and value else [value]
        for message in messages:
            classify(message)
    except MalformedMessage as error:
        raise InvalidAnswer(f"the server sent something that is no MCP message: {error}") from None
    return messages


@dataclass(slots=True)
class Outcome:
    """How an exchange ended: the answer, or none and why. `last_id` and `retry_ms` are how to resume a stream."""

    status: int
    answer: Message | None = None
    session: str | None = None
    detail: str = ""
    location: str | None = None
    last_id: str | None = None
    retry_ms: int | None = None
    streamed: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def http_error(self) -> HttpError:
        return HttpError(self.status, self.detail, self.location)

    def raise_for_error(self) -> None:
        """A JSON-RPC error as ProtocolError or as what it asks for; an HTTP error without one as HttpError."""
        if self.answer is not None and "error" in self.answer:
            refused = ProtocolError.of(self.answer)
            pages = pages_wanted(refused.data) if refused.code == errors.URL_ELICITATION_REQUIRED else []
            raise InputNeeded(pages) if pages else refused
        if self.answer is None and not 200 <= self.status < 300:
            raise self.http_error()

    def result(self, method: str) -> dict[str, Any]:
        """The result that a request of this method must have; raises what `raise_for_error` does, or InvalidAnswer."""
        self.raise_for_error()
        result = self.answer.get("result") if self.answer else None
        if not isinstance(result, dict):
            raise InvalidAnswer(f"the server answered {method} with nothing")
        return result


def exchange(
    request: Open, request_id: RequestId | None, answerer: Answerer, max_body: int, resumable: bool = False
) -> Flow[Outcome]:
    """Send, then read until the answer to `request_id` (None: a notification, whose body does not matter).

    A stream that breaks counts as one that ended when it can be resumed.
    """
    reply: Reply = yield request
    inbox = Inbox(reply, max_body)
    outcome = Outcome(
        reply.status,
        session=reply.headers.get(names.HEADER_SESSION.lower()),
        location=reply.headers.get("location") if 300 <= reply.status < 400 else None,
        streamed=inbox.streaming,
        headers=dict(reply.headers),
    )
    try:
        if request_id is not None or reply.status >= 400:
            outcome.answer = yield from await_answer(inbox, request_id, answerer)
    except TransportError:
        if not (resumable and inbox.parser.last_id):
            raise
    finally:
        yield Shut(reply)
    outcome.detail = inbox.text[:_SNIPPET].decode("utf-8", "replace").strip()
    outcome.last_id, outcome.retry_ms = inbox.parser.last_id, inbox.parser.retry_ms
    return outcome


def await_answer(inbox: Inbox, request_id: RequestId | None, answerer: Answerer) -> Flow[Message | None]:
    """The response to this id; what comes before it goes to the answerer. None when the body ends first."""
    while True:
        message = yield from inbox.message()
        if message is None:
            return None
        if "method" in message:
            yield from answerer(message)
        elif message.get("id") == request_id or (message.get("id") is None and "error" in message):
            return message


def tell_progress(message: Message, token: RequestId | None) -> Flow[None]:
    """Pass a progress notification on when it belongs to this token."""
    params = params_of(message)
    if message["method"] != names.PROGRESS or token is None or params.get("progressToken") != token:
        return
    progress, total, text = params.get("progress"), params.get("total"), params.get("message")
    if isinstance(progress, int | float):
        effect: Effect = Tell(
            Progress(
                progress,
                total if isinstance(total, int | float) else None,
                text if isinstance(text, str) else None,
            )
        )
        yield effect
