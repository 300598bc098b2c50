"""The log of one run of a container on disk: lines with time and stream, as container runtimes write them.

`2026-11-21T11:12:13.123456789Z stdout F text`; a line longer than 16 KiB is cut into parts marked `P`. The file
is rotated at a size; one older file is kept. Reading is in logread.py. Written by the container runner.
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

MAX_BYTES = 10 * 1024 * 1024
MAX_LINE = 16 * 1024

log = logging.getLogger(__name__)


def rfc3339_nano(nanoseconds: int) -> str:
    """A moment as the log writes it."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09d}Z"


class LogFile:
    """Takes what a process writes; tells followers when there is more."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._max_bytes = max_bytes
        # Without a buffer: what a full disk refuses must not come back with the next line.
        self._file = path.open("ab", buffering=0)
        self._size = self._file.tell()
        self._failed = False
        self._rest = {"stdout": b"", "stderr": b""}
        self._followers: set[asyncio.Event] = set()
        self.closed = False

    def write(self, stream: str, data: bytes) -> None:
        """Write the complete lines of `data` and keep the rest for the next piece."""
        stamp = f"{rfc3339_nano(time.time_ns())} {stream} ".encode()
        *lines, rest = (self._rest[stream] + data).split(b"\n")
        pieces = []
        for line in lines:
            while len(line) > MAX_LINE:
                pieces.append(stamp + b"P " + line[:MAX_LINE] + b"\n")
                line = line[MAX_LINE:]
            pieces.append(stamp + b"F " + line + b"\n")
        while len(rest) > MAX_LINE:
            pieces.append(stamp + b"P " + rest[:MAX_LINE] + b"\n")
            rest = rest[MAX_LINE:]
        self._rest[stream] = rest
        if pieces:
            self._append(b"".join(pieces))

    def close(self) -> None:
        """Write what came without a newline at its end and wake the followers for the last time."""
        if self.closed:
            return
        for stream, rest in self._rest.items():
            if rest:
                self._append(f"{rfc3339_nano(time.time_ns())} {stream} P ".encode() + rest + b"\n")
        self._file.close()
        self.closed = True
        self._wake()

    def subscribe(self) -> asyncio.Event:
        """An event that is set whenever there is more, or the log is closed."""
        event = asyncio.Event()
        self._followers.add(event)
        return event

    def unsubscribe(self, event: asyncio.Event) -> None:
        self._followers.discard(event)

    def _append(self, data: bytes) -> None:
        """What the disk does not take is lost: the process must neither wait for it nor end of it."""
        try:
            if self._size and self._size + len(data) > self._max_bytes:
                self._rotate()
            self._write(data)
            self._failed = False
        except OSError as error:
            if not self._failed:
                log.warning("lines are missing in %s: %s", self.path, error)
            self._failed = True
        self._wake()

    def _write(self, data: bytes) -> None:
        if self._failed:
            # The disk may have taken a part of the last line.
            data = b"\n" + data
        rest = memoryview(data)
        while rest:
            written = self._file.write(rest) or 0
            self._size += written
            rest = rest[written:]

    def _rotate(self) -> None:
        self.path.replace(rotated(self.path))
        try:
            file = self.path.open("ab", buffering=0)
        except OSError:
            rotated(self.path).replace(self.path)
            raise
        self._file.close()
        self._file, self._size = file, 0

    def _wake(self) -> None:
        for event in self._followers:
            event.set()


def rotated(path: Path) -> Path:
    """Where the older part of a log is."""
    return path.with_name(path.name + ".1")
