"""Rows of nodes, namespaces, events, configuration, storage and access.

Role: pure. Called by `tablekinds`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mcp_cli import durations
from mcp_cli.local.apimachinery.tablecells import NONE, UNKNOWN, UNSET, age, condition, part

Cells = list[Any]
ROLE_LABEL = "node-role.kubernetes.io/"
MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _name(obj: dict[str, Any]) -> str:
    return str(obj["metadata"]["name"])


def name_and_age(obj: dict[str, Any], now: datetime) -> Cells:
    return [_name(obj), age(obj, now)]


def config_map(obj: dict[str, Any], now: datetime) -> Cells:
    return [_name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj, now)]


def secret(obj: dict[str, Any], now: datetime) -> Cells:
    return [_name(obj), obj.get("type", ""), len(obj.get("data") or ()), age(obj, now)]


def namespace(obj: dict[str, Any], now: datetime) -> Cells:
    return [_name(obj), part(obj, "status", "phase", default=""), age(obj, now)]


def node(obj: dict[str, Any], now: datetime) -> Cells:
    info = part(obj, "status", "nodeInfo", default={})
    addresses = {entry.get("type"): entry.get("address") for entry in part(obj, "status", "addresses", default=[])}
    wide = [addresses.get("InternalIP") or NONE, addresses.get("ExternalIP") or NONE]
    wide.extend(info.get(key) or UNKNOWN for key in ("osImage", "kernelVersion", "containerRuntimeVersion"))
    return [_name(obj), _node_status(obj), _roles(obj), age(obj, now), info.get("kubeletVersion", ""), *wide]


def _node_status(obj: dict[str, Any]) -> str:
    ready = condition(obj, "Ready")
    said = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return f"{said},SchedulingDisabled" if part(obj, "spec", "unschedulable") else said


def _roles(obj: dict[str, Any]) -> str:
    labels = obj["metadata"].get("labels") or {}
    roles = {key.removeprefix(ROLE_LABEL) for key in labels if key.startswith(ROLE_LABEL)}
    if labels.get("kubernetes.io/role"):
        roles.add(labels["kubernetes.io/role"])
    return ",".join(sorted(role for role in roles if role)) or NONE


def event(obj: dict[str, Any], now: datetime) -> Cells:
    """Of both APIs: events.k8s.io calls the same fields by other names."""
    target = obj.get("involvedObject") or obj.get("regarding") or {}
    first = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj.get("eventTime")
    last = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp") or first
    count = obj.get("count") or obj.get("deprecatedCount") or 1
    series = obj.get("series")
    if series:
        last, count = series.get("lastObservedTime"), series.get("count", 1)
    shown = f"{target.get('kind', '').lower()}/{target.get('name', '')}"
    message = (obj.get("message") or obj.get("note") or "").strip()
    head = [durations.age(last, now), obj.get("type", ""), obj.get("reason", ""), shown, target.get("fieldPath", "")]
    return [*head, _source(obj), message, durations.age(first, now), count, _name(obj)]


def _source(obj: dict[str, Any]) -> str:
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    who = source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    where = source.get("host") or obj.get("reportingInstance") or ""
    return f"{who}, {where}" if where else who


def lease(obj: dict[str, Any], now: datetime) -> Cells:
    return [_name(obj), part(obj, "spec", "holderIdentity", default=""), age(obj, now)]


def _modes(values: Any) -> str:
    return ",".join(short for mode, short in MODES.items() if mode in (values or ()))


def volume_claim(obj: dict[str, Any], now: datetime) -> Cells:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    bound = bool(spec.get("volumeName"))
    capacity = part(status, "capacity", "storage", default="") if bound else ""
    modes = _modes(status.get("accessModes")) if bound else ""
    tail = [spec.get("storageClassName") or "", spec.get("volumeAttributesClassName") or UNSET, age(obj, now)]
    return [_name(obj), phase, spec.get("volumeName", ""), capacity, modes, *tail, spec.get("volumeMode", "Filesystem")]


def volume(obj: dict[str, Any], now: datetime) -> Cells:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    claim = spec.get("claimRef") or {}
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    head = [_name(obj), part(spec, "capacity", "storage", default=""), _modes(spec.get("accessModes"))]
    bound = f"{claim['namespace']}/{claim['name']}" if claim else ""
    middle = [spec.get("persistentVolumeReclaimPolicy", ""), phase, bound, spec.get("storageClassName") or ""]
    tail = [spec.get("volumeAttributesClassName") or UNSET, status.get("reason", ""), age(obj, now)]
    return [*head, *middle, *tail, spec.get("volumeMode", "Filesystem")]


def storage_class(obj: dict[str, Any], now: datetime) -> Cells:
    default = (obj["metadata"].get("annotations") or {}).get("storageclass.kubernetes.io/is-default-class") == "true"
    name = f"{_name(obj)} (default)" if default else _name(obj)
    policies = [
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy", "Delete"),
        obj.get("volumeBindingMode", "Immediate"),
    ]
    return [name, *policies, bool(obj.get("allowVolumeExpansion")), age(obj, now)]


def role_binding(obj: dict[str, Any], now: datetime) -> Cells:
    role = obj.get("roleRef") or {}
    found: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in obj.get("subjects") or ():
        account = subject.get("kind") == "ServiceAccount"
        name = f"{subject.get('namespace', '')}/{subject['name']}" if account else subject["name"]
        found.setdefault(subject.get("kind", ""), []).append(name)
    shown = [", ".join(found[kind]) for kind in ("User", "Group", "ServiceAccount")]
    return [_name(obj), f"{role.get('kind', '')}/{role.get('name', '')}", age(obj, now), *shown]


def priority_class(obj: dict[str, Any], now: datetime) -> Cells:
    policy = obj.get("preemptionPolicy", "PreemptLowerPriority")
    return [_name(obj), obj.get("value", 0), bool(obj.get("globalDefault")), age(obj, now), policy]


def webhooks(obj: dict[str, Any], now: datetime) -> Cells:
    return [_name(obj), len(obj.get("webhooks") or ()), age(obj, now)]


def runtime_class(obj: dict[str, Any], now: datetime) -> Cells:
    return [_name(obj), obj.get("handler", ""), age(obj, now)]


def quota(obj: dict[str, Any], now: datetime) -> Cells:
    used, hard = part(obj, "status", "used", default={}), part(obj, "status", "hard", default={})
    requests: list[str] = []
    limits: list[str] = []
    for name in sorted(hard):
        target = limits if name.startswith("limits.") else requests
        target.append(f"{name}: {used.get(name, '0')}/{hard[name]}")
    return [_name(obj), ", ".join(requests), ", ".join(limits), age(obj, now)]


def api_service(obj: dict[str, Any], now: datetime) -> Cells:
    service = part(obj, "spec", "service")
    shown = f"{service['namespace']}/{service['name']}" if service else "Local"
    available = condition(obj, "Available") or {}
    said = available.get("status", "Unknown")
    reason = f" ({available['reason']})" if said != "True" and available.get("reason") else ""
    return [_name(obj), shown, f"{said}{reason}", age(obj, now)]
