"""Validation of pod specs and pod templates.

Role: pure. Called by `validators` for pods and by `validate_workloads` for templates.
"""

from __future__ import annotations

from typing import Any

from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery import names
from mcp_cli.local.apimachinery.validate_containers import container, security
from mcp_cli.local.apimachinery.validate_metadata import annotation_keys, labels
from mcp_cli.local.apimachinery.validate_values import Causes, address, messages, one_of

RESTART_POLICIES = ("Always", "OnFailure", "Never")
DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
MAX_SECONDS = 2**31 - 1
MAX_MODE = 0o777
MODE_MESSAGE = "must be a number between 0 and 0777 (octal), both inclusive"
MODED = ("secret", "configMap", "downwardAPI", "projected")
REQUIRED_TARGETS = {
    "secret": "secretName",
    "configMap": "name",
    "hostPath": "path",
    "persistentVolumeClaim": "claimName",
}


def pod(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    if spec.get("ephemeralContainers"):
        yield wrong.forbidden("spec.ephemeralContainers", "cannot be set on create")
    yield from pod_spec(spec, "spec")


def pod_template(template: dict[str, Any], path: str) -> Causes:
    metadata = template.get("metadata") or {}
    yield from labels(metadata.get("labels"), f"{path}.labels")
    yield from annotation_keys(metadata.get("annotations"), f"{path}.annotations")
    yield from pod_spec(template.get("spec") or {}, f"{path}.spec")


def pod_spec(spec: dict[str, Any], path: str) -> Causes:
    volumes = {volume.get("name", "") for volume in spec.get("volumes") or ()} - {""}
    yield from _volumes(spec.get("volumes") or (), f"{path}.volumes")
    yield from _containers(spec, path, volumes)
    yield from one_of(f"{path}.restartPolicy", spec.get("restartPolicy"), RESTART_POLICIES)
    yield from one_of(f"{path}.dnsPolicy", spec.get("dnsPolicy"), DNS_POLICIES)
    if spec.get("dnsPolicy") == "None" and not (spec.get("dnsConfig") or {}).get("nameservers"):
        text = "must provide `dnsConfig` when `dnsPolicy` is None"
        yield wrong.required(f"{path}.dnsConfig", text)
    yield from labels(spec.get("nodeSelector"), f"{path}.nodeSelector")
    yield from security(spec.get("securityContext"), f"{path}.securityContext")
    for index, toleration in enumerate(spec.get("tolerations") or ()):
        yield from _toleration(toleration, f"{path}.tolerations[{index}]")
    yield from _names(spec, path)
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        yield from _spread(constraint, f"{path}.topologySpreadConstraints[{index}]")
    required = (((spec.get("affinity") or {}).get("nodeAffinity")) or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if required is not None and not required.get("nodeSelectorTerms"):
        place = f"{path}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
        yield wrong.required(place, "must have at least one node selector term")
    seconds = spec.get("activeDeadlineSeconds")
    if seconds is not None and not 1 <= seconds <= MAX_SECONDS:
        yield wrong.invalid(f"{path}.activeDeadlineSeconds", seconds, f"must be between 1 and {MAX_SECONDS}, inclusive")


def _containers(spec: dict[str, Any], path: str, volumes: set[str]) -> Causes:
    seen: set[str] = set()
    if not spec.get("containers"):
        yield wrong.required(f"{path}.containers")
    for kind in ("containers", "initContainers"):
        for index, entry in enumerate(spec.get(kind) or ()):
            place = f"{path}.{kind}[{index}]"
            yield from container(entry, place, volumes)
            name = entry.get("name")
            if name and name in seen:
                yield wrong.duplicate(f"{place}.name", name)
            seen.add(name or "")


def _names(spec: dict[str, Any], path: str) -> Causes:
    if spec.get("serviceAccountName"):
        yield from messages(names.is_dns1123_subdomain, f"{path}.serviceAccountName", spec["serviceAccountName"])
    if spec.get("nodeName"):
        yield from messages(names.is_dns1123_subdomain, f"{path}.nodeName", spec["nodeName"])
    if spec.get("priorityClassName"):
        yield from messages(names.is_dns1123_subdomain, f"{path}.priorityClassName", spec["priorityClassName"])
    for key in ("hostname", "subdomain"):
        if spec.get(key):
            yield from messages(names.is_dns1123_label, f"{path}.{key}", spec[key])
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        place = f"{path}.hostAliases[{index}]"
        yield from address(f"{place}.ip", alias.get("ip", ""))
        for position, name in enumerate(alias.get("hostnames") or ()):
            yield from messages(names.is_dns1123_subdomain, f"{place}.hostnames[{position}]", name)


def _volumes(volumes: Any, path: str) -> Causes:
    seen: set[str] = set()
    for index, volume in enumerate(volumes):
        place, name = f"{path}[{index}]", volume.get("name")
        if not name:
            yield wrong.required(f"{place}.name")
        else:
            yield from messages(names.is_dns1123_label, f"{place}.name", name)
            if name in seen:
                yield wrong.duplicate(f"{place}.name", name)
            seen.add(name)
        kinds = [kind for kind in volume if kind != "name"]
        for kind in kinds[1:]:
            yield wrong.forbidden(f"{place}.{kind}", "may not specify more than 1 volume type")
        for kind in kinds[:1]:
            yield from _source(kind, volume[kind] or {}, f"{place}.{kind}")


def _source(kind: str, source: dict[str, Any], path: str) -> Causes:
    target = REQUIRED_TARGETS.get(kind)
    if target and not source.get(target):
        yield wrong.required(f"{path}.{target}")
    mode = source.get("defaultMode") if kind in MODED else None
    if mode is not None and not 0 <= mode <= MAX_MODE:
        yield wrong.invalid(f"{path}.defaultMode", mode, MODE_MESSAGE)
    for index, item in enumerate(source.get("items") or () if kind in ("secret", "configMap") else ()):
        place, target_path = f"{path}.items[{index}]", item.get("path", "")
        if not item.get("key"):
            yield wrong.required(f"{place}.key")
        if not target_path:
            yield wrong.required(f"{place}.path")
        elif target_path.startswith("/"):
            yield wrong.invalid(f"{place}.path", target_path, "must be a relative path")
        elif ".." in target_path.split("/"):
            yield wrong.invalid(f"{place}.path", target_path, "must not contain '..'")


def _toleration(obj: dict[str, Any], path: str) -> Causes:
    key, operator, value = obj.get("key", ""), obj.get("operator", ""), obj.get("value", "")
    if key:
        yield from messages(names.is_qualified_name, f"{path}.key", key)
    elif operator != "Exists":
        text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield wrong.invalid(f"{path}.operator", operator, text)
    if obj.get("tolerationSeconds") is not None and obj.get("effect") != "NoExecute":
        text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield wrong.invalid(f"{path}.effect", obj.get("effect", ""), text)
    if operator in ("Equal", ""):
        yield from messages(names.is_label_value, f"{path}.operator", value)
    elif operator == "Exists":
        if value:
            yield wrong.invalid(f"{path}.operator", value, "value must be empty when `operator` is 'Exists'")
    else:
        yield wrong.not_supported(f"{path}.operator", operator, ("Equal", "Exists"))
    if obj.get("effect"):
        yield from one_of(f"{path}.effect", obj["effect"], EFFECTS)


def _spread(obj: dict[str, Any], path: str) -> Causes:
    if obj.get("maxSkew", 0) <= 0:
        yield wrong.invalid(f"{path}.maxSkew", obj.get("maxSkew", 0), "must be greater than zero")
    if not obj.get("topologyKey"):
        yield wrong.required(f"{path}.topologyKey", "can not be empty")
    yield from one_of(f"{path}.whenUnsatisfiable", obj.get("whenUnsatisfiable"), ("DoNotSchedule", "ScheduleAnyway"))
