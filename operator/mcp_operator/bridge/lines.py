"""Lines out of a stream of bytes, each bounded.

Role: pure. A line that is too long is not kept: its first and its last bytes are handed over when it has ended.
Called by: `child.py`.
"""

from __future__ import annotations

from collections.abc import Callable

KEPT_START = 4096
KEPT_END = 128

OnLong = Callable[[bytes, bytes], None]


class LineSplitter:
    """Feeds whole lines, without their line break, to `on_line`; empty ones are left out.

    Of a line longer than `limit`, `on_long` gets the start and the end.
    """

    def __init__(self, limit: int, on_line: Callable[[bytes], None], on_long: OnLong) -> None:
        self._limit = limit
        self._on_line = on_line
        self._on_long = on_long
        self._parts: list[bytes] = []
        self._size = 0
        self._long: tuple[bytes, bytes] | None = None

    def feed(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._add(line)
            self._end()
        self._add(rest)

    def flush(self) -> None:
        """The stream has ended: what has no line break yet is the last line."""
        self._end()

    def _add(self, part: bytes) -> None:
        if not part:
            return
        if self._long is not None:
            self._long = (self._long[0], (self._long[1] + part)[-KEPT_END:])
            return
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._limit:
            line = b"".join(self._parts)
            self._parts, self._size = [], 0
            self._long = (line[:KEPT_START], line[-KEPT_END:])

    def _end(self) -> None:
        if self._long is not None:
            (start, end), self._long = self._long, None
            self._on_long(start, end.rstrip(b"\r"))
            return
        parts, self._parts, self._size = self._parts, [], 0
        line = (parts[0] if len(parts) == 1 else b"".join(parts)).rstrip(b"\r")
        if line:
            self._on_line(line)
