"""Where the embedded cluster keeps its files.

Pure: computes paths from the environment and creates nothing. Called by the daemon, the client side (`mcp local ...`)
and the node agent. The package store is shared by all clusters of the user and survives `mcp local reset`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

STATE_DIR_VARIABLE = "MCP_LOCAL_DIR"


def state_dir() -> Path:
    """The folder that holds one embedded cluster: `$MCP_LOCAL_DIR`, else below `$XDG_STATE_HOME`."""
    override = os.environ.get(STATE_DIR_VARIABLE)
    if override:
        return Path(override).expanduser().absolute()
    return _xdg("XDG_STATE_HOME", ".local/state") / "mcp" / "local"


def package_store() -> Path:
    """The installed packages of all embedded clusters of this user."""
    override = os.environ.get("MCP_PACKAGE_STORE")
    if override:
        return Path(override).expanduser().absolute()
    return _xdg("XDG_DATA_HOME", ".local/share") / "mcp" / "store"


def _xdg(variable: str, fallback: str) -> Path:
    """An XDG base folder; a relative value counts as unset, as the specification asks."""
    value = os.environ.get(variable, "")
    if value.startswith("/"):
        return Path(value)
    home = os.path.expanduser("~")  # noqa: PTH111  (pathlib raises where there is none)
    return Path(home if home.startswith("/") else "/") / fallback


@dataclass(frozen=True, slots=True)
class ClusterPaths:
    """Every file of one embedded cluster, below its state folder."""

    root: Path

    @classmethod
    def default(cls) -> ClusterPaths:
        """The paths of this user's cluster."""
        return cls(state_dir())

    @property
    def database(self) -> Path:
        return self.root / "cluster.db"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def ca_certificate(self) -> Path:
        return self.pki / "ca.crt"

    @property
    def server_certificate(self) -> Path:
        return self.pki / "server.crt"

    @property
    def server_key(self) -> Path:
        return self.pki / "server.key"

    @property
    def token(self) -> Path:
        return self.root / "token"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def cluster_file(self) -> Path:
        """Sticky facts: port, loopback block."""
        return self.root / "cluster.json"

    @property
    def pid_file(self) -> Path:
        return self.root / "daemon.pid"

    @property
    def lock_file(self) -> Path:
        return self.root / "daemon.lock"

    @property
    def ready_file(self) -> Path:
        """Written by the daemon once its API answers, removed when it stops."""
        return self.root / "daemon.ready"

    @property
    def daemon_log(self) -> Path:
        return self.root / "daemon.log"

    @property
    def operator_log(self) -> Path:
        return self.root / "operator.log"

    @property
    def pods(self) -> Path:
        return self.root / "pods"
