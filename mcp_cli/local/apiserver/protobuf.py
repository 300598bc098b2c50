"""Kubernetes' protobuf bodies as plain data. kubectl's own `create` commands send nothing else.

Only reading: every client that sends protobuf also takes JSON for an answer. What a field means is in a packaged table
(see `tools/protobuf_fields.py`), loaded on first use. Pure. Called by `codec`.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

MAGIC = b"k8s\x00"
MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_META = "k8s.io.apimachinery.pkg.apis.meta.v1."
_RUNTIME = "k8s.io.apimachinery.pkg.runtime."
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class ProtobufError(ValueError):
    """The bytes are no object of ours."""


class Field(NamedTuple):
    """One field of a message."""

    name: str
    kind: str
    repeated: bool
    is_map: bool


def decode(data: bytes) -> dict[str, Any]:
    """An object in Kubernetes' envelope."""
    if not data.startswith(MAGIC):
        raise ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        envelope = _message(_RUNTIME + "Unknown", memoryview(data)[len(MAGIC) :])
        api_version, kind = envelope.get("apiVersion", ""), envelope.get("kind", "")
        body = _message(_message_name(api_version, kind), memoryview(base64.b64decode(envelope.get("raw", ""))))
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise ProtobufError(f"the protobuf body is broken: {error}") from None
    return {"apiVersion": api_version, "kind": kind, **body}


def _message_name(api_version: str, kind: str) -> str:
    """The message of a kind: its package is named by the group's first word."""
    group, _, version = api_version.rpartition("/")
    package = f"k8s.io.api.{group.split('.')[0] or 'core'}.{version}."
    for candidate in (package + kind, _META + kind):
        if candidate in _table():
            return candidate
    raise ProtobufError(f'no kind "{kind}" of version "{api_version}" is known in protobuf; send JSON')


@cache
def _table() -> dict[str, str]:
    """Message name to its unparsed fields."""
    packed = files("mcp_cli.local.apiserver").joinpath("data/protobuf.txt.gz").read_bytes()
    lines = gzip.decompress(packed).decode().splitlines()
    return dict(line.split(" ", 1) for line in lines)


@cache
def _fields(message: str) -> dict[int, Field]:
    found = {}
    for word in _table()[message].split():
        number, name, kind = word.split(":", 2)
        plain = kind.removeprefix("map:").removeprefix("*")
        found[int(number)] = Field(name, plain, kind.startswith("*"), kind.startswith("map:"))
    return found


def _message(name: str, data: memoryview) -> Any:
    """A message as JSON has it."""
    out: dict[str, Any] = {}
    known = _fields(name)
    for number, wire, value in _wire(data):
        field = known.get(number)
        if field is None:
            continue
        if field.is_map:
            key, item = _entry(field.kind, value)
            out.setdefault(field.name, {})[key] = item
        elif field.repeated:
            out.setdefault(field.name, []).extend(_items(field.kind, wire, value))
        elif field.name == "inline":
            out.update(_message(field.kind, value))
        else:
            out[field.name] = _scalar(field.kind, value)
    special = _SPECIAL.get(name)
    return special(out) if special else out


def _wire(data: memoryview) -> Iterator[tuple[int, int, Any]]:
    """Field number, wire type and raw value, one after the other."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        value: Any
        if wire == _VARINT:
            value, position = _varint(data, position)
        elif wire == _BYTES:
            size, position = _varint(data, position)
            if position + size > len(data):
                raise ProtobufError("the protobuf body is broken: unexpected EOF")
            value, position = data[position : position + size], position + size
        elif wire == _FIXED64:
            value, position = struct.unpack_from("<d", data, position)[0], position + 8
        elif wire == _FIXED32:
            value, position = struct.unpack_from("<f", data, position)[0], position + 4
        else:
            raise ProtobufError(f"the protobuf body is broken: wire type {wire}")
        yield number, wire, value


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7


def _items(kind: str, wire: int, value: Any) -> list[Any]:
    """A repeated field's values: one, or many packed numbers."""
    if wire == _BYTES and kind in ("int32", "int64", "bool"):
        numbers, position = [], 0
        while position < len(value):
            number, position = _varint(value, position)
            numbers.append(_scalar(kind, number))
        return numbers
    return [_scalar(kind, value)]


def _entry(kind: str, data: memoryview) -> tuple[str, Any]:
    """A key of a map and its value; absent ones are empty."""
    key: str = ""
    item: Any = "" if kind in ("string", "bytes") else None
    for number, _, value in _wire(data):
        if number == 1:
            key = _scalar("string", value)
        else:
            item = _scalar(kind, value)
    if item is None and "." in kind:
        item = _message(kind, memoryview(b""))
    return key, item


def _scalar(kind: str, value: Any) -> Any:
    if kind == "string":
        return bytes(value).decode()
    if kind == "bytes":
        return base64.b64encode(value).decode()
    if kind == "bool":
        return bool(value)
    if kind in ("int32", "int64"):
        return value - 2**64 if value >= 2**63 else value
    if "." in kind:
        return _message(kind, value)
    return value


def _moment(fraction: str) -> Callable[[dict[str, Any]], str | None]:
    def write(value: dict[str, Any]) -> str | None:
        if not value:
            return None
        moment = datetime.fromtimestamp(value.get("seconds", 0), UTC).replace(microsecond=value.get("nanos", 0) // 1000)
        return moment.strftime(f"%Y-%m-%dT%H:%M:%S{fraction}Z")

    return write


def _raw_json(value: dict[str, Any]) -> Any:
    return json.loads(base64.b64decode(value.get("raw") or value.get("Raw") or "") or b"{}")


_SPECIAL: dict[str, Callable[[dict[str, Any]], Any]] = {
    _META + "Time": _moment(""),
    _META + "MicroTime": _moment(".%f"),
    _META + "FieldsV1": _raw_json,
    _RUNTIME + "RawExtension": _raw_json,
    "k8s.io.apimachinery.pkg.api.resource.Quantity": lambda value: value.get("string", "0"),
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString": lambda value: (
        value.get("strVal", "") if value.get("type") else value.get("intVal", 0)
    ),
    "k8s.io.api.authentication.v1.ExtraValue": lambda value: value.get("items", []),
    "k8s.io.api.authorization.v1.ExtraValue": lambda value: value.get("items", []),
}
