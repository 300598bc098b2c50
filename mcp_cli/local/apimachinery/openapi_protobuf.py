"""An OpenAPI v2 document in the protobuf form (gnostic's `openapi.v2.Document`) that kubectl asks for.

Role: pure; writes the few messages that definitions need. Called by `openapi`.
"""

from __future__ import annotations

import json
from typing import Any

# Field numbers of the messages, by the JSON name of what they hold.
DOCUMENT_SWAGGER, DOCUMENT_INFO, DOCUMENT_PATHS, DOCUMENT_DEFINITIONS = 1, 2, 8, 9
INFO_TITLE, INFO_VERSION = 1, 2
SCHEMA_TEXT = {"$ref": 1, "format": 2, "title": 3, "description": 4, "pattern": 13}
SCHEMA_INTEGER = {
    "maxLength": 11,
    "minLength": 12,
    "maxItems": 14,
    "minItems": 15,
    "maxProperties": 17,
    "minProperties": 18,
}
SCHEMA_REQUIRED, SCHEMA_ENUM, SCHEMA_ADDITIONAL, SCHEMA_TYPE = 19, 20, 21, 22
SCHEMA_ITEMS, SCHEMA_PROPERTIES, SCHEMA_EXTENSION = 23, 25, 31
BYTES = 2


def encode(document: dict[str, Any]) -> bytes:
    info = _text(INFO_TITLE, document["info"]["title"]) + _text(INFO_VERSION, document["info"]["version"])
    definitions = b"".join(_message(1, _named(name, schema)) for name, schema in document["definitions"].items())
    return (
        _text(DOCUMENT_SWAGGER, document["swagger"])
        + _message(DOCUMENT_INFO, info)
        + _message(DOCUMENT_PATHS, b"")
        + _message(DOCUMENT_DEFINITIONS, definitions)
    )


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | BYTES) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _named(name: str, schema: dict[str, Any]) -> bytes:
    return _text(1, name) + _message(2, _schema(schema))


def _any(value: Any) -> bytes:
    """`Any.yaml`: JSON is YAML."""
    return _text(2, json.dumps(value, separators=(",", ":")) + "\n")


def _schema(schema: dict[str, Any]) -> bytes:
    out = bytearray()
    for key, field in SCHEMA_TEXT.items():
        if schema.get(key):
            out += _text(field, schema[key])
    for key, field in SCHEMA_INTEGER.items():
        if schema.get(key):
            out += _number(field, schema[key])
    for name in schema.get("required") or ():
        out += _text(SCHEMA_REQUIRED, name)
    for value in schema.get("enum") or ():
        out += _message(SCHEMA_ENUM, _any(value))
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        out += _message(SCHEMA_ADDITIONAL, _message(1, _schema(additional)))
    elif additional is True:
        out += _message(SCHEMA_ADDITIONAL, _number(2, 1))
    if schema.get("type"):
        out += _message(SCHEMA_TYPE, _text(1, schema["type"]))
    if isinstance(schema.get("items"), dict):
        out += _message(SCHEMA_ITEMS, _message(1, _schema(schema["items"])))
    if schema.get("properties"):
        members = b"".join(_message(1, _named(name, child)) for name, child in schema["properties"].items())
        out += _message(SCHEMA_PROPERTIES, members)
    for key, value in schema.items():
        if key.startswith("x-"):
            out += _message(SCHEMA_EXTENSION, _text(1, key) + _message(2, _any(value)))
    return bytes(out)
