"""A client of the legacy era: initialize once, then requests within a session; the server may ask back on a stream.

Flows only. Called by `conversation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_operator.protocol import errors, names
from mcp_operator.protocol.effects import Flow, Spawn, Stop
from mcp_operator.protocol.exchange import Outcome, tell_progress
from mcp_operator.protocol.failures import McpError, McpTimeout, TransportError
from mcp_operator.protocol.identity import ServerIdentity, identity_of_initialize
from mcp_operator.protocol.legacy_http import OldHttpSse, StreamableHttp, Transport
from mcp_operator.protocol.messages import Message, RequestId, notification, request, response
from mcp_operator.protocol.questions import client_capabilities, plain_answer, question_of
from mcp_operator.protocol.speaker import Settings, Wishes, ask_user
from mcp_operator.protocol.versions import LATEST_LEGACY

# An initialize that fails so may come from a server of 2024-11-05.
_OLD_TRANSPORT = frozenset({400, 404, 405})


class LegacySpeaker:
    """Requests within one session."""

    def __init__(self, settings: Settings, transport: Transport, identity: ServerIdentity, can_ask: bool) -> None:
        self.settings = settings
        self.transport = transport
        self.identity = identity
        self.can_ask = can_ask

    def request(self, method: str, params: Mapping[str, Any], wishes: Wishes) -> Flow[dict[str, Any]]:
        """The result. While it is awaited, the server's questions are answered and its progress is told."""
        request_id = self.settings.new_id()
        message = request(request_id, method, _with_token(params, request_id if wishes.progress else None))
        answerer = _Answerer(self.transport, wishes, request_id)
        listener = yield from self._listen(method, wishes)
        try:
            outcome = yield from self.transport.call(message, answerer, wishes.ask)
        except BaseException as error:
            if isinstance(error, McpTimeout) or not isinstance(error, McpError):
                yield from self._cancel(request_id)
            raise
        finally:
            if listener is not None:
                yield Stop(listener)
        return outcome.result(method)

    def _listen(self, method: str, wishes: Wishes) -> Flow[Any]:
        """The server's own stream beside a request in which it may ask something; None where it is not needed."""
        transport = self.transport
        if not wishes.ask or method not in names.MAY_ASK_BACK:
            return None
        if not isinstance(transport, StreamableHttp) or transport.session is None:
            return None
        return (yield Spawn(transport.listen(_Answerer(transport, wishes, None))))

    def _cancel(self, request_id: RequestId) -> Flow[None]:
        """Tell the server that nobody waits any more; it does not matter whether that arrives."""
        try:
            yield from self.transport.send(notification(names.CANCELLED, {"requestId": request_id}))
        except McpError:
            return

    def close(self) -> Flow[None]:
        """End the session."""
        yield from _end(self.transport)


class _Answerer:
    """Takes what the server sends before its answer: progress of this request, and questions."""

    def __init__(self, transport: Transport, wishes: Wishes, request_id: RequestId | None) -> None:
        self.transport = transport
        self.wishes = wishes
        self.token = request_id if wishes.progress else None

    def __call__(self, message: Message) -> Flow[None]:
        if "id" not in message:
            yield from tell_progress(message, self.token)
            return
        answer = plain_answer(message)
        if answer is None and not self.wishes.ask:
            answer = errors.error_body(message["id"], errors.METHOD_NOT_FOUND, "nobody here can be asked")
        if answer is None:
            answer = yield from self._elicit(message)
        yield from self.transport.send(answer)

    def _elicit(self, message: Message) -> Flow[Message]:
        """The user's answer. Where asking fails, the server hears `cancel`, then the failure goes its way."""
        try:
            return response(message["id"], (yield from ask_user(question_of(message))))
        except BaseException:
            yield from self.transport.send(response(message["id"], {"action": "cancel"}))
            raise


def open_legacy(settings: Settings, can_ask: bool) -> Flow[LegacySpeaker]:
    """Initialize over streamable HTTP, else over the transport of 2024-11-05."""
    transport: Transport = StreamableHttp(settings)
    try:
        outcome = yield from _initialize(settings, transport, can_ask)
        if outcome.answer is None and outcome.status in _OLD_TRANSPORT:
            old = OldHttpSse(settings)
            if (yield from _speaks_old(old)):
                transport = old
                outcome = yield from _initialize(settings, transport, can_ask)
        result = outcome.result(names.INITIALIZE)
        identity = identity_of_initialize(result, transport.session)
        transport.version = identity.version
        confirmed = yield from transport.send(notification(names.INITIALIZED))
        confirmed.raise_for_error()
    except BaseException:
        yield from _end(transport)
        raise
    return LegacySpeaker(settings, transport, identity, can_ask)


def _initialize(settings: Settings, transport: Transport, can_ask: bool) -> Flow[Outcome]:
    params = {
        "protocolVersion": LATEST_LEGACY,
        "capabilities": client_capabilities(can_ask),
        "clientInfo": dict(settings.client_info),
    }
    answerer = _Answerer(transport, Wishes(), None)
    return (yield from transport.call(request(settings.new_id(), names.INITIALIZE, params), answerer))


def _speaks_old(old: OldHttpSse) -> Flow[bool]:
    try:
        return (yield from old.open())
    except TransportError:
        return False


def _end(transport: Transport) -> Flow[None]:
    """End the session; a server that is gone, or keeps its sessions to itself, is no error."""
    try:
        yield from transport.close()
    except McpError:
        return


def _with_token(params: Mapping[str, Any], token: RequestId | None) -> dict[str, Any]:
    if token is None:
        return dict(params)
    own = params.get("_meta")
    return {**params, "_meta": {**(own if isinstance(own, dict) else {}), names.PROGRESS_TOKEN: token}}
