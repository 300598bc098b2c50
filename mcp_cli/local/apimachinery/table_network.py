"""Rows of Services, endpoints, ingresses and network policies.

Role: pure. Called by `tablekinds`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mcp_cli.local.apimachinery.tablecells import NONE, UNSET, age, labels, limited, part, selector

Cells = list[Any]


def service(obj: dict[str, Any], now: datetime) -> Cells:
    spec = obj.get("spec") or {}
    address = spec.get("clusterIP") or NONE
    head = [obj["metadata"]["name"], spec.get("type", ""), address, _external(obj, spec), _ports(spec)]
    return [*head, age(obj, now), labels(spec.get("selector"))]


def _external(obj: dict[str, Any], spec: dict[str, Any]) -> str:
    given = spec.get("externalIPs") or []
    match spec.get("type"):
        case "ExternalName":
            return spec.get("externalName") or NONE
        case "LoadBalancer":
            found = [entry.get("ip") or entry.get("hostname", "") for entry in _ingress(obj)]
            return ",".join([*found, *given]) or "<pending>"
    return ",".join(given) or NONE


def _ingress(obj: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = part(obj, "status", "loadBalancer", "ingress", default=[])
    return found


def _ports(spec: dict[str, Any]) -> str:
    shown = []
    for port in spec.get("ports") or ():
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        shown.append(f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(shown) or NONE


def endpoints(obj: dict[str, Any], now: datetime) -> Cells:
    found: list[str] = []
    for subset in obj.get("subsets") or ():
        addresses, ports = subset.get("addresses") or (), subset.get("ports") or ()
        if not ports:
            found.extend(address["ip"] for address in addresses)
        for port in ports:
            found.extend(_joined(address["ip"], port["port"]) for address in addresses)
    return [obj["metadata"]["name"], limited(found), age(obj, now)]


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def endpoint_slice(obj: dict[str, Any], now: datetime) -> Cells:
    ports = [_slice_port(port) for port in obj.get("ports") or ()]
    addresses = [address for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    shown = limited(ports) if ports else UNSET
    found = limited(addresses) if addresses else UNSET
    return [obj["metadata"]["name"], obj.get("addressType", ""), shown, found, age(obj, now)]


def _slice_port(port: dict[str, Any]) -> str:
    return str(port["port"]) if port.get("port") is not None else port.get("name") or UNSET


def ingress(obj: dict[str, Any], now: datetime) -> Cells:
    spec = obj.get("spec") or {}
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    addresses = [entry.get("ip") or entry.get("hostname", "") for entry in _ingress(obj)]
    ports = "80, 443" if spec.get("tls") else "80"
    shown = limited(hosts) if hosts else "*"
    return [
        obj["metadata"]["name"],
        spec.get("ingressClassName") or NONE,
        shown,
        ",".join(addresses),
        ports,
        age(obj, now),
    ]


def ingress_class(obj: dict[str, Any], now: datetime) -> Cells:
    spec = obj.get("spec") or {}
    parameters = spec.get("parameters")
    shown = NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
        shown = f"{parameters['kind']}{group}/{parameters['name']}"
    return [obj["metadata"]["name"], spec.get("controller", ""), shown, age(obj, now)]


def network_policy(obj: dict[str, Any], now: datetime) -> Cells:
    return [obj["metadata"]["name"], selector(part(obj, "spec", "podSelector")), age(obj, now)]
