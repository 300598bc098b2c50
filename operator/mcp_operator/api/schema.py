"""Building blocks of a structural schema (apiextensions v1), as small functions that return plain dicts.

Role: the vocabulary in which `mcpserver.py` and `crds.py` describe fields. The schemas of embedded Kubernetes types
come from `kubernetes_types.json`, which `tools/kubernetes_schemas.py` extracts from a real API server.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

Schema = dict[str, Any]


def string(description: str, **bounds: Any) -> Schema:
    """A string; `bounds` are JSON schema keywords such as `maxLength`, `pattern`, `default`."""
    return {"type": "string", "description": description, **bounds}


def enum(description: str, values: Sequence[str], **bounds: Any) -> Schema:
    return {"type": "string", "description": description, "enum": list(values), **bounds}


def integer(description: str, minimum: int | None = None, maximum: int | None = None, **bounds: Any) -> Schema:
    """A 32-bit integer between `minimum` and `maximum`, both inclusive."""
    schema: Schema = {"type": "integer", "format": "int32", "description": description, **bounds}
    if minimum is not None:
        schema["minimum"] = minimum
    if maximum is not None:
        schema["maximum"] = maximum
    return schema


def boolean(description: str, **bounds: Any) -> Schema:
    return {"type": "boolean", "description": description, **bounds}


def obj(description: str, properties: dict[str, Schema], required: Sequence[str] = ()) -> Schema:
    """An object with exactly these properties: the API server prunes all others. List items need no description."""
    schema: Schema = {"type": "object", "properties": properties}
    if description:
        schema["description"] = description
    if required:
        schema["required"] = list(required)
    return schema


def array(description: str, items: Schema, **bounds: Any) -> Schema:
    return {"type": "array", "description": description, "items": items, **bounds}


def keyed(description: str, items: Schema, keys: Sequence[str], **bounds: Any) -> Schema:
    """A list that server-side apply merges by `keys`; each key is required, as list maps demand."""
    required = list(dict.fromkeys([*items.get("required", []), *keys]))
    list_map = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}
    return array(description, {**items, "required": required}, **list_map, **bounds)


def mapping(description: str, values: Schema | None = None) -> Schema:
    """A map from string to `values` (by default to string)."""
    return {"type": "object", "description": description, "additionalProperties": values or {"type": "string"}}


def free_form(description: str) -> Schema:
    """An object whose content is the user's business and is kept as it is."""
    return {"type": "object", "description": description, "x-kubernetes-preserve-unknown-fields": True}


def int_or_string(description: str) -> Schema:
    return {
        "description": description,
        "x-kubernetes-int-or-string": True,
        "anyOf": [{"type": "integer"}, {"type": "string"}],
    }


def kubernetes(type_name: str, description: str) -> Schema:
    """The schema of a Kubernetes type (`EnvVar`, `Affinity`, …) without its descriptions, described as a whole.

    Raises KeyError when the type is not in `kubernetes_types.json`.
    """
    return {**_inline(type_name), "description": description}


def kubernetes_list(type_name: str, description: str, key: str | None = None) -> Schema:
    """A list of a Kubernetes type; merged by `key` under server-side apply where one is given."""
    items = _inline(type_name)
    return keyed(description, items, [key]) if key else array(description, items)


@cache
def _definitions() -> dict[str, Schema]:
    text = resources.files(__package__).joinpath("kubernetes_types.json").read_text()
    loaded: dict[str, Schema] = json.loads(text)
    return loaded


def _inline(type_name: str) -> Schema:
    resolved: Schema = _resolve(_definitions()[type_name])
    return resolved


def _resolve(node: Any) -> Any:
    if isinstance(node, list):
        return [_resolve(item) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return {**_inline(reference.rsplit("/", 1)[-1].rsplit(".", 1)[-1]), **_resolve(rest)}
    return {key: _resolve(value) for key, value in node.items()}
