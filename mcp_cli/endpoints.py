"""Where a server listens in its cluster.

Role: its Service, its port, its path, and words for a server that cannot be asked. Called by the commands that use a
server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp_operator.api.names import DEFAULT_PORT, PORT_NAME
from mcp_operator.runtime.resources import SERVICES

from mcp_cli.errors import CliError
from mcp_cli.kinds import desired_replicas, spec_of, status_of

if TYPE_CHECKING:
    from mcp_cli.session import Session


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server's Service as a client needs it."""

    name: str
    namespace: str
    cluster_ip: str
    port: int
    path: str
    url: str = ""
    """Of a server that somebody else runs; it has no Service then."""

    @property
    def proxy_path(self) -> str:
        """The Service's root below the API server."""
        return f"{SERVICES.path(self.namespace, f'{self.name}:{self.port}')}/proxy"

    @property
    def loopback(self) -> bool:
        """Whether the Service's address is one of this machine (the embedded cluster's are)."""
        return self.cluster_ip.startswith("127.")


def endpoint_of(session: Session, server: dict[str, Any]) -> Endpoint:
    """The endpoint; an error that says why there is none."""
    metadata = server["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    if desired_replicas(server) == 0:
        raise CliError(f"{name} is stopped: it is scaled to 0", f"`mcp scale {name} --replicas 1 --wait` starts it.")
    url = remote_url(server)
    if url and status_of(server).get("phase") != "Failed":
        return Endpoint(name, namespace, "", 0, "", url)
    service = None if url else session.cluster.find(SERVICES, name, namespace)
    if service is None or not status_of(server).get("readyReplicas"):
        from mcp_cli.views.status import why_not_ready

        raise CliError(
            f"{name} is not ready: {why_not_ready(server)}", f"`mcp status {name} --watch` shows how it gets on."
        )
    ports = service["spec"].get("ports") or [{"port": DEFAULT_PORT}]
    port = next((one for one in ports if one.get("name") == PORT_NAME), ports[0])["port"]
    path = (spec_of(server).get("transport") or {}).get("path") or "/mcp"
    return Endpoint(name, namespace, service["spec"].get("clusterIP") or "", int(port), path)


def remote_url(server: dict[str, Any]) -> str:
    """The address of a server that somebody else runs, empty for one of this cluster."""
    said = (spec_of(server).get("runtime") or {}).get("url") or status_of(server).get("serviceEndpoint") or ""
    return said if "://" in said else ""
