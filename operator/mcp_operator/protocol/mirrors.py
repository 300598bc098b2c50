"""Tool arguments that travel as `Mcp-Param-*` headers too: which ones, by the `x-mcp-header` of the input schema.

A malformed annotation makes the whole tool unusable for a client, which leaves it out with a warning. `$ref` is never
followed. Called by the client (headers to send) and by `checks` (headers to expect).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_operator.protocol import names
from mcp_operator.protocol.headers import encode_value, primitive_text

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TYPES = frozenset({"string", "integer", "boolean"})
_MAX_DEPTH = 64


class MalformedMirror(ValueError):
    """An `x-mcp-header` that the specification forbids; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """One argument, found by its path of property names, and the full name of its header."""

    path: tuple[str, ...]
    header: str

    def value(self, arguments: Mapping[str, Any]) -> Any:
        """The argument's value, None where it is absent."""
        found: Any = arguments
        for key in self.path:
            if not isinstance(found, Mapping) or key not in found:
                return None
            found = found[key]
        return found


def mirrors_of(tool: Mapping[str, Any]) -> tuple[Mirror, ...]:
    """The mirrored arguments of a tool. Raises MalformedMirror when one of its annotations breaks a rule."""
    schema = tool.get("inputSchema")
    found: list[Mirror] = []
    seen: set[str] = set()
    for path, annotated, reachable in _annotated(schema, (), True, 0):
        mirror = _mirror(path, annotated, reachable)
        if mirror.header.lower() in seen:
            raise MalformedMirror(f"two arguments share the header {mirror.header}")
        seen.add(mirror.header.lower())
        found.append(mirror)
    return tuple(found)


def _mirror(path: tuple[str, ...], schema: Mapping[str, Any], reachable: bool) -> Mirror:
    name, where = schema[names.MIRROR_KEYWORD], ".".join(path) or "the schema itself"
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise MalformedMirror(f"{where}: {name!r} is no header name")
    if not reachable or not path:
        raise MalformedMirror(f"{where}: only arguments reached through properties alone can have a header")
    if not isinstance(schema.get("type"), str) or schema["type"] not in _TYPES:
        raise MalformedMirror(f"{where}: only a string, an integer or a boolean can have a header")
    return Mirror(path, names.HEADER_PARAM_PREFIX + name)


def _annotated(
    schema: object, path: tuple[str, ...], reachable: bool, depth: int
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], bool]]:
    """Every schema that holds the keyword, with its path and whether only `properties` lead to it."""
    if depth > _MAX_DEPTH:
        raise MalformedMirror(f"the schema is nested more than {_MAX_DEPTH} deep")
    if isinstance(schema, list):
        for item in schema:
            yield from _annotated(item, path, False, depth + 1)
        return
    if not isinstance(schema, Mapping):
        return
    if names.MIRROR_KEYWORD in schema:
        yield path, schema, reachable
    for keyword, inner in schema.items():
        yield from _below(keyword, inner, path, reachable, depth)


# Keywords whose value is data, not a schema: what looks like an annotation inside is none.
_DATA = frozenset({"default", "const", "enum", "examples", "required", names.MIRROR_KEYWORD})
# Keywords whose value maps names to schemas.
_MAPS = frozenset({"$defs", "definitions", "patternProperties", "dependentSchemas"})


def _below(
    keyword: str, inner: object, path: tuple[str, ...], reachable: bool, depth: int
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], bool]]:
    if keyword in _DATA:
        return
    if keyword == "properties" and isinstance(inner, Mapping):
        for name, schema in inner.items():
            yield from _annotated(schema, (*path, name), reachable, depth + 1)
    elif keyword in _MAPS and isinstance(inner, Mapping):
        for name, schema in inner.items():
            yield from _annotated(schema, (*path, name), False, depth + 1)
    elif isinstance(inner, Mapping | list):
        yield from _annotated(inner, (*path, keyword), False, depth + 1)


def mirror_headers(mirrors: tuple[Mirror, ...], arguments: Mapping[str, Any]) -> dict[str, str]:
    """The headers of one call; an absent or null argument has none."""
    headers: dict[str, str] = {}
    for mirror in mirrors:
        text = primitive_text(mirror.value(arguments))
        if text is not None:
            headers[mirror.header] = encode_value(text)
    return headers


def usable_tools(tools: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The tools that a client may offer, and, by name, a warning for each that it must leave out."""
    kept: list[dict[str, Any]] = []
    left_out: dict[str, str] = {}
    for tool in tools:
        try:
            mirrors_of(tool)
        except MalformedMirror as error:
            name = str(tool.get("name", "?"))
            left_out[name] = f"tool {name!r} is left out: its {names.MIRROR_KEYWORD} is malformed ({error})"
        else:
            kept.append(tool)
    return kept, left_out
