"""Validation of Services, endpoints, ingresses and network policies.

Role: pure. Called by `validators`. Unlike the API server, an endpoint may be a loopback address: that is where the
embedded cluster's pods live.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery import names
from mcp_cli.local.apimachinery.validate_metadata import labels
from mcp_cli.local.apimachinery.validate_values import (
    Causes,
    address,
    label_selector,
    messages,
    network,
    one_of,
    port,
    port_or_name,
)

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
PROTOCOLS = ("SCTP", "TCP", "UDP")
MAX_AFFINITY = 86_400


def service(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    ports, kind = spec.get("ports") or [], spec.get("type")
    headless = spec.get("clusterIP") == "None"
    if not ports and not headless and kind != "ExternalName":
        yield wrong.required("spec.ports")
    if kind == "ExternalName":
        if not spec.get("externalName"):
            yield wrong.required("spec.externalName")
        else:
            yield from messages(names.is_dns1123_subdomain, "spec.externalName", spec["externalName"].rstrip("."))
    yield from _ports(ports, kind)
    yield from labels(spec.get("selector"), "spec.selector")
    yield from one_of("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"))
    yield from _affinity(spec)
    for index, value in enumerate(spec.get("clusterIPs") or ()):
        if value != "None":
            yield from address(f"spec.clusterIPs[{index}]", value)
    for index, value in enumerate(spec.get("externalIPs") or ()):
        yield from address(f"spec.externalIPs[{index}]", value)
    yield from one_of("spec.type", kind, TYPES)
    for key in ("internalTrafficPolicy", "externalTrafficPolicy"):
        if spec.get(key):
            yield from one_of(f"spec.{key}", spec[key], ("Cluster", "Local"))


def _affinity(spec: dict[str, Any]) -> Causes:
    if spec.get("sessionAffinity") != "ClientIP":
        return
    seconds = ((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds", 1)
    if not 0 < seconds <= MAX_AFFINITY:
        text = f"must be greater than 0 and less than {MAX_AFFINITY}"
        yield wrong.invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, text)


def _ports(ports: list[dict[str, Any]], kind: Any) -> Causes:
    seen_names: set[str] = set()
    seen: set[tuple[Any, Any]] = set()
    for index, entry in enumerate(ports):
        place, name = f"spec.ports[{index}]", entry.get("name")
        if not name and len(ports) > 1:
            yield wrong.required(f"{place}.name")
        elif name:
            yield from messages(names.is_dns1123_label, f"{place}.name", name)
            if name in seen_names:
                yield wrong.duplicate(f"{place}.name", name)
            seen_names.add(name)
        yield from port(f"{place}.port", entry.get("port", 0))
        yield from one_of(f"{place}.protocol", entry.get("protocol"), PROTOCOLS)
        yield from port_or_name(f"{place}.targetPort", entry.get("targetPort", 0))
        if entry.get("nodePort") and kind == "ClusterIP":
            yield wrong.forbidden(f"{place}.nodePort", "may not be used when `type` is 'ClusterIP'")
        key = entry.get("protocol"), entry.get("port")
        if key in seen:
            shown = {
                "Name": "",
                "Protocol": key[0],
                "AppProtocol": None,
                "Port": key[1],
                "TargetPort": 0,
                "NodePort": 0,
            }
            yield wrong.duplicate(place, shown)
        seen.add(key)


def endpoints(obj: dict[str, Any]) -> Causes:
    for index, subset in enumerate(obj.get("subsets") or ()):
        place = f"subsets[{index}]"
        for kind in ("addresses", "notReadyAddresses"):
            for position, entry in enumerate(subset.get(kind) or ()):
                yield from address(f"{place}.{kind}[{position}].ip", entry.get("ip", ""))
        for position, entry in enumerate(subset.get("ports") or ()):
            yield from port(f"{place}.ports[{position}].port", entry.get("port", 0))


def ingress(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield wrong.invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    for index, rule in enumerate(spec.get("rules") or ()):
        yield from _rule(rule, f"spec.rules[{index}]")


def _rule(rule: dict[str, Any], path: str) -> Causes:
    host = rule.get("host")
    if host:
        try:
            ipaddress.ip_address(host)
            yield wrong.invalid(f"{path}.host", host, "must be a DNS name, not an IP address")
        except ValueError:
            yield from messages(names.is_dns1123_subdomain, f"{path}.host", host.removeprefix("*."))
    for index, entry in enumerate((rule.get("http") or {}).get("paths") or ()):
        yield from _path(entry, f"{path}.http.paths[{index}]")


def _path(entry: dict[str, Any], path: str) -> Causes:
    kind, value, backend = entry.get("pathType"), entry.get("path", ""), entry.get("backend") or {}
    if not kind:
        yield wrong.required(f"{path}.pathType", "pathType must be specified")
    elif kind in ("Exact", "Prefix") and not value.startswith("/"):
        yield wrong.invalid(f"{path}.path", value, "must be an absolute path")
    elif kind not in ("Exact", "Prefix", "ImplementationSpecific"):
        yield wrong.not_supported(f"{path}.pathType", kind, ("Exact", "ImplementationSpecific", "Prefix"))
    if not backend.get("service") and not backend.get("resource"):
        yield wrong.invalid(f"{path}.backend", "", "resource or service backend is required")


def network_policy(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    yield from label_selector(spec.get("podSelector"), "spec.podSelector")
    for kind, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(kind) or ()):
            yield from _policy_rule(rule, f"spec.{kind}[{index}]", peers)
    for index, kind in enumerate(spec.get("policyTypes") or ()):
        yield from one_of(f"spec.policyTypes[{index}]", kind, ("Ingress", "Egress"))


def _policy_rule(rule: dict[str, Any], path: str, peers: str) -> Causes:
    for index, entry in enumerate(rule.get("ports") or ()):
        if entry.get("port") is not None:
            yield from port_or_name(f"{path}.ports[{index}].port", entry["port"])
    for index, peer in enumerate(rule.get(peers) or ()):
        place = f"{path}.{peers}[{index}]"
        if not any(peer.get(kind) is not None for kind in ("podSelector", "namespaceSelector", "ipBlock")):
            yield wrong.required(place, "must specify a peer")
        for kind in ("podSelector", "namespaceSelector"):
            yield from label_selector(peer.get(kind), f"{place}.{kind}")
        if peer.get("ipBlock") is not None:
            yield from network(f"{place}.ipBlock.cidr", peer["ipBlock"].get("cidr", ""))
