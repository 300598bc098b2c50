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
EXTERNALLY = "may only be set for externally-accessible services"
BALANCED = "may only be used when `type` is 'LoadBalancer'"
CHECKED = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")


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
    yield from _reach(spec, kind)
    yield from _families(spec)


def _reach(spec: dict[str, Any], kind: Any) -> Causes:
    """What only Services that are seen from outside, or that have a balancer, may say."""
    external, ranges = spec.get("externalTrafficPolicy"), spec.get("loadBalancerSourceRanges") or ()
    if external and kind == "ClusterIP" and not spec.get("externalIPs"):
        yield wrong.invalid("spec.externalTrafficPolicy", external, EXTERNALLY)
    if ranges and kind != "LoadBalancer":
        yield wrong.forbidden("spec.LoadBalancerSourceRanges", BALANCED)
    for index, value in enumerate(ranges):
        yield from network(f"spec.LoadBalancerSourceRanges[{index}]", value)
    if spec.get("loadBalancerClass") and kind != "LoadBalancer":
        yield wrong.forbidden("spec.loadBalancerClass", BALANCED)
    if spec.get("healthCheckNodePort") and not (kind == "LoadBalancer" and external == "Local"):
        yield wrong.invalid("spec.healthCheckNodePort", spec["healthCheckNodePort"], CHECKED)
    if spec.get("trafficDistribution"):
        yield from one_of("spec.trafficDistribution", spec["trafficDistribution"], DISTRIBUTIONS)


def _families(spec: dict[str, Any]) -> Causes:
    """The cluster speaks IPv4."""
    headless = spec.get("clusterIP") == "None"
    if spec.get("ipFamilyPolicy") == "RequireDualStack" and not headless:
        text = "this cluster is not configured for dual-stack services"
        yield wrong.invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], text)
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family not in ("IPv4", "IPv6"):
            yield wrong.not_supported(f"spec.ipFamilies[{index}]", family, ("IPv4", "IPv6"))
        elif family == "IPv6" and not headless and spec.get("ipFamilyPolicy") == "SingleStack":
            yield wrong.invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster")


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
    yield from _backend(spec.get("defaultBackend") or {}, "spec.defaultBackend")
    for index, entry in enumerate(spec.get("tls") or ()):
        for position, host in enumerate(entry.get("hosts") or ()):
            place = f"spec.tls[{index}].hosts[{position}]"
            yield from messages(names.is_dns1123_subdomain, place, host.removeprefix("*."))
        if entry.get("secretName"):
            yield from messages(names.is_dns1123_subdomain, f"spec.tls[{index}].secretName", entry["secretName"])
    if spec.get("ingressClassName") is not None:
        yield from messages(names.is_dns1123_subdomain, "spec.ingressClassName", spec["ingressClassName"])
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
    if rule.get("http") is not None and not rule["http"].get("paths"):
        yield wrong.required(f"{path}.http.paths")
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
    yield from _backend(backend, f"{path}.backend")


def _backend(backend: dict[str, Any], path: str) -> Causes:
    target = backend.get("service")
    if target is None:
        return
    number, name = ((target.get("port") or {}).get(key) for key in ("number", "name"))
    if number and name:
        yield wrong.invalid(path, "", "cannot set both port name & port number")
    elif not number and not name:
        yield wrong.required(path, "port name or number is required")


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
        yield from _last_port(entry, f"{path}.ports[{index}]")
    for index, peer in enumerate(rule.get(peers) or ()):
        place = f"{path}.{peers}[{index}]"
        if not any(peer.get(kind) is not None for kind in ("podSelector", "namespaceSelector", "ipBlock")):
            yield wrong.required(place, "must specify a peer")
        for kind in ("podSelector", "namespaceSelector"):
            yield from label_selector(peer.get(kind), f"{place}.{kind}")
        if peer.get("ipBlock") is not None:
            yield from network(f"{place}.ipBlock.cidr", peer["ipBlock"].get("cidr", ""))
            yield from _exceptions(peer["ipBlock"], f"{place}.ipBlock")
            if any(peer.get(kind) is not None for kind in ("podSelector", "namespaceSelector")):
                yield wrong.forbidden(place, "may not specify both ipBlock and another peer")


def _last_port(entry: dict[str, Any], path: str) -> Causes:
    first, last = entry.get("port"), entry.get("endPort")
    if last is not None and first is None:
        yield wrong.invalid(f"{path}.endPort", last, "may not be specified when `port` is not specified")
    elif last is not None and isinstance(first, str):
        yield wrong.invalid(f"{path}.endPort", last, "may not be specified when `port` is non-numeric")
    elif last is not None and last < (first or 0):
        # The port is what the server shows here.
        yield wrong.invalid(f"{path}.endPort", first, "must be greater than or equal to `port`")
    if entry.get("protocol") is not None:
        yield from one_of(f"{path}.protocol", entry["protocol"], PROTOCOLS)


def _exceptions(block: dict[str, Any], path: str) -> Causes:
    for index, value in enumerate(block.get("except") or ()):
        try:
            whole, part = (ipaddress.ip_network(text, strict=False) for text in (block.get("cidr", ""), value))
        except ValueError:
            yield from network(f"{path}.except[{index}]", value)
            continue
        inside = whole.version == part.version and part.prefixlen > whole.prefixlen and part[0] in whole
        if not inside:
            yield wrong.invalid(f"{path}.except[{index}]", value, "must be a strict subset of `cidr`")
