"""What the API server is told at start: its token, its addresses, and where the cluster's own block lies."""

from __future__ import annotations

from dataclasses import dataclass, field

GIT_VERSION = "v1.36.3"


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Everything that differs between two embedded clusters."""

    token: str
    """The bearer token of the one user."""
    port: int = 0
    """The TLS port, for the `kubernetes` Service and the discovery answers."""
    service_block: str = "127.16.128.0/17"
    """Where cluster IPs come from."""
    ca_certificate: str = ""
    """PEM of the cluster's CA."""
    user: str = "mcp-local"
    groups: tuple[str, ...] = field(default=("system:masters", "system:authenticated"))
