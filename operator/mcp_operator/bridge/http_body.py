"""A request's body: by length or in chunks, never longer than the bound.

Role: pure; takes bytes from a connection's buffer. Called by: `http1.py`.
"""

from __future__ import annotations

from enum import Enum

MAX_CHUNK_LINE = 1024


class HttpError(Exception):
    """A request that is refused before it is understood: the status, and why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Part(Enum):
    SIZE = 1
    DATA = 2
    TRAILER = 3


class BodyReader:
    """Collects one body. `expected` is its length where the client said it, else 0."""

    __slots__ = ("_bytes", "_limit", "_part", "_remaining", "chunked", "expected", "reserved")

    def __init__(self, limit: int, length: int | None) -> None:
        self._bytes = bytearray()
        self._limit = limit
        self._part = _Part.SIZE
        self._remaining = length or 0
        self.chunked = length is None
        self.expected = length or 0
        self.reserved = 0

    @classmethod
    def of(cls, headers: dict[str, str], limit: int) -> BodyReader | None:
        """The reader for a request with these headers; None where there is no body."""
        encoding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if encoding is not None:
            if length is not None or encoding.lower() != "chunked":
                raise HttpError(400, "Transfer-Encoding must be chunked, without a Content-Length")
            return cls(limit, None)
        if length is None:
            return None
        if not (length.isascii() and length.isdigit()) or len(length) > 15:
            raise HttpError(400, "Content-Length is not a number")
        if int(length) > limit:
            raise too_large(limit)
        return cls(limit, int(length)) if int(length) else None

    @property
    def held(self) -> int:
        return len(self._bytes)

    def feed(self, buffer: bytearray) -> bool:
        """Take what belongs to this body out of the buffer; True when the body is whole."""
        if self.chunked:
            return self._feed_chunks(buffer)
        self._move(buffer)
        return self._remaining == 0

    def take(self) -> bytes:
        data = bytes(self._bytes)
        self._bytes = bytearray()
        return data

    def _move(self, buffer: bytearray) -> None:
        size = min(len(buffer), self._remaining)
        if size == len(buffer):
            self._bytes += buffer
            buffer.clear()
        else:
            self._bytes += memoryview(buffer)[:size].tobytes()
            del buffer[:size]
        self._remaining -= size

    def _feed_chunks(self, buffer: bytearray) -> bool:
        while True:
            if self._part is _Part.DATA:
                self._move(buffer)
                if self._remaining:
                    return False
                if len(buffer) < 2:
                    return False
                if buffer[:2] != b"\r\n":
                    raise HttpError(400, "a chunk does not end where it said")
                del buffer[:2]
                self._part = _Part.SIZE
            line = self._line(buffer)
            if line is None:
                return False
            if self._part is _Part.TRAILER:
                if not line:
                    return True
                continue
            self._remaining = chunk_size(line)
            if self.held + self._remaining > self._limit:
                raise too_large(self._limit)
            self._part = _Part.DATA if self._remaining else _Part.TRAILER

    def _line(self, buffer: bytearray) -> bytes | None:
        end = buffer.find(b"\r\n", 0, MAX_CHUNK_LINE)
        if end < 0:
            if len(buffer) >= MAX_CHUNK_LINE:
                raise HttpError(400, "a chunk's size line is too long")
            return None
        line = bytes(buffer[:end])
        del buffer[: end + 2]
        return line


def chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip(b" \t")
    if not digits or len(digits) > 15 or digits.strip(b"0123456789abcdefABCDEF"):
        raise HttpError(400, "a chunk's size is not a number")
    return int(digits, 16)


def too_large(limit: int) -> HttpError:
    return HttpError(413, f"the request is larger than {limit // (1024 * 1024)} MiB (--max-body)")
