"""One child process of a test: started with a log file, stopped with TERM and then KILL.

Role: start, look at, stop. Not its job: to know what the process is. Called by `controlplane` and `keeper`.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


class StartError(RuntimeError):
    """A process ended or did not get ready; the message holds the end of its log."""


class Process:
    """A program running in a session of its own, its output in a log file."""

    def __init__(self, name: str, argv: Sequence[str], log: Path, env: dict[str, str] | None = None) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as out:
            self._popen = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def running(self) -> bool:
        return self._popen.poll() is None

    def wait_until(self, ready: Callable[[], bool], what: str, timeout: float) -> None:
        """Wait for `ready()`; a process that ends before that is an error at once."""
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running():
                raise StartError(f"{self.name} ended with {self._popen.returncode} before {what}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise StartError(f"{self.name}: not {what} within {timeout:.0f} s:\n{self.log_tail()}")
            time.sleep(0.05)

    def stop(self, deadline: float = 10.0) -> None:
        """TERM, then KILL for the whole session when it is still there after `deadline` seconds."""
        if self.running():
            self._popen.terminate()
            try:
                self._popen.wait(deadline)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def log_tail(self, size: int = 3000) -> str:
        return self.log.read_bytes()[-size:].decode(errors="replace")


def free_ports(count: int) -> list[int]:
    """Free ports, none of which the kernel gives to whoever asks for any: they stay free until they are used.

    All are held until the last is chosen, so that no two are equal.
    """
    with contextlib.ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            each, port = held.enter_context(socket.socket()), random.randrange(15_000, 30_000)
            with contextlib.suppress(OSError):
                each.bind(("127.0.0.1", port))
                ports.append(port)
        return ports
