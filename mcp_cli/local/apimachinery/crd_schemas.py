"""The rules of structural schemas: what a CRD's `openAPIV3Schema` may and must say.

Role: pure. Called by `validate_crds`.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from mcp_cli.local.apimachinery import cel, defaulting, formats, structural
from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery.schema import from_crd
from mcp_cli.local.apimachinery.validate_values import Causes

TYPES = ("array", "boolean", "integer", "number", "object", "string")
LOGIC = ("allOf", "anyOf", "oneOf")
INT_OR_STRING = "x-kubernetes-int-or-string"
PRESERVE = "x-kubernetes-preserve-unknown-fields"
LIST_TYPE, LIST_KEYS, MAP_TYPE = "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"
UNIQUE = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
ONLY_NAMES = "must not specify anything other than name and generateName, but metadata is implicitly specified"
NEEDS_DEFAULT = f"this property is in {LIST_KEYS}, so it must have a default or be a required property"
# What belongs to the structure, and so has no place under a logical keyword.
STRUCTURE = ("type", "default", "nullable", "additionalProperties", "title", "description", PRESERVE)


def check(raw: dict[str, Any], path: str) -> Causes:
    """A whole schema."""
    if not raw.get("type"):
        yield wrong.required(f"{path}.type", "must not be empty at the root")
    elif raw["type"] != "object":
        yield wrong.invalid(f"{path}.type", raw["type"], "must be object at the root")
        return
    metadata = (raw.get("properties") or {}).get("metadata") or {}
    if set(metadata.get("properties") or ()) - {"name", "generateName"}:
        yield wrong.forbidden(f"{path}.properties[metadata]", ONLY_NAMES)
    yield from _keywords(raw, path, root=True)


def _keywords(raw: dict[str, Any], path: str, *, root: bool = False) -> Causes:
    kind = raw.get("type")
    if "$ref" in raw:
        yield wrong.forbidden(f"{path}.$ref", "$ref is not supported")
    elif not kind and not root and not raw.get(INT_OR_STRING) and not raw.get(PRESERVE):
        yield wrong.required(f"{path}.type", _missing_type(path))
    elif kind and kind not in TYPES:
        yield wrong.not_supported(f"{path}.type", kind, TYPES)
    if raw.get(PRESERVE) is False:
        yield wrong.invalid(f"{path}.{PRESERVE}", False, "must be true or undefined")
    if raw.get("uniqueItems"):
        yield wrong.forbidden(f"{path}.uniqueItems", UNIQUE)
    if raw.get("properties") and raw.get("additionalProperties"):
        text = "additionalProperties and properties are mutual exclusive"
        yield wrong.forbidden(f"{path}.additionalProperties", text)
    if kind == "array" and not isinstance(raw.get("items"), dict):
        yield wrong.required(f"{path}.items", "must be specified")
    yield from _pattern(raw, path)
    yield from _lists(raw, path)
    for keyword in LOGIC:
        for index, sub in enumerate(raw.get(keyword) or ()):
            yield from _logical(sub, f"{path}.{keyword}[{index}]", raw)
    if "not" in raw:
        yield from _logical(raw["not"], f"{path}.not", raw)
    yield from _default(raw, path)
    yield from cel.check_rules(raw, path)
    yield from _children(raw, path)


def _missing_type(path: str) -> str:
    if path.endswith("items"):
        return "must not be empty for specified array items"
    return "must not be empty for specified object fields"


def _children(raw: dict[str, Any], path: str) -> Causes:
    for name, child in (raw.get("properties") or {}).items():
        yield from _keywords(child, f"{path}.properties[{name}]")
    if isinstance(raw.get("items"), dict):
        yield from _keywords(raw["items"], f"{path}.items")
    if isinstance(raw.get("additionalProperties"), dict):
        yield from _keywords(raw["additionalProperties"], f"{path}.additionalProperties")


def _pattern(raw: dict[str, Any], path: str) -> Causes:
    pattern = raw.get("pattern")
    if pattern is None:
        return
    try:
        re.compile(formats.python_pattern(pattern))
    except re.error as error:
        text = f"must be a valid regular expression, but isn't: error parsing regexp: {_go_words(str(error), pattern)}"
        yield wrong.invalid(f"{path}.pattern", pattern, text)


def _go_words(message: str, pattern: str) -> str:
    """The commonest of Go's messages; others stay Python's."""
    if message.startswith("unterminated character set"):
        return f"missing closing ]: `{pattern[pattern.rindex('[') :]}`"
    if message.startswith("missing ), unterminated"):
        return f"missing closing ): `{pattern}`"
    return message


def _lists(raw: dict[str, Any], path: str) -> Causes:
    kind, keys = raw.get(LIST_TYPE), raw.get(LIST_KEYS) or ()
    if not kind:
        return
    items = raw.get("items") or {}
    if raw.get("type") != "array":
        yield wrong.invalid(f"{path}.type", raw.get("type"), f"must be array if {LIST_TYPE} is specified")
    elif kind not in ("atomic", "set", "map"):
        yield wrong.not_supported(f"{path}.{LIST_TYPE}", kind, ("atomic", "map", "set"))
    elif kind == "set":
        yield from _set_items(items, path)
    elif kind == "map":
        yield from _map_items(items, keys, path)


def _set_items(items: dict[str, Any], path: str) -> Causes:
    reason = f"must be atomic as item of a list with {LIST_TYPE}=set"
    if items.get("type") == "object" and items.get(MAP_TYPE) != "atomic":
        yield wrong.invalid(f"{path}.items.{MAP_TYPE}", items.get(MAP_TYPE), reason)
    elif items.get("type") == "array" and items.get(LIST_TYPE) not in (None, "atomic"):
        yield wrong.invalid(f"{path}.items.{LIST_TYPE}", items.get(LIST_TYPE), reason)


def _map_items(items: dict[str, Any], keys: Any, path: str) -> Causes:
    if not keys:
        yield wrong.required(f"{path}.{LIST_KEYS}", f"must not be empty if {LIST_TYPE} is map")
    if items.get("type") != "object":
        text = f"must be object if parent array's {LIST_TYPE} is map"
        yield wrong.invalid(f"{path}.items.type", items.get("type"), text)
    for key in keys:
        child = (items.get("properties") or {}).get(key)
        if child is None:
            text = "entries must all be names of item properties"
            yield wrong.invalid(f"{path}.{LIST_KEYS}", list(keys), text)
        elif key not in (items.get("required") or ()) and "default" not in child:
            yield wrong.required(f"{path}.items.properties[{key}].default", NEEDS_DEFAULT)


def _logical(sub: dict[str, Any], path: str, structure: dict[str, Any]) -> Causes:
    """Under a logical keyword stand only checks of what the structure names already."""
    for keyword in STRUCTURE:
        if keyword in sub and not (keyword == "type" and structure.get(INT_OR_STRING)):
            yield wrong.forbidden(f"{path}.{keyword}", "must be empty to be structural")
    for name, child in (sub.get("properties") or {}).items():
        known = (structure.get("properties") or {}).get(name) or structure.get("additionalProperties") or {}
        yield from _logical(child, f"{path}.properties[{name}]", known if isinstance(known, dict) else {})
    if isinstance(sub.get("items"), dict):
        yield from _logical(sub["items"], f"{path}.items", structure.get("items") or {})


def _default(raw: dict[str, Any], path: str) -> Causes:
    if raw.get("default") is None:
        return
    node = from_crd(raw)
    value = copy.deepcopy(raw["default"])
    defaulting.default_custom(node, value)
    for cause in structural.check(node, value, ""):
        yield cause._replace(field=f"{path}.default{cause.field}")
