"""Which URL reaches a server: its own address where we are in its network, else the API server's proxy.

Pure. Called by the command line and by the operator's probe before they make a client.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

_PROXY = re.compile(r"^.*?/api/v1/namespaces/[^/]+/(?:services|pods)/[^/:]+(?::([0-9]+))?/proxy(?=/|$)")


@dataclass(frozen=True, slots=True)
class Target:
    """A Service or a pod with an MCP endpoint. `address` is its cluster IP or pod IP, None where it has none yet."""

    kind: Literal["services", "pods"]
    namespace: str
    name: str
    port: int
    path: str = "/mcp"
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Where to send requests. `proxied`: with the API server's TLS settings and credentials; direct: with neither."""

    url: str
    proxied: bool

    @property
    def headers(self) -> dict[str, str]:
        """What the server must be told it is called: it knows its own names, not the API server's."""
        match = _PROXY.match(urlsplit(self.url).path) if self.proxied else None
        port = match[1] if match else None
        return {"Host": f"localhost:{port}"} if port else {}


def choose(target: Target, *, api_server: str, in_cluster: bool = False) -> Route:
    """Direct when the address is this machine's loopback or we are in the cluster, else through the API server.

    A loopback address is only ever reached directly: an API server elsewhere would dial its own.
    """
    if target.address is not None and (in_cluster or is_loopback(target.address)):
        return Route(direct_url(target), proxied=False)
    return Route(proxy_url(target, api_server), proxied=True)


def direct_url(target: Target) -> str:
    address = target.address or ""
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{target.port}{_path(target.path)}"


def proxy_url(target: Target, api_server: str) -> str:
    """The proxy subresource; the path of the endpoint follows it."""
    namespace, name = quote(target.namespace, safe=""), quote(target.name, safe="")
    base = f"{api_server.rstrip('/')}/api/v1/namespaces/{namespace}/{target.kind}/{name}:{target.port}/proxy"
    return base + _path(target.path)


def proxy_prefix(url: str) -> str:
    """The part of a URL's path that belongs to the API server's proxy, "" for a direct one."""
    match = _PROXY.match(urlsplit(url).path)
    return match[0] if match else ""


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own: all of 127.0.0.0/8, ::1, and the name localhost."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def _path(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"
