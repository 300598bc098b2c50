"""What a new cluster holds before anybody asked for anything: its namespaces and its own Service.

Called by `create_app`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from mcp_cli.local.apimachinery import defaulting, managers, times

if TYPE_CHECKING:
    from mcp_cli.local.apimachinery.models import Model
    from mcp_cli.local.apiserver.context import Server

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
MANAGER = "kube-apiserver"


def bootstrap(server: Server) -> None:
    """Create what is missing; bring the `kubernetes` Service to the port of this start."""
    for name in NAMESPACES:
        _ensure(server, "", "v1", "namespaces", _namespace(name))
    _ensure(server, "", "v1", "services", _service(server))
    _ensure(server, "", "v1", "endpoints", _endpoints(server))
    _ensure(server, "discovery.k8s.io", "v1", "endpointslices", _slice(server))


def _ensure(server: Server, group: str, version: str, plural: str, obj: dict[str, Any]) -> None:
    model = server.registry.find(group, version, plural)
    assert model is not None
    metadata = obj["metadata"]
    found = server.objects.find(model, metadata.get("namespace", ""), metadata["name"])
    if found is None:
        server.objects.create(model, _complete(model, obj))
        return
    wanted = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    if plural != "namespaces" and any(found.get(key) != value for key, value in wanted.items()):
        merged = {**found, **wanted}
        if plural == "services":
            merged["spec"] = {**found["spec"], **wanted["spec"]}
        if merged != found:
            server.objects.update(model, merged, None)


def _complete(model: Model, obj: dict[str, Any]) -> dict[str, Any]:
    now = times.now()
    obj["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": now}
    defaulting.default(model, obj)
    managers.track(model, None, obj, manager=MANAGER, now=now)
    return obj


def _namespace(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def _service(server: Server) -> dict[str, Any]:
    address = server.addresses.first
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "type": "ClusterIP",
            "clusterIP": address,
            "clusterIPs": [address],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": server.config.port}],
            "sessionAffinity": "None",
        },
        "status": {"loadBalancer": {}},
    }


def _endpoints(server: Server) -> dict[str, Any]:
    port = {"name": "https", "port": server.config.port, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
        },
        "subsets": [{"addresses": [{"ip": "127.0.0.1"}], "ports": [port]}],
    }


def _slice(server: Server) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
            "generation": 1,
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": server.config.port, "protocol": "TCP"}],
    }
