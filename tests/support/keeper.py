"""Keeps one control plane alive for as long as a test process uses it, so that xdist's workers share it.

Every user holds a shared lock on the folder's `users` file. The keeper, a process of its own, starts the control plane
and then asks for the exclusive lock: it gets it when the last user has gone, however it went (a killed one as well),
and stops everything. So nothing is left behind, and nobody counts.

    with use_control_plane(assets, folder) as kubeconfig: ...       # in the tests (conftest.py); no assets: embedded
    python -m tests.support.keeper FOLDER [ASSETS]                  # what that starts
"""

from __future__ import annotations

import contextlib
import fcntl
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.controlplane import RealControlPlane
from tests.support.embedded import EmbeddedControlPlane
from tests.support.processes import StartError

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT = 600.0


@contextlib.contextmanager
def use_control_plane(assets: Path | None, folder: Path) -> Iterator[Path]:
    """The kubeconfig of the control plane kept in `folder`: the first user starts it, the last one ends it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "users").open("a") as users, (folder / "start").open("a") as start:
        fcntl.flock(start, fcntl.LOCK_EX)
        # A keeper that is stopping holds this lock exclusively; once it is ours, that one's `ready` file is gone.
        fcntl.flock(users, fcntl.LOCK_SH)
        ready = folder / "ready"
        if not ready.exists():
            _launch(assets, folder, ready)
        fcntl.flock(start, fcntl.LOCK_UN)
        yield Path(ready.read_text())


def _launch(assets: Path | None, folder: Path, ready: Path) -> None:
    argv = [sys.executable, "-m", "tests.support.keeper", str(folder)] + ([str(assets)] if assets else [])
    log = folder / "keeper.log"
    with log.open("ab") as out:
        keeper = subprocess.Popen(
            argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    deadline = time.monotonic() + START_TIMEOUT
    while not ready.exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            keeper.terminate()
            raise StartError(f"the control plane did not start; logs are in {folder}:\n{log.read_text()[-3000:]}")
        time.sleep(0.05)


def keep(folder: Path, assets: Path | None) -> None:
    """Start the control plane, say so in `ready`, stop it when nobody holds the `users` lock any more."""
    run = folder / f"run-{time.time_ns()}"
    run.mkdir()
    plane = RealControlPlane(assets, run) if assets else EmbeddedControlPlane(run)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    ready = folder / "ready"
    plane.start()
    try:
        partial = folder / "ready.partial"
        partial.write_text(str(plane.kubeconfig))
        partial.rename(ready)
        with (folder / "users").open("a") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            ready.unlink()
            plane.stop()
    finally:
        ready.unlink(missing_ok=True)
        plane.stop()


if __name__ == "__main__":
    keep(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
