"""Server-sent events, both ways: a parser that takes bytes split anywhere, and an encoder.

Knows nothing of MCP. Called by the client (parser) and the bridge (encoder).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_BOM = b"\xef\xbb\xbf"
_LF, _CR = 10, 13


class EventTooLarge(ValueError):
    """An event, or a line of one, that outgrew the parser's bound."""


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatched event. `id` is the last id that the stream named so far, None before the first."""

    data: str
    event: str = "message"
    id: str | None = None


class SseParser:
    """Feed it bytes, get whole events. `last_id` and `retry_ms` say how to resume the stream when it ends.

    An event without data is not dispatched, as the standard says, but its id and retry count.
    """

    def __init__(self, max_event: int = 64 * 1024 * 1024) -> None:
        self.last_id: str | None = None
        self.retry_ms: int | None = None
        self._max = max_event
        self._rest = bytearray()
        self._scanned = 0
        self._size = 0
        self._data: list[bytes] = []
        self._event = b""
        self._first = True
        self._skip_lf = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Every event that this chunk completes; the generator must be exhausted before the next call."""
        self._rest += chunk
        for line in self._lines():
            event = self._take(line)
            if event is not None:
                yield event

    def _lines(self) -> Iterator[bytes]:
        """Whole lines. A CR at the very end is a line's end too; an LF that follows in the next chunk belongs to it."""
        rest = self._rest
        if self._skip_lf and rest:
            self._skip_lf = False
            if rest[0] == _LF:
                del rest[0]
        start = 0
        position = self._scanned
        while (end := _line_end(rest, position)) >= 0:
            line = bytes(rest[start:end])
            start = end + 1
            if rest[end] == _CR:
                if start == len(rest):
                    self._skip_lf = True
                elif rest[start] == _LF:
                    start += 1
            position = start
            yield line
        del rest[:start]
        self._scanned = len(rest)
        if len(rest) + self._size > self._max:
            raise EventTooLarge(f"a server-sent event is larger than {self._max} bytes")

    def _take(self, line: bytes) -> Event | None:
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        if line.startswith(b":"):
            return None
        field, _, value = line.partition(b":")
        self._field(field, value.removeprefix(b" "))
        return None

    def _field(self, field: bytes, value: bytes) -> None:
        if field == b"data":
            self._size += len(value) + 1
            if self._size > self._max:
                raise EventTooLarge(f"a server-sent event is larger than {self._max} bytes")
            self._data.append(value)
        elif field == b"event":
            self._event = value
        elif field == b"id" and b"\0" not in value:
            self.last_id = value.decode("utf-8", "replace")
        elif field == b"retry" and value.isdigit():
            self.retry_ms = int(value)

    def _dispatch(self) -> Event | None:
        data, name = self._data, self._event
        self._data, self._event, self._size = [], b"", 0
        if not data:
            return None
        text = b"\n".join(data).decode("utf-8", "replace")
        return Event(text, name.decode("utf-8", "replace") or "message", self.last_id)


def _line_end(data: bytearray, start: int) -> int:
    newline = data.find(b"\n", start)
    carriage = data.find(b"\r", start, newline if newline >= 0 else len(data))
    return carriage if carriage >= 0 else newline


def encode_event(data: str | bytes, *, event: str | None = None, id: str | None = None) -> bytes:
    """One event. Line breaks inside the data become several data lines, which a parser joins again with LF."""
    raw = data.encode() if isinstance(data, str) else data
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    head = b""
    if event is not None:
        head += b"event: " + _one_line(event) + b"\n"
    if id is not None:
        head += b"id: " + _one_line(id) + b"\n"
    if b"\n" not in raw:
        return head + b"data: " + raw + b"\n\n"
    return head + b"".join(b"data: " + line + b"\n" for line in raw.split(b"\n")) + b"\n"


def encode_comment(text: str = "") -> bytes:
    """A line that every parser skips: it keeps a quiet stream alive."""
    return b": " + _one_line(text) + b"\n\n"


def _one_line(text: str) -> bytes:
    return text.replace("\r", " ").replace("\n", " ").encode()
