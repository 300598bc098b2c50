"""A command on a terminal of its own: a pseudo-terminal, what it shows, what is typed into it."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from pathlib import Path

LIMIT = 90.0


class Terminal:
    """`mcp ARGUMENTS` on a pseudo-terminal; `with Terminal(...) as term: term.until("words")`."""

    def __init__(self, *arguments: str, env: dict[str, str | None]) -> None:
        merged = {**os.environ, **env, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
        environment = {key: value for key, value in merged.items() if value is not None}
        self.shown = ""
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, "-m", "mcp_cli.main", *arguments], environment)
        self._code: int | None = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._master)

    def until(self, words: str) -> str:
        """Everything shown so far, once the words are among it."""
        deadline = time.monotonic() + LIMIT
        while words not in self.shown:
            assert time.monotonic() < deadline, f"{words!r} did not appear in:\n{self.shown}"
            assert self._read(0.2), f"the command ended before {words!r} appeared:\n{self.shown}"
        return self.shown

    def more(self) -> str:
        """Everything shown so far, once there is more of it than now."""
        before, deadline = self.shown, time.monotonic() + LIMIT
        while self.shown == before:
            assert time.monotonic() < deadline, f"nothing more was shown than:\n{before}"
            assert self._read(0.2), f"the command ended after:\n{before}"
        return self.shown

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def interrupt(self) -> None:
        self.type("\x03")

    def end(self) -> int:
        """The exit code, once the command has ended."""
        deadline = time.monotonic() + LIMIT
        while self._read(0.2):
            assert time.monotonic() < deadline, f"it does not end:\n{self.shown}"
        _, status = os.waitpid(self.pid, 0)
        self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def _read(self, seconds: float) -> bool:
        """Take in what is there; false once the other side has gone."""
        # First whether it has ended: what it wrote before that is there to be read then, and nothing comes after.
        ended = self._zombie()
        ready, _, _ = select.select([self._master], [], [], 0 if ended else seconds)
        if not ready:
            return not ended
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    def _zombie(self) -> bool:
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
