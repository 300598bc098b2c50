"""Environment and files of the container: what the operator gives, what the spec gives, ConfigMaps and Secrets."""

from __future__ import annotations

from typing import Any

from mcp_operator.api import names
from mcp_operator.api.resolve import ResolvedServer

Items = list[dict[str, Any]]


def env(server: ResolvedServer) -> Items:
    """The container's `env`; what the spec sets wins over what the operator gives."""
    own: Items = [
        {"name": "MCP_SERVER_NAME", "value": server.name},
        {"name": "MCP_SERVER_NAMESPACE", "value": server.namespace},
        {"name": "MCP_SERVER_PORT", "value": str(server.port)},
        {"name": "HOME", "value": "/tmp"},
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}},
    ]
    if server.spec.get("config") is not None:
        own.append({"name": "MCP_CONFIG_FILE", "value": f"{names.CONFIG_DIRECTORY}/config.json"})
    merged = {item["name"]: item for item in own}
    merged.update({item["name"]: item for item in _single_keys(server.spec)})
    merged.update({item["name"]: item for item in server.env})
    return list(merged.values())


def env_from(spec: dict[str, Any]) -> Items:
    """The container's `envFrom`: what the spec says, then every source without a key and a mount path."""
    listed = list(spec.get("envFrom") or [])
    for field, ref in (("configSources", "configMapRef"), ("secretRefs", "secretRef")):
        for source in spec.get(field) or []:
            if not source.get("env") and not source.get("mountPath"):
                prefix = {"prefix": source["prefix"]} if source.get("prefix") else {}
                listed.append({ref: _named(source), **prefix})
    return listed


def secret_names(server: ResolvedServer) -> list[str]:
    """The variables whose values come from a Secret; `PREFIX*` where a whole Secret becomes variables."""
    single = [item["name"] for item in env(server) if "secretKeyRef" in (item.get("valueFrom") or {})]
    whole = [f"{item.get('prefix', '')}*" for item in env_from(server.spec) if "secretRef" in item]
    return sorted({*single, *whole})


def volumes(server: ResolvedServer) -> Items:
    """The pod's volumes, without those of the install step."""
    spec = server.spec
    mounted: Items = [{"name": "tmp", "emptyDir": {}}]
    if spec.get("config") is not None:
        mounted.append({"name": "config", "configMap": {"name": f"{server.name}-config"}})
    for name, source in _mounted(spec, "configSources"):
        mounted.append({"name": name, "configMap": {**_named(source), **_one_key(source)}})
    for name, source in _mounted(spec, "secretRefs"):
        optional = {"optional": True} if source.get("optional") else {}
        mounted.append({"name": name, "secret": {"secretName": source["name"], **optional, **_one_key(source)}})
    return mounted + list(spec.get("volumes") or [])


def volume_mounts(server: ResolvedServer) -> Items:
    """The container's volume mounts, without those of the install step."""
    spec = server.spec
    mounts: Items = [{"name": "tmp", "mountPath": "/tmp"}]
    if spec.get("config") is not None:
        mounts.append({"name": "config", "mountPath": names.CONFIG_DIRECTORY, "readOnly": True})
    for field in ("configSources", "secretRefs"):
        for name, source in _mounted(spec, field):
            mounts.append({"name": name, "mountPath": source["mountPath"], "readOnly": True})
    return mounts + list(spec.get("volumeMounts") or [])


def _single_keys(spec: dict[str, Any]) -> Items:
    variables = []
    for field, ref in (("configSources", "configMapKeyRef"), ("secretRefs", "secretKeyRef")):
        for source in spec.get(field) or []:
            if source.get("env"):
                origin = {ref: {**_named(source), "key": source["key"]}}
                variables.append({"name": source["env"], "valueFrom": origin})
    return variables


def _mounted(spec: dict[str, Any], field: str) -> list[tuple[str, dict[str, Any]]]:
    prefix = {"configSources": "config-source", "secretRefs": "secret-ref"}[field]
    listed = enumerate(spec.get(field) or [])
    return [(f"{prefix}-{index}", source) for index, source in listed if source.get("mountPath")]


def _named(source: dict[str, Any]) -> dict[str, Any]:
    optional = {"optional": True} if source.get("optional") else {}
    return {"name": source["name"], **optional}


def _one_key(source: dict[str, Any]) -> dict[str, Any]:
    key = source.get("key")
    return {"items": [{"key": key, "path": key}]} if key else {}
