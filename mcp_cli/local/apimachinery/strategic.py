"""Strategic merge patch: lists are merged by the keys that the schema of the kind names.

Role: pure; arguments are never changed. Built-in kinds only; a CRD has no such keys and is refused.
Directives: `$patch` (replace, delete, merge), `$deleteFromPrimitiveList/F`, `$setElementOrder/F`, `$retainKeys`.
Called by the API server.
"""

from __future__ import annotations

import copy
from typing import Any

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery.models import Model
from mcp_cli.local.apimachinery.schema import Schema

DIRECTIVE = "$patch"
RETAIN = "$retainKeys"
DELETE_FROM = "$deleteFromPrimitiveList/"
ORDER = "$setElementOrder/"
CUSTOM_TYPES = ("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml")
UNKNOWN = Schema({"type": "object", "x-kubernetes-preserve-unknown-fields": True})


def strategic_patch(model: Model, document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    if not model.builtin:
        raise errors.unsupported_media_type("application/strategic-merge-patch+json", CUSTOM_TYPES)
    out: dict[str, Any] = merge_map(model.schema, copy.deepcopy(document), patch)
    return out


def merge_map(schema: Schema, document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """One object of the document with its part of the patch."""
    directive = patch.get(DIRECTIVE)
    if directive == "replace":
        return {key: _plain(value) for key, value in patch.items() if key != DIRECTIVE and value is not None}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        message = f"unknown patch type: {directive} in map: map[{DIRECTIVE}:{directive}]"
        raise errors.StatusError(errors.status(500, "", message))
    out = dict(document)
    if RETAIN in patch:
        out = {key: value for key, value in out.items() if key in patch[RETAIN]}
    for key, value in patch.items():
        if key in (DIRECTIVE, RETAIN) or key.startswith((DELETE_FROM, ORDER)):
            continue
        _merge_member(schema, out, key, value)
    for key, value in patch.items():
        if key.startswith(DELETE_FROM):
            _delete_primitives(out, key.removeprefix(DELETE_FROM), value)
    _order_lists(schema, out, document, patch)
    return out


def _merge_member(schema: Schema, out: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        out.pop(key, None)
        return
    child = schema.child(key) or UNKNOWN
    current = out.get(key)
    if isinstance(value, dict):
        if child.type == "array":
            cause = wrong.invalid("patch", f"map[{key}:map[]]", "cannot restore slice from map")
            raise errors.invalid("", "", "", [cause])
        # Without a document side the directives still have to be taken out of the patch.
        out[key] = merge_map(child, current if isinstance(current, dict) else {}, value)
    elif isinstance(value, list) and "merge" in child.patch_strategy.split(","):
        out[key] = _merge_list(key, child, current if isinstance(current, list) else [], value)
    else:
        out[key] = copy.deepcopy(value)


def _merge_list(key: str, schema: Schema, current: list[Any], patch: list[Any]) -> list[Any]:
    if not schema.patch_key or schema.items is None:
        return [*current, *(copy.deepcopy(item) for item in patch if item not in current)]
    items = [item for item in patch if not (isinstance(item, dict) and _is_list_directive(item))]
    if len(items) != len(patch) and any(item.get(DIRECTIVE) == "replace" for item in patch if isinstance(item, dict)):
        return [_plain(item) for item in items]
    out = list(current)
    for item in items:
        _merge_item(key, schema, out, item)
    return out


def _is_list_directive(item: dict[str, Any]) -> bool:
    """`{"$patch": "replace"}` among the items speaks of the list."""
    return item.get(DIRECTIVE) == "replace" and len(item) == 1


def _merge_item(key: str, schema: Schema, out: list[Any], item: Any) -> None:
    name = schema.patch_key
    if not isinstance(item, dict) or name not in item:
        pairs = " ".join(f"{key}:{value}" for key, value in item.items()) if isinstance(item, dict) else str(item)
        message = f"map: map[{pairs}] does not contain declared merge key: {name}"
        raise errors.StatusError(errors.status(500, "", message))
    found = [index for index, known in enumerate(out) if isinstance(known, dict) and known.get(name) == item[name]]
    if item.get(DIRECTIVE) == "delete":
        out[:] = [known for index, known in enumerate(out) if index not in found]
    elif found and schema.items is not None:
        out[found[0]] = merge_map(schema.items, out[found[0]], item)
    else:
        out.append(_plain(item))


def _plain(value: Any) -> Any:
    """A part of a patch that meets nothing in the document: no directives and no nulls stay in it."""
    if isinstance(value, dict):
        return {
            key: _plain(member)
            for key, member in value.items()
            if member is not None and key not in (DIRECTIVE, RETAIN) and not key.startswith((DELETE_FROM, ORDER))
        }
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _delete_primitives(out: dict[str, Any], key: str, values: list[Any]) -> None:
    if isinstance(out.get(key), list):
        out[key] = [item for item in out[key] if item not in values]


def _order_lists(schema: Schema, out: dict[str, Any], before: dict[str, Any], patch: dict[str, Any]) -> None:
    """Merged lists: what the patch names stands in the patch's order, the rest between it as it stood before."""
    for key, items in out.items():
        child = schema.child(key)
        asked = patch.get(ORDER + key, patch.get(key))
        if child is None or not isinstance(items, list) or not isinstance(asked, list):
            continue
        if "merge" not in child.patch_strategy.split(",") or {DIRECTIVE: "replace"} in asked:
            continue
        wanted = [_identity(child, item) for item in asked]
        server = [_identity(child, item) for item in before.get(key) or ()]
        out[key] = _interleave(child, items, wanted, server)


def _identity(schema: Schema, item: Any) -> Any:
    return item.get(schema.patch_key) if schema.patch_key and isinstance(item, dict) else item


def _interleave(schema: Schema, items: list[Any], wanted: list[Any], server: list[Any]) -> list[Any]:
    named = [item for item in items if _identity(schema, item) in wanted]
    named.sort(key=lambda item: wanted.index(_identity(schema, item)))
    others = [item for item in items if _identity(schema, item) not in wanted]
    out: list[Any] = []
    while others and named:
        left, right = _identity(schema, others[0]), _identity(schema, named[0])
        # Another item goes first only where the live list says so of both.
        first = left in server and right in server and server.index(left) < server.index(right)
        out.append(others.pop(0) if first else named.pop(0))
    return [*out, *others, *named]
