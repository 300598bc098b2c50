"""The embedded cluster from outside: start it detached, ask whether it runs, stop it, delete it.

Talks to the daemon through its state folder only (lock, pid, ready file) and through signals. Called by `mcp local ...`
and by every command that needs a cluster where none is configured. Imports little: it is on the way of those commands.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mcp_cli.local.lock import AlreadyRunning, DaemonLock, is_held, read_pid
from mcp_cli.local.paths import ClusterPaths

START_SECONDS = 60.0
STOP_SECONDS = 40.0
PID_SECONDS = 5.0
RESET_ATTEMPTS = 5
POLL_SECONDS = 0.02


class LocalClusterError(Exception):
    """The embedded cluster cannot do what was asked; `hint` says what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Started:
    """How a start ended."""

    already: bool
    pid: int | None
    seconds: float


def is_running(paths: ClusterPaths | None = None) -> bool:
    """Whether the daemon runs and its API answers."""
    paths = paths or ClusterPaths.default()
    return is_held(paths) and _is_ready(paths)


def _is_ready(paths: ClusterPaths) -> bool:
    """A daemon that was just killed still holds its lock for a moment, and its ready file stays."""
    pid = read_pid(paths.pid_file)
    return paths.ready_file.exists() and pid is not None and _runs(pid)


def ensure_running(say: Callable[[str], None] | None = None) -> str:
    """The kubeconfig of the embedded cluster, which is started where it does not run, with one line that says so."""
    paths = ClusterPaths.default()
    if not is_running(paths):
        (say or _say)("Starting the embedded cluster (`mcp local stop` ends it)...")
        start(paths)
    return str(paths.kubeconfig)


def _say(words: str) -> None:
    print(words, file=sys.stderr)


def start(paths: ClusterPaths) -> Started:
    """Start the daemon and wait until its API answers; a running one is left alone."""
    begun = time.monotonic()
    while True:
        started = _join(paths, begun) if is_held(paths) else _start_own(paths, begun)
        if started is not None:
            return started


def _start_own(paths: ClusterPaths, begun: float) -> Started | None:
    """None where another one was faster."""
    try:
        paths.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        read_end, write_end = os.pipe()
        with paths.daemon_log.open("ab") as output:
            process = _spawn(paths, write_end, output.fileno())
    except OSError as error:
        raise LocalClusterError(
            f"cannot start the embedded cluster in {paths.root}: {error.strerror or error}",
            "Free disk space or correct the folder's permissions, or name another folder in MCP_LOCAL_DIR.",
        ) from error
    os.close(write_end)
    try:
        verdict = _read_line(read_end, begun + START_SECONDS)
    except KeyboardInterrupt:
        _take_back(process)
        raise
    finally:
        os.close(read_end)
    return _judge(paths, process, verdict, begun)


def _take_back(process: subprocess.Popen[bytes]) -> None:
    """Nobody wants the cluster any more that was just being started."""
    _say("Interrupted: ending the embedded cluster that was being started...")
    process.terminate()
    process.wait()


def _spawn(paths: ClusterPaths, ready_end: int, output: int) -> subprocess.Popen[bytes]:
    """The daemon in a session of its own, with nothing of the terminal left."""
    command = [sys.executable, "-m", "mcp_cli.local.daemon"]
    command += ["--log-file", str(paths.daemon_log), "--ready-fd", str(ready_end)]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        pass_fds=(ready_end,),
        cwd=paths.root,
        env=os.environ | {"MCP_LOCAL_DIR": str(paths.root)},
    )


def _read_line(descriptor: int, deadline: float) -> str:
    """What the daemon says of its start; empty when it died or took too long."""
    text = b""
    while not text.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return ""
        chunk = os.read(descriptor, 4096)
        if not chunk:
            break
        text += chunk
    return text.decode(errors="replace").strip()


def _judge(paths: ClusterPaths, process: subprocess.Popen[bytes], verdict: str, begun: float) -> Started | None:
    word, _, rest = verdict.partition(" ")
    if word == "ready":
        return Started(False, process.pid, time.monotonic() - begun)
    if word == "running":
        return None
    if word == "error":
        raise LocalClusterError(
            f"the embedded cluster did not start: {rest}", f"The whole story is in {paths.daemon_log}."
        )
    if process.poll() is None:
        raise LocalClusterError(
            f"the embedded cluster did not become ready within {START_SECONDS:.0f} s",
            f"Its log is {paths.daemon_log}; `mcp local stop` ends it.",
        )
    raise LocalClusterError(
        f"the embedded cluster ended while it started: {_last_line(paths.daemon_log)}",
        f"The whole story is in {paths.daemon_log}.",
    )


