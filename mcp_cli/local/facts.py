"""What stays the same from start to start of one embedded cluster: port and loopback block. Called by the daemon."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from mcp_cli.local.paths import ClusterPaths


@dataclass(slots=True)
class ClusterFacts:
    """The content of cluster.json."""

    port: int = 0
    address_block: str = ""
    node_name: str = "local"

    @classmethod
    def load(cls, file: Path) -> ClusterFacts:
        """What the last start wrote; a file that cannot be read counts as a first start."""
        try:
            found = json.loads(file.read_text())
            return cls(int(found["port"]), str(found["address_block"]), str(found.get("node_name") or "local"))
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def save(self, file: Path) -> None:
        temporary = file.with_name(file.name + ".new")
        temporary.write_text(json.dumps(asdict(self), indent=2) + "\n")
        temporary.replace(file)


def write_kubeconfig(paths: ClusterPaths, port: int, token: str) -> None:
    """The kubeconfig of the cluster's one user, for his eyes only."""
    import base64

    from mcp_cli.local.pki import write_private

    authority = base64.b64encode(paths.ca_certificate.read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "mcp-local",
                "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": authority},
            }
        ],
        "users": [{"name": "mcp-local", "user": {"token": token}}],
        "contexts": [
            {"name": "mcp-local", "context": {"cluster": "mcp-local", "user": "mcp-local", "namespace": "default"}}
        ],
        "current-context": "mcp-local",
    }
    # JSON is YAML, and quicker to read for everybody.
    text = json.dumps(config, indent=2) + "\n"
    if not paths.kubeconfig.exists() or paths.kubeconfig.read_text() != text:
        write_private(paths.kubeconfig, text)


def bind_sticky(port: int) -> socket.socket:
    """The port of the last start where it is free, else one that the system chooses."""
    from mcp_cli.local.apiserver.server import bind

    try:
        return bind(port)
    except OSError:
        if port == 0:
            raise
        return bind(0)
