"""Which addresses the proxy listens on and where each leads. Pure.

From Services and their Endpoints, whose subsets have named target ports resolved and hold ready addresses only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcp_cli.local.node.addresses import is_loopback

Address = tuple[str, int]
PROXIED_TYPES = ("ClusterIP", "NodePort", "LoadBalancer")
DEFAULT_AFFINITY_SECONDS = 10800


@dataclass(frozen=True, slots=True)
class Route:
    """Where connections to one address go."""

    service: tuple[str, str]
    backends: tuple[Address, ...]
    affinity: float | None
    """How long a client stays with its backend, None where each connection is balanced."""


def routes(
    services: Iterable[dict[str, Any]], endpoints: dict[tuple[str, str], dict[str, Any]], node_address: str
) -> dict[Address, Route]:
    """Listening address -> route, for every TCP port that has a ready backend."""
    table: dict[Address, Route] = {}
    for service in services:
        spec, metadata = service.get("spec") or {}, service["metadata"]
        if (spec.get("type") or "ClusterIP") not in PROXIED_TYPES or spec.get("clusterIP") in (None, "", "None"):
            continue
        key = (metadata["namespace"], metadata["name"])
        for port in spec.get("ports") or []:
            backends = _backends(endpoints.get(key), port)
            if not backends or (port.get("protocol") or "TCP") != "TCP":
                continue
            route = Route(key, backends, _affinity(spec))
            for address in _listening(spec, port, node_address):
                table[address] = route
    return table


def _listening(spec: dict[str, Any], port: dict[str, Any], node_address: str) -> list[Address]:
    """The cluster addresses and the node port; an address that is no loopback address cannot be had."""
    addresses = spec.get("clusterIPs") or [spec["clusterIP"]]
    found = [(address, port["port"]) for address in addresses if is_loopback(address)]
    if port.get("nodePort"):
        found.append((node_address, port["nodePort"]))
    return found


def _backends(endpoints: dict[str, Any] | None, port: dict[str, Any]) -> tuple[Address, ...]:
    """The ready addresses of the port, matched by its name."""
    found = []
    for subset in (endpoints or {}).get("subsets") or []:
        numbers = [entry["port"] for entry in subset.get("ports") or [] if _same_port(entry, port)]
        found += [(entry["ip"], number) for number in numbers for entry in subset.get("addresses") or []]
    return tuple(sorted(set(found)))


def _same_port(endpoint_port: dict[str, Any], service_port: dict[str, Any]) -> bool:
    same_name = (endpoint_port.get("name") or "") == (service_port.get("name") or "")
    return same_name and (endpoint_port.get("protocol") or "TCP") == (service_port.get("protocol") or "TCP")


def _affinity(spec: dict[str, Any]) -> float | None:
    if spec.get("sessionAffinity") != "ClientIP":
        return None
    config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    return float(config.get("timeoutSeconds") or DEFAULT_AFFINITY_SECONDS)
