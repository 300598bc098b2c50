"""Plays a flow against a server that is a plain function: no socket, no clock, every message kept.

Called by the tests of the conversation; what real sockets do is tested in tests/unit/client.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mcp_operator.protocol.conversation import Conversation
from mcp_operator.protocol.effects import Ask, Flow, Open, Progress, Read, Ready, Reply, Shut, Sleep, Spawn, Stop, Tell
from mcp_operator.protocol.questions import Question
from mcp_operator.protocol.speaker import Settings
from mcp_operator.protocol.sse import encode_event

T = TypeVar("T")
URL = "http://server.test/mcp"
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}


@dataclass
class Request:
    """What a flow sent. `message` is the body as JSON; header names are lower case."""

    verb: str
    url: str
    headers: dict[str, str]
    message: Any

    @property
    def method(self) -> str:
        return self.message.get("method", "") if isinstance(self.message, dict) else ""

    @property
    def id(self) -> Any:
        return self.message.get("id")

    @property
    def params(self) -> dict[str, Any]:
        return self.message.get("params", {})


@dataclass
class Response:
    """What the server says: chunks of a body, an exception among them for a connection that breaks."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: list[bytes | BaseException] = field(default_factory=list)


def result(request: Request, /, **fields: Any) -> Response:
    return body({"jsonrpc": "2.0", "id": request.id, "result": fields})


def failure(request: Request, code: int, status: int = 200, data: Any = None) -> Response:
    return body({"jsonrpc": "2.0", "id": request.id, "error": {"code": code, "message": "no", "data": data}}, status)


def body(message: Any, status: int = 200, **headers: str) -> Response:
    return Response(status, {**JSON, **headers}, [json.dumps(message).encode()])


def stream(*messages: Any, event_id: str | None = None, **headers: str) -> Response:
    chunks: list[bytes | BaseException] = [encode_event(json.dumps(each), id=event_id) for each in messages]
    return Response(200, {**SSE, **headers}, chunks)


class Stage:
    """One server function and everything that was sent to it."""

    def __init__(self, server: Callable[[Request], Response], answer: Callable[[Question], Any] | None = None) -> None:
        self.server = server
        self.answer = answer
        self.sent: list[Request] = []
        self.slept: list[float] = []
        self.told: list[Progress] = []
        self.open = 0

    def conversation(self, url: str = URL, *, prefix: str = "", **options: Any) -> Conversation:
        settings = Settings(url, {"name": "test", "version": "1"}, prefix=prefix)
        return Conversation(settings, can_ask=self.answer is not None, **options)

    def play(self, flow: Flow[T]) -> T:
        """Run to the end; a response that the flow never let go of is a leak."""
        try:
            effect = next(flow)
            while True:
                try:
                    value = self._perform(effect)
                except BaseException as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(value)
        except StopIteration as done:
            return done.value

    def _perform(self, effect: Any) -> Any:
        match effect:
            case Open():
                return self._respond(effect)
            case Read(reply):
                chunk = reply.handle.pop(0) if reply.handle else b""
                if isinstance(chunk, BaseException):
                    raise chunk
                return chunk
            case Shut():
                self.open -= 1
            case Sleep(seconds):
                self.slept.append(seconds)
            case Ask(question):
                assert self.answer is not None, "asked, though nobody is there"
                return self.answer(question)
            case Tell(progress):
                self.told.append(progress)
            case Spawn(flow):
                self.play(flow)
            case Ready() | Stop():
                return None
        return None

    def _respond(self, effect: Open) -> Reply:
        headers = {key.lower(): value for key, value in effect.headers.items()}
        message = json.loads(effect.body) if effect.body else None
        request = Request(effect.verb, effect.url, headers, message)
        self.sent.append(request)
        response = self.server(request)
        self.open += 1
        return Reply(response.status, response.headers, list(response.chunks))

    def methods(self) -> list[str]:
        return [request.method or request.verb for request in self.sent]

    def of(self, method: str) -> list[Request]:
        return [request for request in self.sent if request.method == method]


def modern_server(handlers: Mapping[str, Callable[[Request], Response]]) -> Callable[[Request], Response]:
    """A modern server; the handlers say what it does beside server/discover."""

    def server(request: Request) -> Response:
        if request.verb != "POST":
            return Response(405)
        if request.method in handlers:
            return handlers[request.method](request)
        if request.method == "server/discover":
            capabilities = {"tools": {}, "resources": {}, "prompts": {}}
            return result(request, supportedVersions=["2026-07-28"], capabilities=capabilities)
        return failure(request, -32601, 404)

    return server


def legacy_server(
    handlers: Mapping[str, Callable[[Request], Response]],
    *,
    version: str = "2025-11-25",
    sessions: Iterable[str] = ("s1",),
) -> Callable[[Request], Response]:
    """A legacy server that gives out these sessions, one an initialize; no more of them means none."""
    remaining = list(sessions)

    def server(request: Request) -> Response:
        if request.verb in handlers:
            return handlers[request.verb](request)
        if request.verb != "POST":
            return Response(405)
        if request.method in handlers:
            return handlers[request.method](request)
        if request.method == "initialize":
            answer = result(
                request, protocolVersion=version, serverInfo={"name": "old", "version": "1"}, capabilities={"tools": {}}
            )
            answer.headers = {**JSON, "mcp-session-id": remaining.pop(0)} if remaining else JSON
            return answer
        if request.id is None or not request.method:
            return Response(202)
        return failure(request, -32600, 400)

    return server
