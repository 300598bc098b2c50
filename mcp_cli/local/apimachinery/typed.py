"""The check of an applied configuration against the schema of its kind: server-side apply takes no unknown field.

Role: pure; raises the error of the API server (a 500, as it is there). Called by `managers.apply`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apimachinery.fieldsets import element_of, item_key
from mcp_cli.local.apimachinery.models import Model
from mcp_cli.local.apimachinery.schema import Schema

NO_KEY = "associative list with keys has an element that omits key field"
EXPECTED = {
    "string": "string",
    "boolean": "boolean",
    "integer": "numeric (int or float)",
    "number": "numeric (int or float)",
}


def check(model: Model, applied: dict[str, Any]) -> None:
    found = list(_walk(model.schema, applied, "", root=True))
    if not found:
        return
    metadata = applied.get("metadata") or {}
    name = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    said = found[0] if len(found) == 1 else "errors:\n" + "\n".join(f"  {line}" for line in found)
    version = f"{model.group}/{model.version}"
    message = f"failed to create typed patch object ({name}; {version}, Kind={model.kind}): {said}"
    raise errors.StatusError(errors.status(500, "", message))


def _walk(schema: Schema, value: Any, path: str, *, root: bool = False) -> Iterator[str]:
    if value is None:
        return
    if schema.int_or_string or schema.format == "quantity" or (schema.preserve and not schema.properties):
        return
    if schema.type == "object":
        yield from _map(schema, value, path, root)
    elif schema.type == "array":
        yield from _list(schema, value, path)
    elif schema.type and not _fits(schema.type, value):
        yield f"{path}: expected {EXPECTED[schema.type]}, got {_shown(value, wanted=schema.type)}"


def _fits(wanted: str, value: Any) -> bool:
    match wanted:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any, wanted: str = "") -> str:
    if wanted == "string" and isinstance(value, int | float | bool):
        # The server prints its own wrapper of the value.
        return f"&value.valueUnstructured{{Value:{str(value).lower()}}}"
    match value:
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "int"
        case float():
            return "float"
    return "list" if isinstance(value, list) else "map"


def _map(schema: Schema, value: Any, path: str, root: bool) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: expected map, got {_shown(value)}"
        return
    for key, member in value.items():
        child = schema.child(key)
        if child is not None:
            yield from _walk(child, member, f"{path}.{key}")
        elif not schema.preserve and not (schema.embedded and key in ("apiVersion", "kind", "metadata")):
            yield f"{path}.{key}: field not declared in schema"


def _list(schema: Schema, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: expected list, got {_shown(value)}"
        return
    seen: set[str] = set()
    for index, item in enumerate(value):
        place = f"{path}[{index}]"
        if schema.list_type == "map":
            wanting = [key for key in schema.list_keys if key not in item_key(schema, item)]
            if wanting:
                yield f'{path}: element {index}: {NO_KEY} "{wanting[0]}" (and doesn\'t have default value)'
                continue
        if schema.list_type in ("map", "set"):
            element = element_of(schema, item)
            if element in seen:
                yield f"{path}: duplicate entries for key [{_key(element)}]"
                continue
            seen.add(element)
        if schema.items is not None:
            yield from _walk(schema.items, item, place)


def _key(element: str) -> str:
    import json

    kind, _, rest = element.partition(":")
    if kind != "k":
        return f"={rest}"
    return ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(rest).items())
