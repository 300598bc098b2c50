"""One daemon for each state folder: a file lock that lives as long as the process, and the pid beside it.

The lock is the truth; the pid file only says whom to signal. Called by the daemon (hold) and the client side (ask).
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from mcp_cli.local.paths import ClusterPaths


class AlreadyRunning(Exception):
    """Another daemon holds the lock."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(
            f"the embedded cluster runs already (pid {pid})" if pid else "the embedded cluster runs already"
        )
        self.pid = pid


class DaemonLock:
    """Held by the daemon until it ends, however it ends."""

    def __init__(self, paths: ClusterPaths) -> None:
        self._paths = paths
        self._descriptor = -1

    def acquire(self) -> None:
        """Take the lock and write the pid; AlreadyRunning where somebody has it."""
        self.hold()
        self._paths.ready_file.unlink(missing_ok=True)
        self._paths.pid_file.write_text(f"{os.getpid()}\n")

    def hold(self) -> None:
        """Take the lock alone: nobody starts here, and nobody runs whom a `stop` could end."""
        self._descriptor = self._lock()

    def _lock(self) -> int:
        """The descriptor of the file that has the name when it is locked: a reset may delete it meanwhile."""
        while True:
            descriptor = os.open(self._paths.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise AlreadyRunning(read_pid(self._paths.pid_file)) from None
            if _is_named(descriptor, self._paths.lock_file):
                return descriptor
            os.close(descriptor)

    def release(self) -> None:
        """Let go; after a reset took the folder away, the files of that name are another daemon's."""
        try:
            if _is_named(self._descriptor, self._paths.lock_file):
                self._paths.ready_file.unlink(missing_ok=True)
                self._paths.pid_file.unlink(missing_ok=True)
        finally:
            os.close(self._descriptor)


def _is_named(descriptor: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False


def is_held(paths: ClusterPaths) -> bool:
    """Whether a daemon runs in the folder."""
    try:
        descriptor = os.open(paths.lock_file, os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def read_pid(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
