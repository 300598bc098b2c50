"""Whether a request may come from where it says: its Host and Origin.

Role: pure; keeps web pages (DNS rebinding, cross-site requests) out of a server that trusts its network.
Called by: `server.py`, for every request but the probes'.

A request through the API server's proxy (`…/services/NAME:PORT/proxy/…`) carries the Host under which its sender knows
the API server, which can be any name. The proxy marks it with X-Forwarded-Uri; a page could do that too, but a page
cannot leave out Origin on the POST that every use of a server begins with. An address in Host cannot be rebound.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping

_PROXIED = re.compile(r"/api/v1/namespaces/[^/]+/(services|pods)/[^/]+/proxy(/|$)")
_LOOPBACK_NAMES = ("localhost", "ip6-localhost")


class Guard:
    """Knows the hosts that are ours: what we listen on, loopback, and what was allowed."""

    def __init__(self, hosts: Iterable[str], allowed: Iterable[str]) -> None:
        names = [name.strip().lower() for entry in allowed for name in entry.split(",") if name.strip()]
        self._any = "*" in names
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))
        self._names = {*names, *(host.lower() for host in hosts), *_LOOPBACK_NAMES}

    def refusal(self, headers: Mapping[str, str]) -> str | None:
        """Why this request is refused; None where it is welcome."""
        if self._any:
            return None
        origin = headers.get("origin")
        if origin is not None and not self._knows(origin.partition("://")[2]):
            return f"Origin {origin} is not allowed here (--allowed-host)"
        host = headers.get("host", "")
        if self._knows(host) or (origin is None and (is_address(host) or is_proxied(headers))):
            return None
        return f"Host {host} is not allowed here (--allowed-host)"

    def _knows(self, authority: str) -> bool:
        name = host_of(authority)
        if name in self._names or authority.lower() in self._names:
            return True
        return is_loopback(name) or bool(self._suffixes and name.endswith(self._suffixes))


def host_of(authority: str) -> str:
    """The host of `host:port`, lower case, an IPv6 address without its brackets."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].lower().rstrip(".")


def is_address(authority: str) -> bool:
    try:
        ipaddress.ip_address(host_of(authority))
    except ValueError:
        return False
    return True


def is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_proxied(headers: Mapping[str, str]) -> bool:
    return bool(_PROXIED.match(headers.get("x-forwarded-uri", "")))
