"""A schema as a tree of small nodes, one form for the built-in kinds and for CRDs.

Role: what defaulting, pruning, validation, patches and server-side apply walk. Nodes of built-in types are shared
between all kinds that embed them and made when a kind is first used. Pure but for the packaged definitions.
Called by `models`; read by every walker.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from mcp_cli.local.apimachinery import data

QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
ANYTHING = frozenset(
    {
        "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
        "io.k8s.apimachinery.pkg.runtime.RawExtension",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray",
    }
)
# Keywords that only the structural validation of CRDs reads.
RULES = frozenset(
    [
        "enum",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "multipleOf",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "x-kubernetes-validations",
    ]
)
UNSET: Any = object()


class Schema:
    """One place of an object. `properties` is None where any key is taken as `additional`."""

    __slots__ = (
        "additional",
        "default",
        "defaults",
        "embedded",
        "format",
        "int_or_string",
        "items",
        "list_keys",
        "list_type",
        "map_type",
        "name",
        "nullable",
        "patch_key",
        "patch_strategy",
        "pointer",
        "preserve",
        "properties",
        "required",
        "rules",
        "type",
        "zero",
    )

    def __init__(self, raw: dict[str, Any], name: str = "") -> None:
        self.name = name
        self.type: str = raw.get("type", "")
        self.format: str = raw.get("format", "")
        self.properties: dict[str, Schema] = {}
        self.required: tuple[str, ...] = tuple(raw.get("required") or ())
        self.items: Schema | None = None
        self.additional: Schema | None = None
        self.list_type: str = raw.get("x-kubernetes-list-type", "")
        self.list_keys: tuple[str, ...] = tuple(raw.get("x-kubernetes-list-map-keys") or ())
        self.map_type: str = raw.get("x-kubernetes-map-type", "")
        self.patch_strategy: str = raw.get("x-kubernetes-patch-strategy", "")
        self.patch_key: str = raw.get("x-kubernetes-patch-merge-key", "")
        self.pointer: bool = bool(raw.get("pointer"))
        self.nullable: bool = bool(raw.get("nullable"))
        self.preserve: bool = bool(raw.get("x-kubernetes-preserve-unknown-fields"))
        self.embedded: bool = bool(raw.get("x-kubernetes-embedded-resource"))
        self.int_or_string: bool = bool(raw.get("x-kubernetes-int-or-string"))
        self.default: Any = raw.get("default", UNSET)
        # Built-in kinds: what Go writes for a field that is not set and not left out, by property name.
        self.zero: dict[str, Any] = {}
        # Built-in kinds: the constants that stand for a field that is not set, needed for the keys of lists.
        self.defaults: dict[str, Any] = {}
        rules = {key: value for key, value in raw.items() if key in RULES}
        self.rules: dict[str, Any] | None = rules or None

    @property
    def is_map(self) -> bool:
        return self.additional is not None and not self.properties

    def child(self, key: str) -> Schema | None:
        return self.properties.get(key) or self.additional


def from_crd(raw: dict[str, Any] | None) -> Schema:
    """A CRD's `openAPIV3Schema`; None (no schema) takes anything."""
    if raw is None:
        return Schema({"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    node = Schema(raw)
    node.properties = {key: from_crd(child) for key, child in (raw.get("properties") or {}).items()}
    items, additional = raw.get("items"), raw.get("additionalProperties")
    node.items = from_crd(items) if isinstance(items, dict) else None
    if isinstance(additional, dict):
        node.additional = from_crd(additional)
    elif additional is True:
        node.additional = Schema({"x-kubernetes-preserve-unknown-fields": True})
    return node


_made: dict[str, Schema] = {}


def builtin(name: str) -> Schema:
    """The node of a definition; recursive types meet themselves through the table."""
    known = _made.get(name)
    if known is not None:
        return known
    raw = data.definition(name)
    short = name.rpartition(".")[2]
    if name in ANYTHING:
        raw = {
            "type": raw.get("type", ""),
            "x-kubernetes-preserve-unknown-fields": True,
            "x-kubernetes-map-type": "atomic",
        }
    elif name == QUANTITY:
        raw = {"format": "quantity"}
    elif name == INT_OR_STRING:
        raw = {"x-kubernetes-int-or-string": True, "format": "int-or-string"}
    node = _made[name] = Schema(raw, short)
    _fill(node, raw)
    return node


def _fill(node: Schema, raw: dict[str, Any]) -> None:
    node.default = UNSET
    for key, child in (raw.get("properties") or {}).items():
        node.properties[key] = _child(child)
        if child.get("default") == {} or child.get("always"):
            node.zero[key] = child.get("default")
        if "default" in child and not isinstance(child["default"], dict):
            node.defaults[key] = child["default"]
    if isinstance(raw.get("items"), dict):
        node.items = _child(raw["items"])
    if isinstance(raw.get("additionalProperties"), dict):
        node.additional = _child(raw["additionalProperties"])


def _child(raw: dict[str, Any]) -> Schema:
    plain = {key: value for key, value in raw.items() if key not in ("default", "always")}
    if "$ref" in plain and not any(key.startswith("x-") for key in plain):
        return builtin(plain["$ref"])
    if "$ref" in plain:
        return _annotated(plain)
    return _leaf(json.dumps(plain, sort_keys=True))


def _annotated(raw: dict[str, Any]) -> Schema:
    """A reference whose patch strategy is its own (`retainKeys`): a view of the shared node."""
    target = builtin(raw["$ref"])
    node = Schema({key: value for key, value in raw.items() if key.startswith("x-")}, target.name)
    for slot in (
        "type",
        "format",
        "properties",
        "required",
        "items",
        "additional",
        "zero",
        "defaults",
        "preserve",
        "int_or_string",
    ):
        setattr(node, slot, getattr(target, slot))
    node.map_type = node.map_type or target.map_type
    return node


@cache
def _leaf(text: str) -> Schema:
    """Scalars, lists and maps: thousands of places, few different forms, so they are shared."""
    raw = json.loads(text)
    node = Schema(raw)
    _fill(node, raw)
    return node
