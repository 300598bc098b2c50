"""Validation of CustomResourceDefinitions: names, versions, columns, subresources; schemas are `crd_schemas`.

Role: pure. Called by `validators`.
"""

from __future__ import annotations

from typing import Any

from mcp_cli.local.apimachinery import crd_schemas, jsonpath, names
from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery.validate_values import Causes, messages, one_of

COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
MIXED_CASE = "may have mixed case, but should otherwise match: "
ONE_STORAGE = "must have exactly one version marked as storage version"
PRESERVE = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
EMPTY_VERSION = [
    "Deprecated",
    "DeprecationWarning",
    "Schema",
    "Subresources",
    "AdditionalPrinterColumns",
    "SelectableFields",
]


PROTECTED = ("k8s.io", "kubernetes.io")
APPROVED = "api-approved.kubernetes.io"
APPROVAL_PAGE = "https://github.com/kubernetes/enhancements/pull/1111"


def definition(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    wanted = spec.get("names") or {}
    if obj["metadata"].get("name") != f"{wanted.get('plural', '')}.{spec.get('group', '')}":
        yield wrong.invalid("metadata.name", obj["metadata"].get("name"), 'must be spec.names.plural+"."+spec.group')
    yield from _group(spec)
    yield from _approval(obj["metadata"], spec.get("group", ""))
    yield from _conversion(spec.get("conversion") or {})
    yield from one_of("spec.scope", spec.get("scope"), ("Cluster", "Namespaced"))
    if spec.get("preserveUnknownFields"):
        yield wrong.invalid("spec.preserveUnknownFields", True, PRESERVE)
    yield from _names(wanted)
    yield from _versions(spec)


def update(new: dict[str, Any], old: dict[str, Any]) -> Causes:
    """Group, scope, plural and kind are for good."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    for key in ("group", "scope"):
        if after.get(key) != before.get(key):
            yield wrong.immutable(f"spec.{key}", after.get(key))
    for key in ("plural", "kind"):
        if (after.get("names") or {}).get(key) != (before.get("names") or {}).get(key):
            yield wrong.immutable(f"spec.names.{key}", (after.get("names") or {}).get(key))


def _group(spec: dict[str, Any]) -> Causes:
    group = spec.get("group", "")
    if not group:
        yield wrong.required("spec.group")
        return
    yield from messages(names.is_dns1123_subdomain, "spec.group", group)
    if "." not in group:
        yield wrong.invalid("spec.group", group, "should be a domain with at least one dot")


def _approval(metadata: dict[str, Any], group: str) -> Causes:
    """Groups of Kubernetes' own names need somebody's word for it."""
    protected = group in PROTECTED or group.endswith(tuple(f".{name}" for name in PROTECTED))
    if protected and not (metadata.get("annotations") or {}).get(APPROVED):
        text = f'protected groups must have approval annotation "{APPROVED}", see {APPROVAL_PAGE}'
        yield wrong.required(f"metadata.annotations[{APPROVED}]", text)


def _conversion(conversion: dict[str, Any]) -> Causes:
    strategy, webhook = conversion.get("strategy", "None"), conversion.get("webhook") or {}
    if strategy not in ("None", "Webhook"):
        yield wrong.not_supported("spec.conversion.strategy", strategy, ("None", "Webhook"))
    elif strategy == "Webhook":
        if not webhook.get("clientConfig"):
            yield wrong.required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook")
        if not webhook.get("conversionReviewVersions"):
            yield wrong.required("spec.conversion.conversionReviewVersions")


def _names(wanted: dict[str, Any]) -> Causes:
    for key in ("plural", "singular", "kind", "listKind"):
        value = wanted.get(key) or ""
        path = f"spec.names.{key}"
        if not value:
            yield wrong.required(path)
        elif key in ("kind", "listKind"):
            yield from (wrong.invalid(path, value, MIXED_CASE + m) for m in names.is_dns1035_label(value.lower()))
        else:
            yield from messages(names.is_dns1035_label, path, value)
    for key in ("shortNames", "categories"):
        for index, value in enumerate(wanted.get(key) or ()):
            yield from messages(names.is_dns1035_label, f"spec.names.{key}[{index}]", value)


def _versions(spec: dict[str, Any]) -> Causes:
    versions = spec.get("versions") or []
    shown = [_shown(version) for version in versions]
    found = [version.get("name", "") for version in versions]
    if len(set(found)) != len(found):
        yield wrong.invalid("spec.versions", shown, "must contain unique version names")
    stored = [version["name"] for version in versions if version.get("storage")]
    if len(stored) != 1:
        yield wrong.invalid("spec.versions", shown, ONE_STORAGE)
    if not stored:
        yield wrong.invalid("status.storedVersions", None, "must have at least one stored version")
    for index, version in enumerate(versions):
        # One version alone is spoken of as the whole definition's, as the API server holds it.
        alone = len(versions) == 1
        prefix = "spec" if alone else f"spec.versions[{index}]"
        yield from messages(names.is_dns1035_label, f"spec.versions[{index}].name", version.get("name", ""))
        if index == 0:
            yield from messages(names.is_dns1035_label, "spec.version", version.get("name", ""))
        if version.get("deprecationWarning") and not version.get("deprecated"):
            text = "can only be set for deprecated versions"
            yield wrong.invalid(f"spec.versions[{index}].deprecationWarning", version["deprecationWarning"], text)
        yield from _schema(version, index, "spec.validation" if alone else f"{prefix}.schema")
        yield from _subresources(version.get("subresources") or {}, f"{prefix}.subresources")
        yield from _columns(version.get("additionalPrinterColumns") or (), f"{prefix}.additionalPrinterColumns")


def _shown(version: dict[str, Any]) -> dict[str, Any]:
    head = {"Name": version.get("name"), "Served": bool(version.get("served")), "Storage": bool(version.get("storage"))}
    return {**head, "Deprecated": False, **dict.fromkeys(EMPTY_VERSION[1:])}


def _schema(version: dict[str, Any], index: int, path: str) -> Causes:
    raw = (version.get("schema") or {}).get("openAPIV3Schema")
    if raw is None:
        yield wrong.required(f"spec.versions[{index}].schema.openAPIV3Schema")
        return
    yield from crd_schemas.check(raw, f"{path}.openAPIV3Schema")


def _subresources(subresources: dict[str, Any], path: str) -> Causes:
    scale = subresources.get("scale")
    if scale is None:
        return
    for key, root in (("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")):
        value = scale.get(key)
        if not value:
            yield wrong.required(f"{path}.scale.{key}")
        elif not value.startswith("."):
            yield wrong.invalid(f"{path}.scale.{key}", value, "must be a simple json path starting with .")
        elif not value.startswith(root + "."):
            yield wrong.invalid(f"{path}.scale.{key}", value, f"should be a json path under {root}")
    selector = scale.get("labelSelectorPath")
    if selector and not selector.startswith((".spec.", ".status.")):
        yield wrong.invalid(
            f"{path}.scale.labelSelectorPath", selector, "should be a json path under either .spec or .status"
        )


def _columns(columns: Any, path: str) -> Causes:
    for index, column in enumerate(columns):
        place = f"{path}[{index}]"
        if not column.get("name"):
            yield wrong.required(f"{place}.name")
        kind = column.get("type")
        if kind not in COLUMN_TYPES:
            yield wrong.invalid(f"{place}.type", kind, f"must be one of {','.join(COLUMN_TYPES)}")
        yield from _json_path(column.get("jsonPath", ""), f"{place}.JSONPath")


def _json_path(path: str, place: str) -> Causes:
    if not path:
        yield wrong.required(place)
        return
    try:
        jsonpath.parse(path)
        simple = path.startswith(".")
    except ValueError:
        simple = False
    if not simple:
        yield wrong.invalid(place, path, "must be a simple json path starting with .")
