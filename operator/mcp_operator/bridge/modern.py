"""The modern era: every request on its own, all of them relayed to one shared child.

Role: start that child and learn what it speaks; check requests, relay them, say what becomes of messages that belong to
no request. Not its job: HTTP, sessions. Called by: `server.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from mcp_operator.bridge.channel import Channel
from mcp_operator.bridge.exchange import HttpExchange, Message, OwnExchange, encode, error_body
from mcp_operator.bridge.http1 import Request, Responder
from mcp_operator.bridge.metrics import Metrics
from mcp_operator.bridge.options import Options
from mcp_operator.bridge.tools import ToolHeaders
from mcp_operator.protocol.incoming import (
    HEADER_MISMATCH,
    INVALID_REQUEST,
    LEGACY_VERSIONS,
    META_CAPABILITIES,
    META_CLIENT_INFO,
    META_SUBSCRIPTION,
    META_VERSION,
    METHOD_NOT_FOUND,
    MISSING_CAPABILITY,
    MODERN_VERSION,
    UNSUPPORTED_VERSION,
    Refusal,
    check_modern,
    check_params,
)
from mcp_operator.version import __version__

CLIENT_INFO = {"name": "mcp-bridge", "version": __version__}
MODERN_ERRORS = (HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION)
# A legacy server may stay silent on what it does not know; then `initialize` is what makes it speak.
SILENCE = 8.0


class ModernRelay:
    """The shared child. `era` is None until it has answered."""

    def __init__(self, options: Options, metrics: Metrics) -> None:
        self._options = options
        self._metrics = metrics
        self._asked_logs: dict[int, HttpExchange] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.channel = Channel(self)
        self.tools = ToolHeaders(self.ask)
        self.era: str | None = None

    async def start(self) -> None:
        self._metrics.child_starts["shared"] += 1
        await self.channel.start(self._options.command, self._options.max_message)
        self.run(self._learn())

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
        if refusal:
            self._refuse(message, responder, refusal)
        elif message["method"] != "tools/call":
            self._relay(message, responder, streams)
        elif self.tools.known is None:
            self.run(self._call_later(message, request.headers, responder, streams))
        else:
            self._call(message, request.headers, responder, streams)

    def on_stray(self, message: Message, line: bytes) -> None:
        method = message["method"]
        if method == "notifications/cancelled":
            exchange = self.channel.waiting.pop((message.get("params") or {}).get("requestId"), None)
            if exchange is not None:
                exchange.end()
        elif method == "notifications/message":
            self._log_message(line)

    def on_tools_changed(self) -> None:
        self.tools.forget()

    def on_request(self, message: Message, line: bytes) -> None:
        """A modern server asks by answering `input_required`; a request of its own gets no further."""
        answer: Message = {"jsonrpc": "2.0", "id": message["id"]}
        if message["method"] == "ping":
            answer["result"] = {}
        else:
            answer["error"] = {"code": METHOD_NOT_FOUND, "message": "no client is reached by requests in this revision"}
        self.channel.forward(answer)

    def end_subscriptions(self) -> None:
        """The server goes away: each listener hears that its subscription is over."""
        for number, exchange in list(self.channel.waiting.items()):
            if exchange.method == "subscriptions/listen" and isinstance(exchange, HttpExchange):
                self.channel.cancel(number, "the server is stopping")
                meta = {META_SUBSCRIPTION: exchange.message_id}
                result = {"resultType": "complete", "_meta": meta}
                exchange.answer(encode({"jsonrpc": "2.0", "id": exchange.message_id, "result": result}), None)

    def run(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _learn(self) -> None:
        """Ask the child what it is; the first answer, whatever it says, makes the bridge ready."""
        request = asyncio.ensure_future(self.ask("server/discover", {}))
        done, _ = await asyncio.wait([request], timeout=SILENCE)
        if not done:
            await self._wake()
        response = await request if done else None
        if self.era or not self.channel.child.alive:
            return
        error = (response or {}).get("error")
        modern = response is not None and (not error or error.get("code") in MODERN_ERRORS)
        self.era = "modern" if modern else "legacy"
        if not modern:
            return
        result = (response or {}).get("result") or {}
        if (result.get("capabilities") or {}).get("tools", {}).get("listChanged"):
            self._listen()
        await self.tools.read()

    async def _wake(self) -> None:
        params = {"protocolVersion": LEGACY_VERSIONS[0], "capabilities": {}, "clientInfo": CLIENT_INFO}
        exchange = OwnExchange({"id": 0, "method": "initialize", "params": params})
        self.channel.submit({"jsonrpc": "2.0", "method": "initialize", "params": params}, exchange)
        if await exchange.reply is not None:
            self.era = "legacy"

    def _listen(self) -> None:
        """Our own subscription: nothing else tells that the remembered tools are out of date."""
        params: Message = {"notifications": {"toolsListChanged": True}}
        message = own_request("subscriptions/listen", params)
        self.channel.submit(message, OwnExchange(own_request("subscriptions/listen", params)))

    def _of_wrong_era(self, message: Message) -> Refusal | None:
        """A server known to be legacy says itself that it knows no discovery; all else must begin with a session."""
        if self.era != "legacy" or message["method"] == "server/discover":
            return None
        return Refusal(400, INVALID_REQUEST, "this server speaks legacy revisions only: begin with initialize")

    def _refuse(self, message: Message, responder: Responder, refusal: Refusal) -> None:
        self._metrics.refused["headers" if refusal.code == HEADER_MISMATCH else "invalid"] += 1
        responder.send(refusal.status, error_body(message["id"], refusal.code, refusal.message, refusal.data))

    def _notification(self, message: Message, responder: Responder) -> None:
        # A client cancels by closing its stream; the ids of a notification that says so are nobody's here.
        if message["method"] != "notifications/cancelled":
            self.channel.forward(message)
        responder.send(202)

    async def _call_later(
        self, message: Message, headers: Mapping[str, str], responder: Responder, streams: bool
    ) -> None:
        await self.tools.read()
        self._call(message, headers, responder, streams)

    def _call(self, message: Message, headers: Mapping[str, str], responder: Responder, streams: bool) -> None:
        expected = (self.tools.known or {}).get(str(message["params"].get("name")))
        refusal = check_params(expected, message["params"].get("arguments"), headers) if expected else None
        if refusal:
            self._refuse(message, responder, refusal)
        else:
            self._relay(message, responder, streams)

    def _relay(self, message: Message, responder: Responder, streams: bool) -> None:
        if responder.done:
            return
        exchange = HttpExchange(message, responder, self._metrics, modern=True, streams=streams)
        number = self.channel.submit(message, exchange)
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


def own_request(method: str, params: Message) -> Message:
    meta = {META_VERSION: MODERN_VERSION, META_CAPABILITIES: {}, META_CLIENT_INFO: CLIENT_INFO}
    return {"jsonrpc": "2.0", "id": 0, "method": method, "params": {**params, "_meta": meta}}
