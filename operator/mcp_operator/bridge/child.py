"""A stdio server as a child process: lines in, lines out, its stderr passed on.

Role: start, bounded reading and writing, and an end with a deadline (stdin closed, then TERM, then KILL).
Not its job: what a line means (`channel.py`). Called by: `modern.py` and `sessions.py`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, cast

from mcp_operator.bridge.lines import LineSplitter, OnLong

# What a child may leave unread on its stdin before further requests are refused.
MAX_UNREAD = 32 * 1024 * 1024
PIPE_BYTES = 1024 * 1024
CLOSE_GRACE = 2.0
TERM_GRACE = 3.0
KEPT_LINES = 200
KEPT_LINE_BYTES = 4096
STDERR_LINE_BYTES = 16 * 1024


class Child(asyncio.SubprocessProtocol):
    """One running command. `exited` is done when it has ended and all its output was read."""

    running: ClassVar[set[int]] = set()

    def __init__(self, on_line: Callable[[bytes], None], on_long: OnLong, max_line: int) -> None:
        self._stdout = LineSplitter(max_line, on_line, on_long)
        self._stderr = LineSplitter(STDERR_LINE_BYTES, self._pass_on, lambda start, end: self._pass_on(start))
        self._transport: asyncio.SubprocessTransport
        self._stdin: asyncio.WriteTransport
        self._stopping = False
        self._kept: deque[bytes] = deque(maxlen=KEPT_LINES)
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def start(self, command: Sequence[str]) -> None:
        """Run the command with our environment, and hear what it says at once; OSError where it cannot be run."""
        environment = environment_for(command[0])
        await asyncio.get_running_loop().subprocess_exec(lambda: self, *command, env=environment)

    @property
    def pid(self) -> int:
        return self._transport.get_pid() or 0

    @property
    def alive(self) -> bool:
        return not self.exited.done()

    @property
    def last_words(self) -> str:
        """The end of what it wrote that is no message."""
        return b"\n".join(self._kept).decode("utf-8", "replace")

    def keep(self, line: bytes) -> None:
        """Remember a line for the end."""
        self._kept.append(line[:KEPT_LINE_BYTES])

    @property
    def clogged(self) -> bool:
        """The child does not read what it is sent; more would only pile up."""
        return self._stdin.get_write_buffer_size() > MAX_UNREAD

    def send(self, line: bytes) -> bool:
        """Write one message, which holds no line break; False where nobody will read it."""
        if not self.alive or self._stdin.is_closing():
            return False
        self._stdin.write(line + b"\n")
        return True

    async def stop(self) -> int:
        """End the child the polite way first; its exit code."""
        self._stopping = True
        self._stdin.close()
        for grace, number in ((CLOSE_GRACE, signal.SIGTERM), (TERM_GRACE, signal.SIGKILL)):
            done, _ = await asyncio.wait([self.exited], timeout=grace)
            if done:
                break
            self.kill(number)
        return await self.exited

    def kill(self, number: int = signal.SIGKILL) -> None:
        with suppress(ProcessLookupError):
            self._transport.send_signal(number)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self._stdin = cast(asyncio.WriteTransport, self._transport.get_pipe_transport(0))
        self.running.add(self.pid)
        # Without this a message of 1 MB takes sixteen turns of the loop, each way.
        for fd in (0, 1):
            pipe = self._transport.get_pipe_transport(fd)
            if pipe is not None and sys.platform == "linux":
                import fcntl

                # A child that ended at once may have had its pipes closed by now, which is a ValueError.
                with suppress(OSError, ValueError):
                    fcntl.fcntl(pipe.get_extra_info("pipe").fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        (self._stdout if fd == 1 else self._stderr).feed(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        # As a rule the child has ended, and that is told next.
        if fd in (0, 1) and not self._stopping:
            asyncio.get_running_loop().call_later(CLOSE_GRACE, self._abandon, "stdin" if fd == 0 else "stdout")

    def _abandon(self, pipe: str) -> None:
        """A child that closed a pipe and lives on answers nobody any more: its clients must not wait for it."""
        if self._stopping or not self.alive or self._transport.get_returncode() is not None:
            return
        self._stopping = True
        write_stderr(f"mcp-bridge: the server closed its {pipe} and runs on; it is ended\n".encode())
        self.kill(signal.SIGTERM)
        asyncio.get_running_loop().call_later(TERM_GRACE, self.kill)

    def process_exited(self) -> None:
        # A grandchild may hold the pipes open for ever; what the child itself wrote is read by then or very soon.
        asyncio.get_running_loop().call_later(0.5, self._finish)

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish()

    def _finish(self) -> None:
        self.running.discard(self.pid)
        if self.exited.done():
            return
        try:
            self._stdout.flush()
            self._stderr.flush()
        finally:
            self.exited.set_result(exit_code(self._transport.get_returncode() or 0))
            self._transport.close()

    def _pass_on(self, line: bytes) -> None:
        self.keep(line)
        write_stderr(line + b"\n")


def exit_code(returncode: int) -> int:
    """As a shell says it: 128 and the signal's number for a process that was killed."""
    return 128 - returncode if returncode < 0 else returncode


def write_stderr(data: bytes) -> None:
    """The pod's log. Where nobody reads it any more there is nobody to tell."""
    with suppress(OSError):
        os.write(2, data)


def environment_for(program: str) -> dict[str, str]:
    """Ours; with the programs that an installation put into `bin` beside its server."""
    path = Path(program)
    beside = path.parent / "bin"
    if not path.is_absolute() or path.name != "server" or not beside.is_dir():
        return dict(os.environ)
    return {**os.environ, "PATH": f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
