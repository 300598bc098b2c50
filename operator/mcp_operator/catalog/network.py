"""What the Docker layout says of the network (`disableNetwork`, `allowHosts`) -> `spec.networkPolicy`. Pure.

A NetworkPolicy knows addresses and ports, no names of hosts: the ports are kept, the hosts are said in an annotation
and in a note, so that a policy that knows names (a service mesh, an egress gateway) can be written from them.
"""

from __future__ import annotations

from typing import Any

from mcp_operator.api import names
from mcp_operator.catalog.fields import port_number
from mcp_operator.catalog.model import ServerEntry

ANNOTATION_ALLOWED_HOSTS = f"{names.GROUP}/allowed-hosts"
_DNS = {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}


def network_policy(entry: ServerEntry) -> dict[str, Any] | None:
    """The policy that comes nearest; None where the entry says nothing of the network."""
    if entry.disable_network:
        return {"egress": []}
    ports = sorted({port for port in map(_port, entry.allow_hosts) if port is not None})
    if not ports:
        return None
    return {"egress": [{"ports": [{"protocol": "TCP", "port": port} for port in ports]}, _DNS]}


def network_note(entry: ServerEntry) -> str:
    """What the policy cannot say; empty where it says all."""
    if entry.disable_network or not entry.allow_hosts:
        return ""
    hosts = ", ".join(entry.allow_hosts)
    return f"the server wants to reach {hosts} only; a NetworkPolicy knows no names, so it allows these ports anywhere"


def _port(host: str) -> int | None:
    """The port of `HOST:PORT`; HTTPS where none is said."""
    _, colon, port = host.rpartition(":")
    if not colon:
        return 443
    return port_number(port)
