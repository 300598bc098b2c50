"""Read a container's log back: the last lines, since a time, with or without times, and follow it.

Knows files and lines only; which container and which run is meant is decided by the HTTP listener, its caller.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mcp_cli.local.node.logfile import LogFile, rotated

BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What of a log is wanted."""

    tail: int | None = None
    since: str | None = None
    """Lines before this RFC 3339 time (UTC, compared as text) are left out."""
    timestamps: bool = False
    limit_bytes: int | None = None
    follow: bool = False


async def read_log(path: Path, options: LogOptions, live: LogFile | None = None) -> AsyncIterator[bytes]:
    """The wanted part of the log, in pieces; with `follow` until the live log is closed."""
    budget = _Budget(options.limit_bytes)
    wake = live.subscribe() if live is not None and options.follow else None
    try:
        with path.open("rb") as first:
            file: BinaryIO = first
            for piece in _pieces(_stored(path, file, options.tail), options):
                yield budget.take(piece)
                if budget.spent:
                    return
            while wake is not None and live is not None:
                finished = live.closed
                wake.clear()
                for piece in _pieces(_lines(file), options):
                    yield budget.take(piece)
                    if budget.spent:
                        return
                current = _current(file, path)
                if current is None:
                    return
                if current is not file:
                    file.close()
                    file = current
                elif finished:
                    return
                else:
                    await wake.wait()
    finally:
        if live is not None and wake is not None:
            live.unsubscribe(wake)


class _Budget:
    """Counts bytes down to the wanted limit."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit

    @property
    def spent(self) -> bool:
        return self._left is not None and self._left <= 0

    def take(self, piece: bytes) -> bytes:
        if self._left is None:
            return piece
        piece = piece[: self._left]
        self._left -= len(piece)
        return piece


def _current(file: BinaryIO, path: Path) -> BinaryIO | None:
    """The file that has the name now: the open one or another; None when the pod's folder is gone."""
    try:
        same = os.fstat(file.fileno()).st_ino == path.stat().st_ino
        return file if same else path.open("rb")
    except FileNotFoundError:
        return None


def _stored(path: Path, current: BinaryIO, tail: int | None) -> Iterator[bytes]:
    """The lines on disk, oldest first, from the rotated part on; only the last `tail` where that is given."""
    older = rotated(path)
    if tail is None:
        if older.exists():
            with older.open("rb") as file:
                yield from _lines(file)
        yield from _lines(current)
        return
    missing = _seek_tail(current, tail)
    start = current.tell()
    if missing and older.exists():
        with older.open("rb") as file:
            _seek_tail(file, missing)
            yield from _lines(file)
        current.seek(start)
    yield from _lines(current)


def _seek_tail(file: BinaryIO, count: int) -> int:
    """Go to the start of the last `count` complete entries; returns how many fewer there are."""
    position = file.seek(0, 2)
    found, block_end = 0, position
    if count <= 0:
        return 0
    while block_end > 0:
        block_start = max(0, block_end - BLOCK)
        file.seek(block_start)
        block = file.read(block_end - block_start)
        index = len(block)
        while (index := block.rfind(b"\n", 0, index)) >= 0:
            # The newline that ends the last line opens none.
            if block_start + index + 1 == position:
                continue
            found += 1
            if found == count:
                file.seek(block_start + index + 1)
                return 0
        block_end = block_start
    file.seek(0)
    return count - found - (1 if position else 0)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The complete lines from here to the end."""
    while line := file.readline():
        yield line


def _pieces(lines: Iterator[bytes], options: LogOptions) -> Iterator[bytes]:
    """What the reader is to see of each line."""
    for line in lines:
        stamp, _, part, text = [*line.split(b" ", 3), b"", b"", b""][:4]
        if not text:
            # The rest of a line that a full disk did not take whole.
            continue
        if options.since is not None and stamp.decode() < options.since:
            # Nothing of it; but who counts pieces to give way to others must hear of each line.
            yield b""
            continue
        if part == b"P":
            text = text.rstrip(b"\n")
        yield stamp + b" " + text if options.timestamps else text


def last_output(path: Path, limit: int = 2048, lines: int = 80) -> str:
    """The end of a log without times: what a container said last."""
    with path.open("rb") as file:
        text = b"".join(_pieces(_stored(path, file, lines), LogOptions()))
    return text[-limit:].decode(errors="replace")
