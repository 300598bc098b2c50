"""How legacy messages travel: streamable HTTP (2025-03-26 on), and the HTTP+SSE transport of 2024-11-05.

Flows only, no meaning of a message. Called by `legacy`.
"""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urljoin, urlsplit

from mcp_operator.protocol import names
from mcp_operator.protocol.effects import Flow, Open, Ready, Reply, Shut, Sleep
from mcp_operator.protocol.exchange import Answerer, Inbox, Outcome, await_answer, exchange
from mcp_operator.protocol.failures import InvalidAnswer, SessionLost, TransportError
from mcp_operator.protocol.messages import Message, encode
from mcp_operator.protocol.speaker import Settings
from mcp_operator.protocol.versions import sends_version_header

# How often, and after how long at least and at most, a stream that ended too early is taken up again.
RESUMES = 5
_RETRY, _LONGEST_RETRY = 1.0, 30.0


class Transport(Protocol):
    """A way for legacy messages. `version` is set once it is negotiated."""

    version: str | None
    session: str | None

    def call(self, message: Message, answerer: Answerer, asking: bool = False) -> Flow[Outcome]: ...
    def send(self, message: Message) -> Flow[Outcome]: ...
    def close(self) -> Flow[None]: ...


def _ignore(_: Message) -> Flow[None]:
    yield from ()


class StreamableHttp:
    """POST for every message, GET for the server's own stream and to take up a broken one, DELETE at the end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.version: str | None = None
        self.session: str | None = None

    def call(self, message: Message, answerer: Answerer, asking: bool = False) -> Flow[Outcome]:
        opened = Open("POST", self.settings.url, self._headers(post=True), encode(message), asking=asking)
        outcome = yield from exchange(opened, message["id"], answerer, self.settings.max_body, resumable=True)
        if outcome.status == 404 and self.session is not None:
            raise SessionLost("the server does not know the session any more")
        if message["method"] == names.INITIALIZE:
            self.session = outcome.session
        if outcome.answer is None and outcome.streamed:
            return (yield from self._resume(message, answerer, outcome))
        return outcome

    def _resume(self, message: Message, answerer: Answerer, last: Outcome) -> Flow[Outcome]:
        """Take up the stream after its last event, as often as the server ends it early."""
        for _ in range(RESUMES):
            if last.last_id is None:
                break
            yield Sleep(_pause(last.retry_ms))
            opened = Open("GET", self.settings.url, self._headers(last_event=last.last_id))
            outcome = yield from exchange(opened, message["id"], answerer, self.settings.max_body, resumable=True)
            if outcome.answer is not None:
                return outcome
            if not outcome.streamed:
                break
            outcome.last_id = outcome.last_id or last.last_id
            outcome.retry_ms = outcome.retry_ms if outcome.retry_ms is not None else last.retry_ms
            last = outcome
        raise TransportError(f"the server ended the stream of {message['method']} without an answer")

    def send(self, message: Message) -> Flow[Outcome]:
        opened = Open("POST", self.settings.url, self._headers(post=True), encode(message))
        return (yield from exchange(opened, None, _ignore, self.settings.max_body))

    def listen(self, answerer: Answerer) -> Flow[None]:
        """The server's own stream, for as long as it will have it; a server without one says 405, and that is that."""
        last_id: str | None = None
        for _ in range(RESUMES):
            opened = Open("GET", self.settings.url, self._headers(last_event=last_id), endless=True)
            reply: Reply = yield opened
            inbox = Inbox(reply, self.settings.max_body)
            try:
                yield Ready()
                if reply.status != 200 or not inbox.streaming:
                    return
                yield from await_answer(inbox, None, answerer)
            finally:
                yield Shut(reply)
            last_id = inbox.parser.last_id or last_id
            yield Sleep(_pause(inbox.parser.retry_ms))

    def close(self) -> Flow[None]:
        if self.session is None:
            return
        session = self._headers()
        self.session = None
        reply: Reply = yield Open("DELETE", self.settings.url, session)
        yield Shut(reply)

    def _headers(self, *, post: bool = False, last_event: str | None = None) -> dict[str, str]:
        headers = {**self.settings.headers, "Accept": names.ACCEPT if post else names.SSE_TYPE}
        if post:
            headers["Content-Type"] = names.JSON_TYPE
        if self.version is not None and sends_version_header(self.version):
            headers[names.HEADER_VERSION] = self.version
        if self.session is not None:
            headers[names.HEADER_SESSION] = self.session
        if last_event is not None:
            headers[names.HEADER_LAST_EVENT] = last_event
        return headers


class OldHttpSse:
    """2024-11-05: one GET stream carries every answer; its first event names the address to POST to."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.version: str | None = None
        self.session: str | None = None
        self._inbox: Inbox | None = None
        self._endpoint = ""

    def open(self) -> Flow[bool]:
        """Whether this server speaks it: the GET is a stream whose first event is `endpoint`."""
        headers = {**self.settings.headers, "Accept": names.SSE_TYPE}
        reply: Reply = yield Open("GET", self.settings.url, headers)
        self._inbox = Inbox(reply, self.settings.max_body)
        try:
            found = yield from self._find_endpoint(self._inbox)
        except BaseException:
            yield from self.close()
            raise
        if not found:
            yield from self.close()
        return found

    def _find_endpoint(self, inbox: Inbox) -> Flow[bool]:
        event = (yield from inbox.event()) if inbox.reply.status == 200 and inbox.streaming else None
        if event is None or event.event != "endpoint":
            return False
        self._endpoint = _same_origin(self.settings.url, event.data, self.settings.prefix)
        return True

    def call(self, message: Message, answerer: Answerer, asking: bool = False) -> Flow[Outcome]:
        outcome = yield from self.send(message)
        if not 200 <= outcome.status < 300:
            return outcome
        if self._inbox is None:
            raise TransportError("the server's stream is closed")
        outcome.answer = yield from await_answer(self._inbox, message["id"], answerer)
        if outcome.answer is None:
            raise TransportError(f"the server ended its stream without an answer to {message['method']}")
        return outcome

    def send(self, message: Message) -> Flow[Outcome]:
        headers = {**self.settings.headers, "Content-Type": names.JSON_TYPE}
        opened = Open("POST", self._endpoint, headers, encode(message))
        return (yield from exchange(opened, None, _ignore, self.settings.max_body))

    def close(self) -> Flow[None]:
        if self._inbox is not None:
            reply, self._inbox = self._inbox.reply, None
            yield Shut(reply)


def _same_origin(base: str, target: str, prefix: str) -> str:
    """The address of the endpoint event; messages and credentials never go to another place than the server."""
    target = target.strip()
    if prefix and target.startswith("/") and not target.startswith(("//", prefix)):
        target = prefix + target
    url = urljoin(base, target)
    here, there = urlsplit(base), urlsplit(url)
    if (here.scheme, here.netloc) != (there.scheme, there.netloc):
        raise InvalidAnswer(f"the server wants messages sent to another place: {url}")
    return url


def _pause(retry_ms: int | None) -> float:
    return _RETRY if retry_ms is None else min(retry_ms / 1000, _LONGEST_RETRY)
