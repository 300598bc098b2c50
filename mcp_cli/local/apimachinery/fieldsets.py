"""Sets of fields: which an object has, which differ between two, and their form in `managedFields` (FieldsV1).

Role: pure. A field is a path of elements as FieldsV1 writes them: `f:name`, `k:{"name":"x"}` for an item of a map list,
`v:"x"` for one of a set. Called by `managers`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from mcp_cli.local.apimachinery.schema import UNSET, Schema

Path = tuple[str, ...]
Fields = set[Path]
ABSENT: Any = object()
# Where no schema is known, maps are granular and lists atomic.
UNKNOWN = Schema({"x-kubernetes-preserve-unknown-fields": True})


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def encode(fields: Fields) -> dict[str, Any]:
    """FieldsV1: a leaf is `{}`; a member that has members below it carries `.`."""
    root: dict[str, Any] = {}
    for path in sorted(fields):
        place = root
        for element in path:
            place = place.setdefault(element, {})
        place["."] = {}
    return _without_lonely_dots(root)


def _without_lonely_dots(node: dict[str, Any]) -> dict[str, Any]:
    if set(node) == {"."}:
        return {}
    return {key: value if key == "." else _without_lonely_dots(value) for key, value in sorted(node.items())}


def decode(encoded: dict[str, Any] | None) -> Fields:
    found: Fields = set()
    waiting: list[tuple[Path, dict[str, Any]]] = [((), encoded or {})]
    while waiting:
        path, node = waiting.pop()
        if path and (not node or "." in node):
            found.add(path)
        waiting.extend(((*path, key), child) for key, child in node.items() if key != "." and isinstance(child, dict))
    return found


def with_ancestors(fields: Fields) -> Fields:
    """And the named fields above them. Items of lists are not: who owns a part of an item does not own the item."""
    above = {path[:length] for path in fields for length in range(1, len(path))}
    return fields | {path for path in above if path[-1].startswith("f:")}


def element_of(schema: Schema, item: Any) -> str:
    """How an item of a list is called: by its keys, defaults included, or by its value."""
    if schema.list_type == "set":
        return "v:" + compact(item)
    return "k:" + compact(item_key(schema, item))


def item_key(schema: Schema, item: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in schema.list_keys:
        if isinstance(item, dict) and key in item:
            found[key] = item[key]
        elif schema.items is not None:
            child = schema.items.properties.get(key)
            default = schema.items.defaults.get(key, child.default if child is not None else UNSET)
            if default is not UNSET:
                found[key] = default
    return found


def is_atomic(schema: Schema, value: Any) -> bool:
    """Whether the value is owned as a whole."""
    if isinstance(value, list):
        return schema.list_type not in ("map", "set")
    return isinstance(value, dict) and schema.map_type == "atomic"


def child_of(schema: Schema, key: str) -> Schema:
    return schema.child(key) or UNKNOWN


def of_object(schema: Schema, obj: dict[str, Any]) -> Fields:
    """What an applied configuration claims: scalars, atomic values, items, keys of maps, empty containers."""
    found: Fields = set()
    _collect(schema, obj, (), found)
    return found


def _collect(schema: Schema, value: Any, path: Path, found: Fields) -> None:
    if isinstance(value, dict) and not is_atomic(schema, value):
        for key, member in value.items():
            here = (*path, f"f:{key}")
            child = schema.properties.get(key)
            _collect(child_of(schema, key), member, here, found)
            if member in (None, {}) or child is None:
                found.add(here)
    elif isinstance(value, list) and not is_atomic(schema, value):
        for item in value:
            here = (*path, element_of(schema, item))
            _collect(schema.items or UNKNOWN, item, here, found)
            found.add(here)
    elif path:
        found.add(path)


@dataclass(slots=True)
class Comparison:
    """How a new object differs from an old one."""

    added: Fields = field(default_factory=set)
    modified: Fields = field(default_factory=set)
    removed: Fields = field(default_factory=set)

    @property
    def same(self) -> bool:
        return not (self.added or self.modified or self.removed)


def compare(schema: Schema, old: dict[str, Any], new: dict[str, Any]) -> Comparison:
    found = Comparison()
    _compare(schema, old, new, (), found)
    for paths in (found.added, found.removed):
        paths.discard(())
    return found


def _compare(schema: Schema, old: Any, new: Any, path: Path, found: Comparison) -> None:
    if _leaf(schema, old, new):
        if old is ABSENT:
            found.added.add(path)
        elif new is ABSENT:
            found.removed.add(path)
        elif old != new or isinstance(old, bool) != isinstance(new, bool):
            found.modified.add(path)
        return
    if isinstance(old, list) or isinstance(new, list):
        _compare_items(schema, old, new, path, found)
    else:
        before, after = _dict(old), _dict(new)
        for key in before.keys() | after.keys():
            pair = before.get(key, ABSENT), after.get(key, ABSENT)
            _compare(child_of(schema, key), *pair, (*path, f"f:{key}"), found)
    if old is ABSENT:
        found.added.add(path)
    elif new is ABSENT:
        found.removed.add(path)


def _leaf(schema: Schema, old: Any, new: Any) -> bool:
    """Scalars, atomic values, two sides of different type, and a container that is empty on both sides."""
    containers = [side for side in (old, new) if isinstance(side, dict | list)]
    if not containers or any(is_atomic(schema, side) for side in containers):
        return True
    if len({type(side) for side in containers}) > 1:
        return True
    if any(side is not ABSENT and side is not None and not isinstance(side, dict | list) for side in (old, new)):
        return True
    return not any(containers)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _compare_items(schema: Schema, old: Any, new: Any, path: Path, found: Comparison) -> None:
    before = {element_of(schema, item): item for item in (old if isinstance(old, list) else ())}
    after = {element_of(schema, item): item for item in (new if isinstance(new, list) else ())}
    for element in before.keys() | after.keys():
        pair = before.get(element, ABSENT), after.get(element, ABSENT)
        _compare(schema.items or UNKNOWN, *pair, (*path, element), found)
