"""Validation of containers: names, ports, environment, probes, resources, mounts.

Role: pure. Called by `validate_pods`.
"""

from __future__ import annotations

import re
from typing import Any

from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery import names, quantities
from mcp_cli.local.apimachinery.validate_values import (
    Causes,
    messages,
    not_negative,
    one_of,
    port,
    port_or_name,
)

PROTOCOLS = ("SCTP", "TCP", "UDP")
HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
ENV_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
ENV_FIELDS = (
    *("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"),
    *("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['[^']*'\]")
STANDARD = ("cpu", "memory", "ephemeral-storage")
ENV_RESOURCES = tuple(f"{kind}.{name}" for kind in ("limits", "requests") for name in sorted(STANDARD))
MAX_ID = 2**31 - 1
ID_RANGE = f"must be between 0 and {MAX_ID}, inclusive"
HEADER = "[-A-Za-z0-9]+"
HEADER_MESSAGE = (
    "a valid HTTP header must consist of alphanumeric characters or '-'"
    f" (e.g. 'X-Header-Name', regex used for validation is '{HEADER}')"
)


def container(obj: dict[str, Any], path: str, volumes: set[str]) -> Causes:
    if not obj.get("name"):
        yield wrong.required(f"{path}.name")
    else:
        yield from messages(names.is_dns1123_label, f"{path}.name", obj["name"])
    image = obj.get("image", "")
    if not image:
        yield wrong.required(f"{path}.image")
    elif image != image.strip():
        yield wrong.invalid(f"{path}.image", image, "must not have leading or trailing whitespace")
    yield from one_of(f"{path}.imagePullPolicy", obj.get("imagePullPolicy"), ("Always", "IfNotPresent", "Never"))
    policies = ("File", "FallbackToLogsOnError")
    yield from one_of(f"{path}.terminationMessagePolicy", obj.get("terminationMessagePolicy"), policies)
    yield from _ports(obj.get("ports") or (), f"{path}.ports")
    yield from _environment(obj, path)
    yield from _mounts(obj.get("volumeMounts") or (), f"{path}.volumeMounts", volumes)
    yield from resources(obj.get("resources") or {}, f"{path}.resources")
    yield from security(obj.get("securityContext"), f"{path}.securityContext")
    for hook, handler in (obj.get("lifecycle") or {}).items():
        if isinstance(handler, dict):
            yield from _handler(handler, f"{path}.lifecycle.{hook}")
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        if obj.get(kind) is not None:
            yield from _probe(obj[kind], f"{path}.{kind}", once=kind != "readinessProbe")


def _ports(ports: Any, path: str) -> Causes:
    seen: set[str] = set()
    for index, entry in enumerate(ports):
        place, name = f"{path}[{index}]", entry.get("name")
        if name:
            yield from messages(names.is_port_name, f"{place}.name", name)
            if name in seen:
                yield wrong.duplicate(f"{place}.name", name)
            seen.add(name)
        if not entry.get("containerPort"):
            yield wrong.required(f"{place}.containerPort")
        else:
            yield from port(f"{place}.containerPort", entry["containerPort"])
        if entry.get("hostPort"):
            yield from port(f"{place}.hostPort", entry["hostPort"])
        yield from one_of(f"{place}.protocol", entry.get("protocol"), PROTOCOLS)


def _environment(obj: dict[str, Any], path: str) -> Causes:
    for index, variable in enumerate(obj.get("env") or ()):
        place = f"{path}.env[{index}]"
        if not variable.get("name"):
            yield wrong.required(f"{place}.name")
        else:
            yield from messages(names.is_env_name, f"{place}.name", variable["name"])
        if variable.get("valueFrom") is not None:
            yield from _env_source(variable, f"{place}.valueFrom")
    for index, source in enumerate(obj.get("envFrom") or ()):
        place = f"{path}.envFrom[{index}]"
        if source.get("prefix"):
            yield from messages(names.is_env_name, f"{place}.prefix", source["prefix"])
        kinds = [kind for kind in ("configMapRef", "secretRef") if source.get(kind) is not None]
        if not kinds:
            yield wrong.invalid(f"{path}.envFrom", "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(kinds) > 1:
            yield wrong.invalid(f"{path}.envFrom", "", "may not have more than one field specified at a time")
        for kind in kinds:
            yield from messages(names.is_dns1123_subdomain, f"{place}.{kind}.name", source[kind].get("name", ""))


def _env_source(variable: dict[str, Any], path: str) -> Causes:
    source = variable["valueFrom"]
    kinds = [kind for kind in ENV_SOURCES if source.get(kind) is not None]
    if not kinds:
        names_of = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        yield wrong.invalid(path, "", f"must specify one of: {names_of}")
    elif variable.get("value"):
        yield wrong.invalid(path, "", "may not be specified when `value` is not empty")
    elif len(kinds) > 1:
        yield wrong.invalid(path, "", "may not have more than one field specified at a time")
    for kind in kinds:
        place, value = f"{path}.{kind}", source[kind]
        if kind == "fieldRef":
            yield from _field_reference(value, place)
        elif kind == "resourceFieldRef":
            if not str(value.get("resource", "")).startswith(("limits.hugepages-", "requests.hugepages-")):
                yield from one_of(f"{place}.resource", value.get("resource", ""), ENV_RESOURCES)
        elif kind in ("configMapKeyRef", "secretKeyRef"):
            yield from messages(names.is_dns1123_subdomain, f"{place}.name", value.get("name", ""))
            if not value.get("key"):
                yield wrong.required(f"{place}.key")
            else:
                yield from messages(names.is_config_key, f"{place}.key", value["key"])


def _field_reference(value: dict[str, Any], path: str) -> Causes:
    field = value.get("fieldPath", "")
    if not field:
        yield wrong.required(f"{path}.fieldPath")
    elif not SUBSCRIPT.fullmatch(field) and field not in ENV_FIELDS:
        text = f"error converting fieldPath: field label not supported: {field}"
        yield wrong.invalid(f"{path}.fieldPath", field, text)


def _mounts(mounts: Any, path: str, volumes: set[str]) -> Causes:
    seen: set[str] = set()
    for index, mount in enumerate(mounts):
        place, name, target = f"{path}[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield wrong.required(f"{place}.name")
        if name not in volumes:
            yield wrong.not_found(f"{place}.name", name)
        if not target:
            yield wrong.required(f"{place}.mountPath")
        if target in seen:
            yield wrong.invalid(f"{place}.mountPath", target, "must be unique")
        seen.add(target)
        sub = mount.get("subPath", "")
        if sub.startswith("/"):
            yield wrong.invalid(f"{path}.subPath", sub, "must be a relative path")
        elif ".." in sub.split("/"):
            yield wrong.invalid(f"{path}.subPath", sub, "must not contain '..'")


def resources(obj: dict[str, Any], path: str) -> Causes:
    limits, requests = obj.get("limits") or {}, obj.get("requests") or {}
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            place = f"{path}.{kind}[{name}]"
            if "/" not in name and name not in STANDARD and not name.startswith("hugepages-"):
                yield wrong.invalid(place, name, "must be a standard resource type or fully qualified")
                yield wrong.invalid(place, name, "must be a standard resource for containers")
            if quantities.parse(amount) < 0:
                yield wrong.invalid(place, amount, "must be greater than or equal to 0")
    for name, amount in requests.items():
        if name in limits and quantities.compare(amount, limits[name]) > 0:
            text = f"must be less than or equal to {name} limit of {limits[name]}"
            yield wrong.invalid(f"{path}.requests", amount, text)


def security(obj: dict[str, Any] | None, path: str) -> Causes:
    for key in ("runAsUser", "runAsGroup", "fsGroup"):
        value = (obj or {}).get(key)
        if value is not None and not 0 <= value <= MAX_ID:
            yield wrong.invalid(f"{path}.{key}", value, ID_RANGE)


def _handler(handler: dict[str, Any], path: str) -> Causes:
    kinds = [kind for kind in HANDLERS if handler.get(kind) is not None]
    if not kinds:
        yield wrong.required(path, "must specify a handler type")
    for kind in kinds[1:]:
        yield wrong.forbidden(f"{path}.{kind}", "may not specify more than 1 handler type")
    for kind in kinds[:1]:
        place, value = f"{path}.{kind}", handler[kind]
        if kind == "exec" and not value.get("command"):
            yield wrong.required(f"{place}.command")
        elif kind == "httpGet":
            yield from _http_get(value, place)
        elif kind == "tcpSocket":
            yield from port_or_name(f"{place}.port", value.get("port", 0))
        elif kind == "grpc":
            yield from port(f"{place}.port", value.get("port", 0))


def _http_get(value: dict[str, Any], path: str) -> Causes:
    yield from port_or_name(f"{path}.port", value.get("port", 0))
    yield from one_of(f"{path}.scheme", value.get("scheme"), ("HTTP", "HTTPS"))
    for header in value.get("httpHeaders") or ():
        if not re.fullmatch(HEADER, header.get("name", "")):
            yield wrong.invalid(f"{path}.httpHeaders", header.get("name", ""), HEADER_MESSAGE)


def _probe(probe: dict[str, Any], path: str, *, once: bool) -> Causes:
    yield from _handler(probe, path)
    numbers = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
    yield from not_negative(probe, path, *numbers)
    if once and probe.get("successThreshold", 1) != 1:
        yield wrong.invalid(f"{path}.successThreshold", probe["successThreshold"], "must be 1")
