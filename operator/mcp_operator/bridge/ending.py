"""What the bridge says when its child has ended: to its log, and as the container's termination message.

Role: the words, and leaving them where the kubelet reads them: there it gives 4096 bytes whatever the exit code was, of
a log 2048 at most, and nothing after exit code 0. Imported only when a child has ended. Called by: `server.py`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mcp_operator.bridge.lastwords import ENDED, SAID, telling
from mcp_operator.bridge.masking import mask, secret_values

MESSAGE_BYTES = 4096
UNASKED = "it ended by itself and never answered: is it an MCP server on stdio, and does it want arguments?"

UNANSWERED = "it ran until it was stopped and never answered on its stdout: is it an MCP server on stdio?"


def words_of(code: int, output: str, answered: bool, secret_names: Sequence[str]) -> list[str]:
    """Why it ended, as far as that can be told; its secrets are not repeated."""
    words = _said(output, secret_names)
    if code > 128:
        words += [f"it was killed by {_signal(code - 128)}"]
    elif not answered and (code == 0 or not words):
        words += [UNASKED]
    return words


def words_of_stopped(output: str, secret_names: Sequence[str]) -> list[str]:
    """Of a child that was stopped before it ever answered, as a probe does that waited in vain."""
    return [*_said(output, secret_names), UNANSWERED]


def _said(output: str, secret_names: Sequence[str]) -> list[str]:
    return telling(mask(output, secret_values(os.environ, secret_names)))


def log_text(code: int, words: Sequence[str]) -> str:
    """The last lines of the log, which `telling` finds there again."""
    first = ENDED.format(code=code)
    return "\n".join([first + SAID, *(f"  {line}" for line in words), ""]) if words else f"{first}\n"


def leave(path: str | None, words: Sequence[str]) -> None:
    """Where the file cannot be written, the log has the words too."""
    if path and words:
        data = "\n".join(words).encode()[:MESSAGE_BYTES]
        with suppress(OSError):
            Path(path).write_bytes(data)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
