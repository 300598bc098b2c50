"""The NetworkPolicy of an MCPServer: its own rules for its own pods."""

from __future__ import annotations

from mcp_operator.api.resolve import ResolvedServer
from mcp_operator.render.metadata import Manifest, child, selector

API_VERSION = "networking.k8s.io/v1"


def network_policy(manifest: Manifest, server: ResolvedServer) -> Manifest | None:
    """None where the spec restricts nothing. An empty list of rules lets nothing through, as in Kubernetes."""
    wanted = server.spec.get("networkPolicy") or {}
    directions = {"Ingress": wanted.get("ingress"), "Egress": wanted.get("egress")}
    types = [name for name, rules in directions.items() if rules is not None]
    if not types:
        return None
    rules = {name.lower(): directions[name] for name in types if directions[name]}
    spec = {"podSelector": {"matchLabels": selector(server.name)}, "policyTypes": types, **rules}
    return child(manifest, API_VERSION, "NetworkPolicy", spec=spec)
