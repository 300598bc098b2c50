"""Whether an object has the shape that its schema says: types, and what is required.

Role: what an API server has checked for the operator, for objects that come from a person's file. Fields that the
schema does not know, bounds and patterns are left to the API server, which may be newer. Pure. Called by the command
line before it looks into a manifest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from mcp_operator.api import mcpserver
from mcp_operator.api.fields import FieldError
from mcp_operator.api.schema import Schema, mapping, obj, string

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_WORDS = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_FOUND = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false"}

# What Python makes of a byte of the command line that is no text.
_HALF = re.compile("[\ud800-\udfff]")


def server_shape(server: dict[str, Any]) -> list[FieldError]:
    """What keeps an MCPServer's spec from being read at all."""
    return list(misshapen(_spec(), server.get("spec"), "spec"))


def object_shape(document: dict[str, Any]) -> list[FieldError]:
    """The same for what every object has: its kind and its metadata."""
    return [error for name in _OBJECT for error in misshapen(_OBJECT[name], document.get(name), name)]


def misshapen(schema: Schema, value: Any, path: str) -> Iterator[FieldError]:
    """Each place whose value has another type than the schema says; null counts as not set, but in a list."""
    if value is None:
        return
    wanted = _wanted(schema)
    if wanted and not any(_is(value, kind) for kind in wanted):
        quotes = ", so put it in quotes" if "string" in wanted and isinstance(value, bool | int | float) else ""
        yield FieldError(path, f"must be {_words(wanted)}, not {_FOUND[type(value)]}{quotes}")
    elif isinstance(value, str) and not value.isprintable() and _HALF.search(value):
        yield FieldError(path, "holds bytes that are not UTF-8")
    elif isinstance(value, list):
        items = schema.get("items") or {}
        for index, item in enumerate(value):
            if item is None and _wanted(items):
                yield FieldError(f"{path}[{index}]", f"must be {_words(_wanted(items))}, not null")
            yield from misshapen(items, item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for name in schema.get("required") or []:
            if value.get(name) is None:
                yield FieldError(f"{path}.{name}", "is missing")
        known, others = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, item in value.items():
            yield from misshapen(
                known.get(name) or (others if isinstance(others, dict) else {}), item, f"{path}.{name}"
            )


def _wanted(schema: Schema) -> list[str]:
    if schema.get("x-kubernetes-int-or-string"):
        return ["integer", "string"]
    return [schema["type"]] if "type" in schema else []


def _words(kinds: list[str]) -> str:
    return " or ".join(_WORDS[kind] for kind in kinds)


def _is(value: Any, kind: str) -> bool:
    """JSON's types: true is no number, and 3.0 is a whole one."""
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])


@cache
def _spec() -> Schema:
    return mcpserver.spec()


_OBJECT: dict[str, Schema] = {
    "apiVersion": string(""),
    "kind": string(""),
    "metadata": obj(
        "",
        {
            "name": string(""),
            "namespace": string(""),
            "labels": mapping(""),
            "annotations": mapping(""),
            "finalizers": {"type": "array", "items": string("")},
        },
    ),
}
