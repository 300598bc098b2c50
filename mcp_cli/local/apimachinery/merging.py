"""Merging an applied configuration into a live object, and taking fields out of one, along the schema.

Role: pure; the arguments stay as they are. Called by `managers`.
"""

from __future__ import annotations

import copy
from typing import Any

from mcp_cli.local.apimachinery.fieldsets import UNKNOWN, Fields, Path, child_of, element_of, is_atomic
from mcp_cli.local.apimachinery.schema import Schema


def merge(schema: Schema, live: Any, applied: Any) -> Any:
    """The configuration wins; what it does not speak of stays."""
    if isinstance(applied, dict) and isinstance(live, dict) and not is_atomic(schema, applied):
        out = dict(live)
        for key, value in applied.items():
            out[key] = merge(child_of(schema, key), live[key], value) if key in live else copy.deepcopy(value)
        return out
    if isinstance(applied, list) and isinstance(live, list) and not is_atomic(schema, applied):
        return _merge_items(schema, live, applied)
    return copy.deepcopy(applied)


def _merge_items(schema: Schema, live: list[Any], applied: list[Any]) -> list[Any]:
    """The order of the configuration, with the other live items where they stood."""
    wanted = {element_of(schema, item): item for item in applied}
    before = {element_of(schema, item): item for item in live}
    merged = {
        element: merge(schema.items or UNKNOWN, before[element], item) if element in before else copy.deepcopy(item)
        for element, item in wanted.items()
    }
    out: list[Any] = []
    waiting = list(merged)
    for element, item in before.items():
        if element not in merged:
            out.append(item)
        elif element in waiting:
            # All that the configuration names up to this item comes before it.
            position = waiting.index(element)
            out.extend(merged[name] for name in waiting[: position + 1])
            del waiting[: position + 1]
    out.extend(merged[name] for name in waiting)
    return out


def remove(schema: Schema, obj: dict[str, Any], fields: Fields) -> dict[str, Any]:
    """A copy without these fields and all that is below them."""
    out: dict[str, Any] = _without(schema, obj, (), fields)
    return out


def _without(schema: Schema, value: Any, path: Path, fields: Fields) -> Any:
    if isinstance(value, dict) and not is_atomic(schema, value):
        return {
            key: _without(child_of(schema, key), member, (*path, f"f:{key}"), fields)
            for key, member in value.items()
            if (*path, f"f:{key}") not in fields
        }
    if isinstance(value, list) and not is_atomic(schema, value):
        pairs = [((*path, element_of(schema, item)), item) for item in value]
        return [_without(schema.items or UNKNOWN, item, here, fields) for here, item in pairs if here not in fields]
    return copy.deepcopy(value)
