"""One line of progress, or a block redrawn in place: on a terminal; plain lines on change elsewhere.

Role: write progress so that a person sees it move and a log stays readable. Not its job: what the words are.
Called by waits (on stderr) and by `status --watch` (on stdout).
"""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import TextIO

from mcp_cli.durations import human
from mcp_cli.output.harmless import harmless
from mcp_cli.output.style import redraws
from mcp_cli.output.table import cut, width_of

CLEAR_LINE = "\r\x1b[2K"


class LiveLine:
    """`with LiveLine() as line: line.show(words)`."""

    said = ""
    """What a wait that is under way said last, for the words of a time-out from outside (`--timeout`)."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = redraws(self._stream)
        self._started = time.monotonic()
        self._last = ""

    def __enter__(self) -> LiveLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        LiveLine.said = ""
        if self._terminal and self._last:
            self._write(CLEAR_LINE)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def show(self, words: str) -> None:
        """The words of now; elsewhere than on a terminal only when they differ from the last."""
        words = harmless(words)
        changed, self._last = words != self._last, words  # first, for an interrupt while it is written
        LiveLine.said = words
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._write(CLEAR_LINE + cut(f"{words} [{human(self.elapsed)}]", width))
        elif changed:
            self._write(words + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class LiveBlock:
    """A text of several lines that takes the place of the one before it."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._terminal = redraws(self._stream)
        self._last: str | None = None
        self._height = 0

    def show(self, text: str) -> None:
        """Redraw on a terminal; elsewhere print what changed, separated by an empty line."""
        text = harmless(text, coloured=True)
        if text == self._last and not self._terminal:
            return
        if self._terminal and self._height:
            self._stream.write(f"\x1b[{self._height}A\x1b[J")
        elif self._last is not None:
            self._stream.write("\n")
        self._stream.write(text + "\n")
        self._stream.flush()
        self._height = self._rows(text) if self._terminal else 0
        self._last = text

    @staticmethod
    def _rows(text: str) -> int:
        """Terminal rows, counting the lines that wrap."""
        import re

        width = max(1, shutil.get_terminal_size().columns)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        return sum(max(1, -(-width_of(line) // width)) for line in plain.split("\n"))
