"""Probes of the server's container."""

from __future__ import annotations

from typing import Any

from mcp_operator.api import names
from mcp_operator.api.resolve import ResolvedServer

# A server may take two minutes to its first answer before it counts as dead; installing happened before.
_STARTUP = {"periodSeconds": 1, "failureThreshold": 120, "timeoutSeconds": 5}
_READINESS = {"periodSeconds": 10, "failureThreshold": 3, "timeoutSeconds": 5}
_LIVENESS = {"periodSeconds": 20, "failureThreshold": 3, "timeoutSeconds": 5}


def probes(server: ResolvedServer) -> dict[str, Any]:
    """The bridge's own health where there is a bridge, else whether the port is open; `spec.health` replaces each."""
    given = server.spec.get("health") or {}
    return {
        "startupProbe": given.get("startup") or {**_check(server, "/readyz"), **_STARTUP},
        "readinessProbe": given.get("readiness") or {**_check(server, "/readyz"), **_READINESS},
        "livenessProbe": given.get("liveness") or {**_check(server, "/healthz"), **_LIVENESS},
    }


def _check(server: ResolvedServer, path: str) -> dict[str, Any]:
    if server.bridged:
        return {"httpGet": {"path": path, "port": names.PORT_NAME}}
    return {"tcpSocket": {"port": names.PORT_NAME}}
