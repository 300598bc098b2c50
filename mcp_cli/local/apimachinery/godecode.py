"""Decoding as Go's JSON library does it for the built-in kinds: what it refuses, and what it leaves out.

Role: walks an object along its schema, in place: null, an empty list and the zero of a field that is no pointer vanish;
a field that Go always writes appears. Pure. Called by `decoding`.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from mcp_cli.local.apimachinery import quantities, times
from mcp_cli.local.apimachinery.schema import Schema

RANGES = {"int32": 2**31, "int64": 2**63}
GO_TYPES = {"string": "string", "boolean": "bool", "number": "float64"}


class DecodeError(Exception):
    """The message that Go gives."""


def decode_struct(schema: Schema, obj: dict[str, Any], unknown: list[str]) -> None:
    """A whole object."""
    _struct(schema, obj, "", "", unknown)


def decode_at(schema: Schema, parent: dict[str, Any], key: str, owner: str, path: str, unknown: list[str]) -> None:
    """The member `key` of `parent`, replaced by its decoded form."""
    parent[key] = _value(schema, parent[key], owner or schema.name, path or key, path or key, unknown)


def _struct(schema: Schema, obj: dict[str, Any], path: str, place: str, unknown: list[str]) -> None:
    """`path` names the field for Go's errors (no indexes), `place` for the strict ones (with them)."""
    for key in list(obj):
        child = schema.properties.get(key)
        here = f"{place}.{key}" if place else key
        if child is None:
            unknown.append(here)
            del obj[key]
            continue
        if obj[key] is None:
            del obj[key]
            continue
        value = _value(child, obj[key], schema.name, f"{path}.{key}" if path else key, here, unknown)
        if key not in schema.zero and _omitted(child, value):
            del obj[key]
        else:
            obj[key] = value
    for key, zero in schema.zero.items():
        if key not in obj:
            _write_zero(schema, obj, key, zero)


def _write_zero(schema: Schema, obj: dict[str, Any], key: str, zero: Any) -> None:
    """What Go writes for a field that it never leaves out: `{}`, a scalar's zero, null for a list or a time."""
    child = schema.properties[key]
    if child.format == "quantity":
        obj[key] = "0"
    elif zero == {} and child.properties:
        obj[key] = {}
        _struct(child, obj[key], "", "", [])
    else:
        obj[key] = None if zero == {} or child.type in ("object", "array") else zero


def _omitted(schema: Schema, value: Any) -> bool:
    """Whether `omitempty` leaves it out: a pointer's zero stays, and so does a struct."""
    if isinstance(value, list):
        return not value
    if isinstance(value, dict):
        return not value and schema.is_map
    return not schema.pointer and schema.type != "" and value in (False, 0, "")


def _value(schema: Schema, value: Any, owner: str, path: str, place: str, unknown: list[str]) -> Any:
    if schema.preserve:
        return value
    if schema.format == "quantity":
        return _quantity(value)
    if schema.int_or_string:
        return _int_or_string(value, owner, path)
    if schema.type == "object":
        return _object(schema, value, owner, path, place, unknown)
    if schema.type == "array":
        return _array(schema, value, owner, path, place, unknown)
    if schema.type:
        _check_scalar(schema, value, owner, path)
        return _scalar(schema, value)
    return value


def _object(schema: Schema, value: Any, owner: str, path: str, place: str, unknown: list[str]) -> Any:
    if not isinstance(value, dict):
        raise _unmarshal(value, owner, path, _go_type(schema))
    if schema.additional is None:
        _struct(schema, value, path, place, unknown)
        return value
    for key in list(value):
        if value[key] is None:
            value[key] = _empty(schema.additional)
        else:
            value[key] = _value(schema.additional, value[key], owner, path, f"{place}.{key}", unknown)
    return value


def _empty(schema: Schema) -> Any:
    """What a null in a map or a list becomes: the zero of its type."""
    if schema.format == "quantity":
        return "0"
    return {"string": "", "integer": 0, "boolean": False, "object": {}, "array": []}.get(schema.type)


def _array(schema: Schema, value: Any, owner: str, path: str, place: str, unknown: list[str]) -> Any:
    if not isinstance(value, list) or schema.items is None:
        raise _unmarshal(value, owner, path, _go_type(schema))
    items = schema.items
    return [
        _empty(items) if item is None else _value(items, item, owner, path, f"{place}[{index}]", unknown)
        for index, item in enumerate(value)
    ]


def _check_scalar(schema: Schema, value: Any, owner: str, path: str) -> None:
    fits = {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "integer": _is_integer(value),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
    }[schema.type]
    if not fits:
        raise _unmarshal(value, owner, path, _go_type(schema))
    if schema.type == "integer":
        limit = RANGES.get(schema.format, 2**63)
        if not -limit <= int(value) < limit:
            raise _unmarshal(value, owner, path, _go_type(schema))


def _scalar(schema: Schema, value: Any) -> Any:
    if schema.type == "integer":
        return int(value)
    if schema.format == "date-time" and value:
        return _time(value)
    if schema.format == "byte" and value:
        return _base64(value)
    return value


def _is_integer(value: Any) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _quantity(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise DecodeError(quantities.WRONG_FORM)
    try:
        return quantities.canonical(value)
    except ValueError as error:
        raise DecodeError(str(error)) from None


def _int_or_string(value: Any, owner: str, path: str) -> Any:
    if isinstance(value, str) or _is_integer(value):
        return value if isinstance(value, str) else int(value)
    raise _unmarshal(value, owner, path, "int32")


def _time(value: str) -> str:
    try:
        moment = times.parse(value)
    except ValueError:
        layout = '"2006-01-02T15:04:05Z07:00"'
        raise DecodeError(f'parsing time "{value}" as {layout}: cannot parse "{value}" as "2006"') from None
    # MicroTime and Time share a format in OpenAPI; a fraction is kept where one was sent.
    return value if moment.microsecond or "." in value else times.normalise(value)


def _base64(value: str) -> str:
    text = value.replace("\n", "").replace("\r", "")
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
        wrong = next((index for index, char in enumerate(text) if char not in alphabet), len(text) // 4 * 4)
        raise DecodeError(f"illegal base64 data at input byte {wrong}") from None
    return text


def _go_type(schema: Schema) -> str:
    if schema.type == "integer":
        return schema.format or "int"
    if schema.type == "array" and schema.items is not None:
        return "[]" + _go_type(schema.items)
    if schema.type == "object":
        return f"map[string]{_go_type(schema.additional)}" if schema.additional is not None else f"v1.{schema.name}"
    return GO_TYPES.get(schema.type, "string")


def _unmarshal(value: Any, owner: str, path: str, wanted: str) -> DecodeError:
    match value:
        case bool():
            kind = "bool"
        case str():
            kind = "string"
        case list():
            kind = "array"
        case dict():
            kind = "object"
        case _:
            kind = f"number {value}" if wanted.startswith("int") else "number"
    return DecodeError(f"json: cannot unmarshal {kind} into Go struct field {owner}.{path} of type {wanted}")
