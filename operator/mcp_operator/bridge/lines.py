"""Lines out of a stream of bytes, each bounded.

Role: pure. A line that is too long is not kept: its first bytes are handed over, the rest is skipped.
Called by: `child.py`.
"""

from __future__ import annotations

from collections.abc import Callable

HEAD_OF_LONG_LINE = 4096


class LineSplitter:
    """Feeds whole lines, without their line break, to `on_line`; empty ones are left out."""

    def __init__(self, limit: int, on_line: Callable[[bytes], None], on_long: Callable[[bytes], None]) -> None:
        self._limit = limit
        self._on_line = on_line
        self._on_long = on_long
        self._parts: list[bytes] = []
        self._size = 0
        self._skipping = False

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
        if not part or self._skipping:
            return
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._limit:
            start = b"".join(self._parts)[:HEAD_OF_LONG_LINE]
            self._parts, self._size, self._skipping = [], 0, True
            self._on_long(start)

    def _end(self) -> None:
        parts, self._parts, self._size = self._parts, [], 0
        if self._skipping:
            self._skipping = False
            return
        line = (parts[0] if len(parts) == 1 else b"".join(parts)).rstrip(b"\r")
        if line:
            self._on_line(line)
