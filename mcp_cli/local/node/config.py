"""What the node agent is told when it starts.

Pure values. Made by the daemon or by `python -m mcp_cli.local.node`; read by every part of the agent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_cli.local.paths import package_store

if TYPE_CHECKING:
    import socket

KUBELET_PORT = 10250
DEFAULT_NODE_NAME = "local"


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """One node: its name, its folder, its loopback block."""

    state_dir: Path
    address_block: str
    """The first two numbers of the block: `127.37`."""
    node_name: str = DEFAULT_NODE_NAME
    store: Path | None = None
    """The package store; None takes the user's."""
    listener: socket.socket | None = None
    """The socket bound to 127.B.0.1:10250 when the block was claimed; None binds it."""
    max_pods: int = 110
    taints: tuple[str, ...] = ()
    """`key=value:effect`, set when the Node is created: which pods the scheduler keeps away."""

    @property
    def pods_dir(self) -> Path:
        return self.state_dir / "pods"

    @property
    def records_dir(self) -> Path:
        """One file for each process that runs, for the start after a crash."""
        return self.state_dir / "processes"

    @property
    def store_dir(self) -> Path:
        return self.store or package_store()

    @property
    def node_address(self) -> str:
        return f"{self.address_block}.0.1"