def _join(paths: ClusterPaths, begun: float) -> Started | None:
    """Somebody else's daemon runs or starts: wait until it is ready. None where it ended: it was just being killed."""
    while not _is_ready(paths):
        if not is_held(paths):
            return None
        if time.monotonic() - begun > START_SECONDS:
            raise LocalClusterError(
                "the embedded cluster runs but does not become ready", f"Its log is {paths.daemon_log}."
            )
        time.sleep(POLL_SECONDS)
    return Started(True, read_pid(paths.pid_file), time.monotonic() - begun)


def _last_line(file: Path) -> str:
    try:
        lines = file.read_text(errors="replace").strip().splitlines()
    except OSError:
        return "no log was written"
    return lines[-1] if lines else "it said nothing"


def stop(paths: ClusterPaths) -> bool:
    """Ask the daemon to end and wait for it; False where none ran."""
    if not is_held(paths):
        return False
    pid = _pid_of_holder(paths)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGTERM)
    except PermissionError as error:
        raise LocalClusterError(f"process {pid} belongs to somebody else and cannot be stopped") from error
    except ProcessLookupError:
        return _wait_released(paths, pid)
    return _wait_released(paths, pid)


def _pid_of_holder(paths: ClusterPaths) -> int | None:
    """The daemon's pid, which it writes a moment after it took the lock; None when it has let go meanwhile."""
    deadline = time.monotonic() + PID_SECONDS
    while (pid := read_pid(paths.pid_file)) is None and is_held(paths):
        if time.monotonic() > deadline:
            raise LocalClusterError(f"a daemon runs in {paths.root}, but {paths.pid_file} does not say which")
        time.sleep(POLL_SECONDS)
    return pid


def _wait_released(paths: ClusterPaths, pid: int) -> bool:
    deadline = time.monotonic() + STOP_SECONDS
    while is_held(paths):
        if time.monotonic() > deadline:
            raise LocalClusterError(
                f"the embedded cluster (pid {pid}) did not stop within {STOP_SECONDS:.0f} s",
                f"`kill -9 {pid}` ends it by force; the next start cleans up and loses nothing.",
            )
        time.sleep(POLL_SECONDS)
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return True


def _runs(pid: int) -> bool:
    """The lock is free a moment before the process has ended."""
    from mcp_cli.local.node import procfs

    found = procfs.facts(pid)
    return found is not None and found.state != "Z"


def reset(paths: ClusterPaths) -> bool:
    """Stop the cluster and delete its state; the installed packages stay. False where there was nothing."""
    from mcp_cli.local.deletion import delete, finish_interrupted, out_of_the_way

    stop(paths)
    if not paths.root.exists():
        return finish_interrupted(paths.root)
    if any(paths.root.iterdir()) and not any(file.exists() for file in (paths.database, paths.lock_file)):
        raise LocalClusterError(
            f"{paths.root} does not look like the folder of an embedded cluster; nothing was deleted",
            "Check MCP_LOCAL_DIR.",
        )
    try:
        lock = _lock_out_starts(paths)
    except FileNotFoundError:
        # Another reset was faster.
        return False
    try:
        _end_left_behind(paths)
        delete(out_of_the_way(paths.root))
    finally:
        lock.release()
    finish_interrupted(paths.root)
    return True


def _lock_out_starts(paths: ClusterPaths) -> DaemonLock:
    """A command that needs a cluster may start it again at any moment: not into a folder that is being deleted."""
    for _ in range(RESET_ATTEMPTS):
        lock = DaemonLock(paths)
        try:
            lock.hold()
            return lock
        except AlreadyRunning:
            stop(paths)
    raise LocalClusterError(
        "the embedded cluster is started again and again by somebody else", "End what uses it, then reset it."
    )


def _end_left_behind(paths: ClusterPaths) -> None:
    """Processes of a daemon that was killed would outlive their records."""
    from mcp_cli.local.node.orphans import reap_orphans

    reap_orphans(paths.root / "operator")
    reap_orphans(paths.root)
