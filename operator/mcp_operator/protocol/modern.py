"""A client of the modern era (2026-07-28): every request stands alone and carries its own version and capabilities.

Flows only. Called by `conversation`; opening (server/discover) is here too, since its answer settles the era.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_operator.protocol import errors, names
from mcp_operator.protocol.effects import Flow, Open, Sleep
from mcp_operator.protocol.exchange import Outcome, exchange, tell_progress
from mcp_operator.protocol.failures import InputNeeded, InvalidAnswer, ProtocolError, TransportError
from mcp_operator.protocol.headers import modern_headers
from mcp_operator.protocol.identity import ServerIdentity, Verdict, judge_discover
from mcp_operator.protocol.messages import Message, encode, params_of, request
from mcp_operator.protocol.mirrors import mirror_headers
from mcp_operator.protocol.questions import client_capabilities, plain_answer, question_of
from mcp_operator.protocol.speaker import Settings, Wishes, ask_user
from mcp_operator.protocol.versions import LATEST_MODERN, LEGACY

# A server that asks more often than this has lost its way.
MAX_ROUNDS = 32
# Between two rounds in which the server asked for nothing but to be called again.
PAUSE = 0.5
# Statuses of something in front of the server, never of a server that does not know server/discover.
_NOT_THE_SERVER = frozenset({401, 403, 407, 429, 502, 503, 504})


class ModernSpeaker:
    """Requests to a server that is known to be modern."""

    def __init__(self, settings: Settings, identity: ServerIdentity) -> None:
        self.settings = settings
        self.identity = identity
        self.can_ask = True

    def request(self, method: str, params: Mapping[str, Any], wishes: Wishes) -> Flow[dict[str, Any]]:
        """The complete result. Questions on the way go to the user; the same request is sent again with the answers."""
        answers: dict[str, Any] = {}
        for _ in range(MAX_ROUNDS):
            result = yield from self._call(method, {**params, **answers}, wishes)
            kind = result.get("resultType", "complete")
            if kind == "complete":
                return result
            if kind != "input_required" or method not in names.MAY_ASK_BACK:
                raise InvalidAnswer(f"the server answered {method} with a result of the unknown type {kind!r}")
            answers = yield from _answers(result, wishes)
        raise InvalidAnswer(f"the server asked for input {MAX_ROUNDS} times without an end")

    def _call(self, method: str, params: Mapping[str, Any], wishes: Wishes) -> Flow[dict[str, Any]]:
        """One round. A broken stream is asked again, with a new id, when that does no harm."""
        attempts = 2 if wishes.repeatable else 1
        for attempt in range(attempts):
            try:
                outcome = yield from self._send(method, params, wishes)
            except TransportError:
                if attempt + 1 == attempts:
                    raise
                continue
            if outcome.answer is not None or not outcome.streamed:
                return outcome.result(method)
        raise TransportError(f"the server ended the stream of {method} without an answer")

    def _send(self, method: str, params: Mapping[str, Any], wishes: Wishes) -> Flow[Outcome]:
        message = self._message(method, params, wishes)
        headers = request_headers(self.settings, message)
        if method == names.TOOLS_CALL:
            headers |= mirror_headers(wishes.mirrors, params.get("arguments") or {})
        token = message["id"] if wishes.progress else None

        def answerer(incoming: Message) -> Flow[None]:
            yield from tell_progress(incoming, token)

        opened = Open("POST", self.settings.url, headers, encode(message))
        return (yield from exchange(opened, message["id"], answerer, self.settings.max_body))

    def _message(self, method: str, params: Mapping[str, Any], wishes: Wishes) -> Message:
        return modern_request(self.settings, self.identity.version, method, params, wishes)

    def close(self) -> Flow[None]:
        """Nothing to end: there is no session."""
        yield from ()


def modern_request(settings: Settings, version: str, method: str, params: Mapping[str, Any], wishes: Wishes) -> Message:
    """A request with the `_meta` that the modern era wants; `_meta` of the caller's own stays."""
    request_id = settings.new_id()
    own = params.get("_meta")
    meta = {
        **(own if isinstance(own, dict) else {}),
        names.META_VERSION: version,
        names.META_CLIENT_INFO: dict(settings.client_info),
        names.META_CLIENT_CAPABILITIES: client_capabilities(wishes.ask),
    }
    if wishes.progress:
        meta[names.PROGRESS_TOKEN] = request_id
    return request(request_id, method, {**params, "_meta": meta})


def request_headers(settings: Settings, message: Message) -> dict[str, str]:
    """The headers of one modern POST but for `Mcp-Param-*`."""
    return {
        **settings.headers,
        "Content-Type": names.JSON_TYPE,
        "Accept": names.ACCEPT,
        **modern_headers(message),
    }


def discover(settings: Settings) -> Flow[Verdict]:
    """Ask who the server is; the verdict says legacy where the answer is not a modern server's."""
    version = LATEST_MODERN
    for _ in range(2):
        outcome = yield from _ask_discover(settings, version)
        if outcome.answer is None and outcome.status in _NOT_THE_SERVER:
            raise outcome.http_error()
        verdict = judge_discover(outcome.answer)
        if verdict.era == LEGACY or not verdict.again:
            return verdict
        version = verdict.version or version
    outcome.raise_for_error()
    raise InvalidAnswer("the server refuses the revision that it says it supports")


def _ask_discover(settings: Settings, version: str) -> Flow[Outcome]:
    message = modern_request(settings, version, names.DISCOVER, {}, Wishes())

    def ignore(_: Message) -> Flow[None]:
        yield from ()

    opened = Open("POST", settings.url, request_headers(settings, message), encode(message))
    try:
        return (yield from exchange(opened, message["id"], ignore, settings.max_body))
    except InvalidAnswer:
        # A body that is no MCP at all: whatever answers here, it does not know server/discover.
        return Outcome(200)


def _answers(result: Mapping[str, Any], wishes: Wishes) -> Flow[dict[str, Any]]:
    """What goes into the repeated request: an answer to each question, and the server's state unchanged."""
    asked = result.get("inputRequests")
    asked = asked if isinstance(asked, dict) else {}
    again: dict[str, Any] = {}
    if "requestState" in result:
        again["requestState"] = result["requestState"]
    if not asked:
        if not again:
            raise InvalidAnswer("the server asks for input but neither says which nor gives a state")
        yield Sleep(PAUSE)
        return again
    _refuse_unanswerable(asked, wishes)
    responses: dict[str, Any] = {}
    for key, question in asked.items():
        responses[key] = yield from _answer(key, question)
    return {**again, "inputResponses": responses}


def _refuse_unanswerable(asked: Mapping[str, Any], wishes: Wishes) -> None:
    for question in asked.values():
        if not isinstance(question, dict) or not isinstance(question.get("method"), str):
            raise InvalidAnswer("the server asks for input with something that is no request")
    elicitations = [question_of(item, key) for key, item in asked.items() if item["method"] == names.ELICIT]
    if elicitations and not wishes.ask:
        raise InputNeeded(elicitations)


def _answer(key: str, asked: Mapping[str, Any]) -> Flow[dict[str, Any]]:
    reply = plain_answer({**asked, "id": key})
    if reply is None:
        return (yield from ask_user(question_of(asked, key)))
    if "error" in reply:
        # There is no place for an error among the answers: what cannot be answered ends the request.
        raise ProtocolError(errors.METHOD_NOT_FOUND, reply["error"]["message"], params_of(dict(asked)))
    result: dict[str, Any] = reply["result"]
    return result
