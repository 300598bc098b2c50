"""The Service of an MCPServer."""

from __future__ import annotations

from typing import Any

from mcp_operator.api import names
from mcp_operator.api.resolve import ResolvedServer
from mcp_operator.render.context import RenderContext
from mcp_operator.render.metadata import Manifest, child, selector


def service(manifest: Manifest, server: ResolvedServer, context: RenderContext) -> Manifest:
    """`manifest` is the MCPServer, `server` what it resolves to."""
    spec = {
        "type": server.spec.get("serviceType", "ClusterIP"),
        "selector": selector(server.name),
        "ports": service_ports(server),
        "sessionAffinity": session_affinity(server, context.sessions),
    }
    return child(manifest, "v1", "Service", spec=spec)


def session_affinity(server: ResolvedServer, sessions: bool | None) -> str:
    """`ClientIP` or `None`.

    Left to itself (Auto), a server of more than one replica keeps a client on its pod until it was seen to give out no
    session ids in any era that it speaks (`sessions` False; None means not seen yet).
    """
    chosen: str = server.spec.get("sessionAffinity", "Auto")
    if chosen != "Auto":
        return chosen
    return "ClientIP" if server.replicas > 1 and sessions is not False else "None"


def service_ports(server: ResolvedServer) -> list[dict[str, Any]]:
    """The ports that the spec lists, else the server's port under the name `mcp`."""
    listed = server.spec.get("ports") or []
    if not listed:
        return [{"name": names.PORT_NAME, "port": server.port, "targetPort": names.PORT_NAME, "protocol": "TCP"}]
    return [{"targetPort": port["port"], "protocol": "TCP", **port} for port in listed]
