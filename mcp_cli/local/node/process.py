"""Run one command as a process of this machine, in a session of its own, and end all of it.

A process here is what a container is elsewhere: when its leader ends or is stopped, everything that it started ends
too, even what left the session (found by the mark in its environment). Knows nothing of pods. Called by the container
runner and the exec probes.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from mcp_cli.local.node import procfs

PR_SET_PDEATHSIG = 1
PIPE_DRAIN_SECONDS = 2.0
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class StartError(Exception):
    """The command cannot be executed; the message is in the words of a container runtime."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to execute: arguments, whole environment, folder, and the mark that finds its descendants."""

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: Path
    mark: str
    beside: bool = False
    """Runs beside a container's process, whose end finds what this one left behind: its group alone is ended."""


def resolve(argv: tuple[str, ...], path: str, cwd: Path) -> str:
    """The file that the command names, looked up as a shell would; StartError with the reason otherwise."""
    if not argv or not argv[0]:
        raise StartError("no command specified")
    name = argv[0]
    if "/" not in name:
        found = shutil.which(name, path=path)
        if found is None:
            raise StartError(f'exec: "{name}": executable file not found in $PATH')
        return found
    file = cwd / name
    if not file.exists():
        raise StartError(f'exec: "{name}": stat {file}: no such file or directory')
    if file.is_dir() or not os.access(file, os.X_OK):
        raise StartError(f'exec: "{name}": permission denied')
    interpreter = _interpreter(file)
    if interpreter is not None and not interpreter.exists():
        raise StartError(f'exec: "{name}": its interpreter {interpreter}: no such file or directory')
    return str(file)


def _interpreter(file: Path) -> Path | None:
    """The program that a script names in its first line; a program that may be run and not read is none."""
    try:
        with file.open("rb") as opened:
            first = opened.read(512).split(b"\n", 1)[0]
    except OSError:
        return None
    words = first[2:].split() if first.startswith(b"#!") else []
    return Path(os.fsdecode(words[0])) if words else None


@cache
def _launcher() -> tuple[str, ...]:
    """The prefix of a command that the kernel shall kill when the daemon's thread ends, however that ends.

    `setpriv` sets this for itself and executes the command, so the daemon need not copy itself for it: a start takes
    0.3 ms instead of 8. Where it is missing or cannot do that (busybox), `_die_with_parent` takes its place.
    """
    program = shutil.which("setpriv") if _LIBC is not None else None
    prefix = (program, "--pdeathsig", "KILL", "--") if program else ()
    works = prefix and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if works else ()


def _die_with_parent() -> None:
    """Runs in the child before exec: the same by hand."""
    assert _LIBC is not None
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _popen(command: Command) -> subprocess.Popen[bytes]:
    executable = resolve(command.argv, command.env.get("PATH", os.defpath), command.cwd)
    launcher = _launcher()
    by_hand = _die_with_parent if _LIBC is not None and not launcher else None
    with warnings.catch_warnings():
        # Python 3.12 warns of any preexec function in a program with threads; this one makes one system call.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return subprocess.Popen(
                [*launcher, executable, *command.argv[1:]],
                env={**command.env, procfs.MARK: command.mark},
                cwd=command.cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                preexec_fn=by_hand,
            )
        except (OSError, ValueError) as error:
            words = getattr(error, "strerror", None) or str(error)
            raise StartError(f'exec: "{command.argv[0]}": {words.lower()}') from error


class Process:
    """A started command."""

    def __init__(self, popen: subprocess.Popen[bytes], command: Command) -> None:
        self._popen = popen
        self._command = command
        self.pid = popen.pid
        self._facts = procfs.facts(popen.pid)
        self._pumps: list[asyncio.Task[None]] = []
        self._exit = asyncio.ensure_future(self._watch())

    @classmethod
    def start(cls, command: Command, output: Callable[[str, bytes], None]) -> Process:
        """Execute; `output` is called with `stdout` or `stderr` and each piece as it arrives."""
        process = cls(_popen(command), command)
        process._pump("stdout", output)
        process._pump("stderr", output)
        return process

    def _pump(self, stream: str, output: Callable[[str, bytes], None]) -> None:
        pipe = self._popen.stdout if stream == "stdout" else self._popen.stderr
        assert pipe is not None
        self._pumps.append(asyncio.ensure_future(_read_pipe(pipe, stream, output)))

    async def _watch(self) -> int:
        """The exit code of the leader, after the rest of its family was ended and its output read."""
        await _wait_leader(self._popen)
        self.kill_family()
        if self._pumps:
            _, unread = await asyncio.wait(self._pumps, timeout=PIPE_DRAIN_SECONDS)
            for pump in unread:
                pump.cancel()
        return self._popen.returncode

    async def wait(self) -> int:
        """The leader's exit code, 128 + n when signal n ended it."""
        code = await asyncio.shield(self._exit)
        return code if code >= 0 else 128 - code

    @property
    def ended(self) -> bool:
        return self._exit.done()

    async def stop(self, grace: float) -> int:
        """TERM to the leader, KILL to everything after `grace` seconds; returns the exit code."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            if grace > 0:
                await asyncio.wait([self._exit], timeout=grace)
        while not self.ended:
            self.kill_family()
            await asyncio.wait([self._exit], timeout=1.0)
        return await self.wait()

    def kill_family(self) -> None:
        """KILL to every process of the session and every one that carries the mark."""
        # Also right after the leader was reaped: while its group has members, nobody else gets its number.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if self._command.beside:
            return
        for pid in procfs.members(self.pid, self._command.mark, self._facts):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


async def _wait_leader(popen: subprocess.Popen[bytes]) -> None:
    """Until the leader ended and was reaped: by a pidfd on the loop, by a thread where the system has none."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    try:
        descriptor = os.pidfd_open(popen.pid)
    except (AttributeError, OSError):
        # No such call here, or no descriptor left: without the thread nobody would end what runs on.
        threading.Thread(target=_wait_and_tell, args=(popen, loop, ended), daemon=True).start()
        await ended.wait()
        return
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    popen.wait()


def _wait_and_tell(popen: subprocess.Popen[bytes], loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    """On a thread of its own: the loop's executor has few, and everybody who needs one would wait for an exit."""
    popen.wait()
    with contextlib.suppress(RuntimeError):
        # The loop may be closed.
        loop.call_soon_threadsafe(ended.set)


async def _read_pipe(pipe: IO[bytes], stream: str, output: Callable[[str, bytes], None]) -> None:
    """Hand over what a pipe gives until its last writer closed it."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**18)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    try:
        while data := await reader.read(2**16):
            output(stream, data)
    finally:
        transport.close()
