"""The environment that a pod asks for: Service variables, envFrom, env. Pure.

ConfigMaps and Secrets come from a lookup that its caller has filled. Order and precedence are the kubelet's: Service
variables, then envFrom in order, then env in order, each seeing those before it. Called by the container runner.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_cli.local.node.expand import expand
from mcp_cli.local.node.fields import FieldError, pod_field, resource_field


class ConfigError(Exception):
    """An environment or volume that cannot be made; the message names the object or key that is missing."""


Lookup = Callable[[str, str], dict[str, Any] | None]
"""(ConfigMap or Secret, name) -> the object of the pod's namespace."""


@dataclass(frozen=True, slots=True)
class EnvironmentInput:
    """What an environment is made from."""

    pod: dict[str, Any]
    """With the addresses in its status."""
    container: dict[str, Any]
    services: Mapping[str, str]
    lookup: Lookup
    capacity: Mapping[str, str]


def container_environment(given: EnvironmentInput) -> dict[str, str]:
    """The pod's part of the environment; ConfigError where a required source is missing."""
    own: dict[str, str] = dict(given.services)
    for source in given.container.get("envFrom") or []:
        own.update(_env_from(source, given))
    for entry in given.container.get("env") or []:
        if entry.get("valueFrom"):
            value = _value_from(entry["valueFrom"], given)
            if value is None:
                continue
        else:
            value = expand(entry.get("value") or "", own)
        own[entry["name"]] = value
    return own


def data_of(kind: str, obj: Mapping[str, Any]) -> dict[str, bytes]:
    """Keys and values of a ConfigMap or Secret."""
    if kind == "Secret":
        return {key: base64.b64decode(value or "") for key, value in (obj.get("data") or {}).items()}
    text = {key: value.encode() for key, value in (obj.get("data") or {}).items()}
    binary = {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}
    return text | binary


def _env_from(source: dict[str, Any], given: EnvironmentInput) -> dict[str, str]:
    kind = "ConfigMap" if "configMapRef" in source else "Secret"
    reference = source.get("configMapRef") or source.get("secretRef") or {}
    obj = given.lookup(kind, reference.get("name", ""))
    if obj is None:
        if reference.get("optional"):
            return {}
        raise ConfigError(f'{kind.lower()} "{reference.get("name")}" not found')
    prefix = source.get("prefix") or ""
    return {prefix + key: value.decode(errors="replace") for key, value in data_of(kind, obj).items()}


def _value_from(source: dict[str, Any], given: EnvironmentInput) -> str | None:
    """The value, None where an optional source is missing."""
    try:
        if "fieldRef" in source:
            return pod_field(given.pod, source["fieldRef"]["fieldPath"])
        if "resourceFieldRef" in source:
            return resource_field(given.pod, given.container, source["resourceFieldRef"], given.capacity)
    except FieldError as error:
        raise ConfigError(str(error)) from error
    kind = "ConfigMap" if "configMapKeyRef" in source else "Secret"
    reference = source.get("configMapKeyRef") or source.get("secretKeyRef") or {}
    return _key_of(kind, reference, given)


def _key_of(kind: str, reference: dict[str, Any], given: EnvironmentInput) -> str | None:
    name, key, optional = reference.get("name", ""), reference.get("key", ""), reference.get("optional", False)
    obj = given.lookup(kind, name)
    if obj is None:
        if optional:
            return None
        raise ConfigError(f'{kind.lower()} "{name}" not found')
    values = data_of(kind, obj)
    if key not in values:
        if optional:
            return None
        namespace = given.pod["metadata"]["namespace"]
        raise ConfigError(f"couldn't find key {key} in {kind} {namespace}/{name}")
    return values[key].decode(errors="replace")


def service_variables(services: list[dict[str, Any]], namespace: str, links: bool) -> dict[str, str]:
    """`NAME_SERVICE_HOST` and companions: of the API server always, of the namespace's Services where asked for."""
    variables: dict[str, str] = {}
    for service in services:
        metadata, spec = service["metadata"], service.get("spec") or {}
        master = metadata["namespace"] == "default" and metadata["name"] == "kubernetes"
        if not master and not (links and metadata["namespace"] == namespace):
            continue
        if spec.get("clusterIP") in (None, "", "None") or not spec.get("ports"):
            continue
        variables.update(_variables_of(metadata["name"], spec))
    return variables


def _variables_of(name: str, spec: dict[str, Any]) -> dict[str, str]:
    prefix = name.upper().replace("-", "_")
    host, ports = spec["clusterIP"], spec["ports"]
    first = ports[0]
    variables = {f"{prefix}_SERVICE_HOST": host, f"{prefix}_SERVICE_PORT": str(first["port"])}
    first_url = f"{(first.get('protocol') or 'TCP').lower()}://{host}:{first['port']}"
    variables[f"{prefix}_PORT"] = first_url
    for port in ports:
        protocol = port.get("protocol") or "TCP"
        if port.get("name"):
            variables[f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
        start = f"{prefix}_PORT_{port['port']}_{protocol}"
        variables |= {
            start: f"{protocol.lower()}://{host}:{port['port']}",
            f"{start}_PROTO": protocol.lower(),
            f"{start}_PORT": str(port["port"]),
            f"{start}_ADDR": host,
        }
    return variables
