"""One child and the requests in flight to it.

Role: map ids, progress tokens and subscription ids on the way in, restore them on the way out, drop what nobody waits
for. Not its job: which child a request goes to. Called by: `modern.py` and `sessions.py`, which say what happens to
messages that belong to no request.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

from mcp_operator.bridge.child import Child, write_stderr
from mcp_operator.bridge.exchange import Exchange
from mcp_operator.protocol import names
from mcp_operator.protocol.errors import INTERNAL_ERROR, INVALID_REQUEST
from mcp_operator.protocol.messages import MalformedMessage, Message, decode, encode, meta_of

# A successful response says its id at its start or at its end; then it is passed on without being parsed.
_ID_FIRST = re.compile(rb'\{"jsonrpc": ?"2\.0", ?"id": ?(\d{1,15}), ?"result":')
_ID_LAST = re.compile(rb',"jsonrpc":"2\.0","id":(\d{1,15})\}$')
TAIL = 64
# Of an answer that is too long to be read: where its id can be, however it is spelled, and nowhere inside the result.
_VERSION = rb'(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?'
_LONG_ID_FIRST = re.compile(
    rb"\s*\{\s*" + _VERSION + rb'"id"\s*:\s*(\d{1,15})\s*,\s*' + _VERSION + rb'"(?:result|error)"'
)
_LONG_ANSWER = re.compile(rb"\s*\{\s*" + _VERSION + rb'"(?:result|error)"')
_LONG_ID_LAST = re.compile(rb",\s*" + _VERSION + rb'"id"\s*:\s*(\d{1,15})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$')


class Owner(Protocol):
    """Who holds a channel: hears what belongs to no request, and that the child has ended."""

    def on_stray(self, message: Message, line: bytes) -> None: ...
    def on_request(self, message: Message, line: bytes) -> None: ...
    def on_tools_changed(self) -> None: ...


class Channel:
    """The requests in flight to one child, by the id that the child knows them by."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._last = 0
        self.waiting: dict[int, Exchange] = {}
        self.child: Child

    async def start(self, command: Sequence[str], max_line: int) -> None:
        # It may speak before its start is over.
        self.child = Child(self._on_line, self._on_long, max_line)
        await self.child.start(command)

    def submit(self, message: Message, exchange: Exchange) -> int | None:
        """Send a request to the child under an id of our own; the id, or None where it has failed already."""
        self._last = number = self._last + 1
        self.waiting[number] = exchange
        message["id"] = number
        if exchange.token is not None:
            message["params"]["_meta"][names.PROGRESS_TOKEN] = number
        try:
            sent = self.child.send(encode(message))
        except MalformedMessage as error:
            del self.waiting[number]
            exchange.fail(400, INVALID_REQUEST, str(error))
            return None
        if not sent:
            del self.waiting[number]
            exchange.fail(502, INTERNAL_ERROR, "the server has ended")
            return None
        return number

    def forward(self, message: Message) -> None:
        """Send a message that has no id of the client's: a notification, or an answer to the server's question."""
        self.child.send(encode(message))

    def cancel(self, number: int, reason: str) -> Exchange | None:
        """Nobody waits for this request any more; what the child still says of it is dropped."""
        exchange = self.waiting.pop(number, None)
        if exchange is not None and exchange.method != names.INITIALIZE:
            params = {"requestId": number, "reason": reason}
            self.forward({"jsonrpc": "2.0", "method": names.CANCELLED, "params": params})
        return exchange

    def take(self, number: Any) -> Exchange | None:
        """The request with this id, which is over with that."""
        exchange = self._of(number)
        if exchange is not None:
            del self.waiting[number]
        return exchange

    def fail_all(self, text: str) -> None:
        """The child has ended: everybody who waits hears it."""
        waiting, self.waiting = self.waiting, {}
        for exchange in waiting.values():
            exchange.fail(502, INTERNAL_ERROR, text)

    def _on_line(self, line: bytes) -> None:
        match = _ID_FIRST.match(line)
        if match is None and line.startswith(b'{"result"'):
            match = _ID_LAST.search(line, max(0, len(line) - TAIL))
        if match is not None:
            number = int(match[1])
            exchange = self.waiting.get(number)
            if exchange is None:
                return
            if not exchange.inspects:
                del self.waiting[number]
                exchange.answer(line[: match.start(1)] + exchange.raw_id + line[match.end(1) :], None)
                return
        try:
            message = decode(line)
            for item in message if isinstance(message, list) else [message]:
                if isinstance(item, dict):
                    self._on_message(item, line if item is message else encode(item))
        except MalformedMessage:
            self.child.keep(line)
            write_stderr(b"mcp-bridge: the server wrote to its stdout what is no message: " + line[:500] + b"\n")

    def _on_message(self, message: Message, line: bytes) -> None:
        if "method" not in message:
            self._on_response(message)
        elif "id" in message:
            self._owner.on_request(message, line)
        else:
            self._on_notification(message, line)

    def _on_response(self, message: Message) -> None:
        number = message.get("id")
        exchange = self.take(number)
        if exchange is None:
            return
        if message.get("error") is None:
            # Some write every member of an answer, also the one that it must not have.
            message.pop("error", None)
        elif not isinstance(message["error"], dict):
            # It names a request in flight, whose client would wait for ever if this were only dropped.
            exchange.fail(502, INTERNAL_ERROR, "the server's answer is no JSON-RPC response: its error is no object")
            return
        message["id"] = exchange.message_id
        result = message.get("result")
        meta = result.get("_meta") if isinstance(result, dict) else None
        if isinstance(meta, dict) and meta.get(names.META_SUBSCRIPTION) == number:
            meta[names.META_SUBSCRIPTION] = exchange.message_id
        try:
            data = encode(message)
        except MalformedMessage as error:
            exchange.fail(502, INTERNAL_ERROR, f"the server's answer cannot be passed on: {error}")
        else:
            exchange.answer(data, message)

    def _on_notification(self, message: Message, line: bytes) -> None:
        params: Any = message.get("params")
        if message["method"] == names.TOOLS_CHANGED:
            self._owner.on_tools_changed()
        if message["method"] == names.PROGRESS and isinstance(params, dict):
            exchange = self._of(params.get(names.PROGRESS_TOKEN))
            if exchange is not None and exchange.token is not None:
                params[names.PROGRESS_TOKEN] = exchange.token
                exchange.notify(encode(message))
            return
        meta = meta_of(message)
        if names.META_SUBSCRIPTION in meta:
            exchange = self._of(meta[names.META_SUBSCRIPTION])
            if exchange is not None:
                meta[names.META_SUBSCRIPTION] = exchange.message_id
                exchange.notify(encode(message))
            return
        self._owner.on_stray(message, line)

    def _of(self, number: Any) -> Exchange | None:
        return self.waiting.get(number) if isinstance(number, int) and not isinstance(number, bool) else None

    def _on_long(self, start: bytes, end: bytes) -> None:
        match = _LONG_ID_FIRST.match(start) or (_LONG_ANSWER.match(start) and _LONG_ID_LAST.search(end))
        exchange = self.take(int(match[1])) if match else None
        write_stderr(b"mcp-bridge: a message of the server is longer than --max-message and was dropped\n")
        if exchange is not None:
            exchange.fail(
                502, INTERNAL_ERROR, "the server's answer is longer than the bridge passes on (--max-message)"
            )
