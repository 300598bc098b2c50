"""The modern era: every request on its own, all of them relayed to one shared child.

Role: start that child and learn what it speaks; check requests, relay them, say what becomes of messages that belong to
no request. Not its job: HTTP, sessions. Called by: `server.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from mcp_operator.bridge.channel import Channel
from mcp_operator.bridge.exchange import HttpExchange, OwnExchange
from mcp_operator.bridge.http1 import Responder
from mcp_operator.bridge.http_head import Request
from mcp_operator.bridge.metrics import Metrics
from mcp_operator.bridge.options import Options
from mcp_operator.bridge.tasks import Tasks
from mcp_operator.bridge.tools import ToolHeaders
from mcp_operator.protocol import errors, names
from mcp_operator.protocol.checks import check_mirrors, check_modern
from mcp_operator.protocol.errors import Rejection
from mcp_operator.protocol.messages import Message, encode, params_of
from mcp_operator.protocol.versions import LATEST_LEGACY, LATEST_MODERN
from mcp_operator.version import __version__

CLIENT_INFO = {"name": "mcp-bridge", "version": __version__}
# A legacy server may stay silent on what it does not know; then `initialize` is what makes it speak.
SILENCE = 8.0
# One that was only slow to start answers both questions, as a rule in their order.
AFTERWARDS = 1.0


class ModernRelay:
    """The shared child. `era` is None until it has answered."""

    def __init__(self, options: Options, metrics: Metrics) -> None:
        self._options = options
        self._metrics = metrics
        self._tasks = Tasks()
        self.channel = Channel(self)
        self.tools = ToolHeaders(self.ask)
        self.era: str | None = None

    async def start(self) -> None:
        self._metrics.child_starts["shared"] += 1
        await self.channel.start(self._options.command, self._options.max_message)
        self._tasks.run(self._learn())

    async def ask(self, method: str, params: Message) -> Message | None:
        """A request of the bridge itself; None where the child ended before it answered."""
        exchange = OwnExchange(own_request(method, params))
        self.channel.submit(own_request(method, params), exchange)
        return await exchange.reply

    def handle(self, message: Message, request: Request, responder: Responder, streams: bool) -> None:
        """Relay one message that came by POST."""
        if "id" not in message:
            self._notification(message, responder)
            return
        refusal = check_modern(message, request.headers) or self._of_wrong_era(message)
        if refusal is None and not streams and message["method"] == names.SUBSCRIPTIONS_LISTEN:
            refusal = Rejection(406, errors.INVALID_REQUEST, f"a subscription is a stream: accept {names.SSE_TYPE}")
        if refusal:
            self._refuse(message, responder, refusal)
        elif message["method"] != names.TOOLS_CALL:
            self._relay(message, responder, streams)
        elif self.tools.known is None:
            self._tasks.run(self._call_later(message, request.headers, responder, streams), responder, message["id"])
        else:
            self._call(message, request.headers, responder, streams)

    def on_stray(self, message: Message, line: bytes) -> None:
        method = message["method"]
        if method == names.CANCELLED:
            exchange = self.channel.take(params_of(message).get("requestId"))
            if exchange is not None:
                exchange.end()
        elif method == names.MESSAGE:
            self._log_message(line)

    def on_tools_changed(self) -> None:
        self.tools.forget()

    def on_request(self, message: Message, line: bytes) -> None:
        """A modern server asks by answering `input_required`; a request of its own gets no further."""
        answer: Message = {"jsonrpc": "2.0", "id": message["id"]}
        if message["method"] == names.PING:
            answer["result"] = {}
        else:
            answer["error"] = {
                "code": errors.METHOD_NOT_FOUND,
                "message": "requests reach no client here",
            }
        self.channel.forward(answer)

    def end_subscriptions(self) -> None:
        """The server goes away: each listener hears that its subscription is over."""
        for number, exchange in list(self.channel.waiting.items()):
            if exchange.method == names.SUBSCRIPTIONS_LISTEN and isinstance(exchange, HttpExchange):
                self.channel.cancel(number, "the server is stopping")
                meta = {names.META_SUBSCRIPTION: exchange.message_id}
                result = {"resultType": "complete", "_meta": meta}
                exchange.answer(encode({"jsonrpc": "2.0", "id": exchange.message_id, "result": result}), None)

    async def _learn(self) -> None:
        """Ask the child what it is; the first answer, whatever it says, makes the bridge ready."""
        discovery = asyncio.ensure_future(self.ask(names.DISCOVER, {}))
        await asyncio.wait([discovery], timeout=SILENCE)
        if not discovery.done():
            await self._wake(discovery)
        response = discovery.result() if discovery.done() else None
        if not self.channel.child.alive:
            return
        error = (response or {}).get("error")
        modern = response is not None and (not error or errors.is_modern(error.get("code")))
        self.era = "modern" if modern else "legacy"
        if not modern:
            return
        if _tells_changes((response or {}).get("result")):
            self._listen()
        await self.tools.read()

    async def _wake(self, discovery: asyncio.Future[Message | None]) -> None:
        """Until the child has said something, and what it says of its discovery has had the time to come, too."""
        params = {"protocolVersion": LATEST_LEGACY, "capabilities": {}, "clientInfo": CLIENT_INFO}
        exchange = OwnExchange({"id": 0, "method": names.INITIALIZE, "params": params})
        self.channel.submit({"jsonrpc": "2.0", "method": names.INITIALIZE, "params": params}, exchange)
        await asyncio.wait([exchange.reply, discovery], return_when=asyncio.FIRST_COMPLETED)
        if not discovery.done():
            refused = "error" in (exchange.reply.result() or {})
            await asyncio.wait([discovery], timeout=SILENCE if refused else AFTERWARDS)

    def _listen(self) -> None:
        """Our own subscription: nothing else tells that the remembered tools are out of date."""
        params: Message = {"notifications": {"toolsListChanged": True}}
        message = own_request(names.SUBSCRIPTIONS_LISTEN, params)
        self.channel.submit(message, OwnExchange(own_request(names.SUBSCRIPTIONS_LISTEN, params)))

    def _of_wrong_era(self, message: Message) -> Rejection | None:
        """A server known to be legacy says itself that it knows no discovery; all else must begin with a session."""
        if message["method"] == names.INITIALIZE:
            return Rejection(404, errors.METHOD_NOT_FOUND, "initialize does not exist in this revision")
        if self.era != "legacy" or message["method"] == names.DISCOVER:
            return None
        return Rejection(400, errors.INVALID_REQUEST, "this server speaks legacy revisions only: begin with initialize")

    def _refuse(self, message: Message, responder: Responder, refusal: Rejection) -> None:
        self._metrics.refused["headers" if refusal.code == errors.HEADER_MISMATCH else "invalid"] += 1
        responder.send(refusal.status, encode(refusal.body(message["id"])))

    def _notification(self, message: Message, responder: Responder) -> None:
        # A client cancels by closing its stream; the ids of a notification that says so are nobody's here.
        if message["method"] != names.CANCELLED:
            self.channel.forward(message)
        responder.send(202)

    async def _call_later(
        self, message: Message, headers: Mapping[str, str], responder: Responder, streams: bool
    ) -> None:
        await self.tools.read()
        self._call(message, headers, responder, streams)

    def _call(self, message: Message, headers: Mapping[str, str], responder: Responder, streams: bool) -> None:
        expected = (self.tools.known or {}).get(str(params_of(message).get("name")))
        refusal = check_mirrors(message, headers, expected) if expected else None
        if refusal:
            self._refuse(message, responder, refusal)
        else:
            self._relay(message, responder, streams)

    def _relay(self, message: Message, responder: Responder, streams: bool) -> None:
        if responder.done:
            return
        exchange = HttpExchange(message, responder, self._metrics, modern=True, streams=streams)
        number = self.channel.submit(message, exchange)
        if number is not None:
            responder.on_gone = lambda: self._gone(number)

    def _gone(self, number: int) -> None:
        exchange = self.channel.cancel(number, "the client closed its connection")
        if isinstance(exchange, HttpExchange):
            exchange.gone()

    def _log_message(self, line: bytes) -> None:
        """It says not whose it is: only where one request in flight asked for logs it surely is that one's."""
        asked = [exchange for exchange in self.channel.waiting.values() if exchange.wants_log]
        if len(asked) == 1:
            asked[0].notify(line)
        else:
            self._metrics.dropped["log_ambiguous" if asked else "log_unasked"] += 1


def _tells_changes(found: Any) -> bool:
    """Whether the child announces `tools.listChanged`; it may answer anything."""
    for key in ("capabilities", "tools", "listChanged"):
        found = found.get(key) if isinstance(found, dict) else None
    return bool(found)


def own_request(method: str, params: Message) -> Message:
    meta = {names.META_VERSION: LATEST_MODERN, names.META_CLIENT_CAPABILITIES: {}, names.META_CLIENT_INFO: CLIENT_INFO}
    return {"jsonrpc": "2.0", "id": 0, "method": method, "params": {**params, "_meta": meta}}
