"""The end of a log file, and what is added to it. Called by `mcp local logs`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

POLL_SECONDS = 0.2


def last_lines(file: Path, count: int) -> list[str]:
    """The last lines, with their ends."""
    with file.open(errors="replace") as log:
        return list(deque(log, maxlen=count))


def follow_lines(file: Path) -> Iterator[str]:
    """What is written from now on, across rotations of the file."""
    log = file.open(errors="replace")
    log.seek(0, 2)
    try:
        while True:
            line = log.readline()
            if line:
                yield line
                continue
            time.sleep(POLL_SECONDS)
            if _rotated(file, log.fileno(), log.tell()):
                log.close()
                log = file.open(errors="replace")
    finally:
        log.close()


def _rotated(file: Path, descriptor: int, position: int) -> bool:
    """Whether the name now stands for another (or an emptied) file."""
    import os

    try:
        there = file.stat()
    except FileNotFoundError:
        return False
    return there.st_ino != os.fstat(descriptor).st_ino or there.st_size < position
