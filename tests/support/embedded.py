"""The embedded cluster as a control plane of the tests: its daemon in an isolated state folder.

Role: start the daemon that `mcp local start` runs, in the foreground and without the operator (its tests run their
own), and stop it. Called by `keeper`.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from mcp_cli.local.paths import STATE_DIR_VARIABLE, ClusterPaths
from tests.support.processes import Process

MODULE = "mcp_cli.local.daemon"
START_TIMEOUT = 180.0


def available() -> bool:
    """Whether the daemon is part of this tree."""
    return importlib.util.find_spec(MODULE) is not None


class EmbeddedControlPlane:
    """The same three calls as `RealControlPlane`: start, kubeconfig, stop."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._paths = ClusterPaths(directory / "state")
        self.kubeconfig = self._paths.kubeconfig
        self._process: Process | None = None

    def start(self) -> None:
        self._paths.root.mkdir(mode=0o700, exist_ok=True)
        home = self.directory / "home"
        home.mkdir(exist_ok=True)
        env = {STATE_DIR_VARIABLE: str(self._paths.root), "HOME": str(home), "XDG_STATE_HOME": "", "XDG_DATA_HOME": ""}
        self._process = Process(
            "daemon", [sys.executable, "-m", MODULE, "--no-operator"], self.directory / "daemon.log", env
        )
        try:
            self._process.wait_until(self._paths.ready_file.exists, "ready", START_TIMEOUT)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None
