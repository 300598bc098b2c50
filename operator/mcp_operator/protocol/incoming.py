"""What a server on streamable HTTP makes of a request: its era, and whether headers and body agree.

Role: pure; the serving half of the header rules (the asking half writes the same headers).
Not its job: transport, ids, sessions. Called by: the bridge.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

LEGACY_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
MODERN_VERSION = "2026-07-28"

META_VERSION = "io.modelcontextprotocol/protocolVersion"
META_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
META_CLIENT_INFO = "io.modelcontextprotocol/clientInfo"
META_LOG_LEVEL = "io.modelcontextprotocol/logLevel"
META_SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
MISSING_CAPABILITY = -32021
UNSUPPORTED_VERSION = -32022

# The methods whose Mcp-Name header repeats a parameter, and which one.
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
# Schema keywords through which an annotated argument is reached; anything else makes the annotation void.
MAX_DEPTH = 32

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_SENTINEL = re.compile(r"=\?base64\?([A-Za-z0-9+/]*={0,2})\?=")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not relayed: HTTP status and JSON-RPC error."""

    status: int
    code: int
    message: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParamHeader:
    """One tool argument that a client repeats in a header: the header's name, the way to the argument, its type."""

    header: str
    path: tuple[str, ...]
    type: str


def meta_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """`params._meta`, or an empty dict where there is none."""
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    return meta if isinstance(meta, dict) else {}


def is_modern(message: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    """Chosen for each request; never by `Mcp-Method`, which may come with a legacy initialize."""
    if META_VERSION in meta_of(message):
        return True
    version = headers.get("mcp-protocol-version")
    return version is not None and version not in LEGACY_VERSIONS


def check_modern(message: Mapping[str, Any], headers: Mapping[str, str]) -> Refusal | None:
    """The `_meta` that every request carries, then the headers that repeat the body."""
    meta = meta_of(message)
    version, capabilities = meta.get(META_VERSION), meta.get(META_CAPABILITIES)
    if not isinstance(version, str):
        return Refusal(400, INVALID_PARAMS, f"params._meta lacks {META_VERSION}")
    if not isinstance(capabilities, dict):
        return Refusal(400, INVALID_PARAMS, f"params._meta lacks {META_CAPABILITIES}")
    method = message["method"]
    expected = [("MCP-Protocol-Version", version), ("Mcp-Method", method)]
    if method in NAMED_BY:
        expected.append(("Mcp-Name", str(message["params"].get(NAMED_BY[method], ""))))
    for name, value in expected:
        refusal = _compare(name, headers.get(name.lower()), value)
        if refusal:
            return refusal
    return None


def _compare(name: str, raw: str | None, value: str) -> Refusal | None:
    if raw is None:
        return Refusal(400, HEADER_MISMATCH, f"Header mismatch: the {name} header is missing")
    if decode_value(raw) != value:
        return Refusal(400, HEADER_MISMATCH, f"Header mismatch: {name} is {raw!r}, the body says {value!r}")
    return None


def decode_value(raw: str) -> str | None:
    """A header's value as it was meant; None where its encoding is broken."""
    if not (raw.startswith("=?base64?") and raw.endswith("?=")):
        return raw
    match = _SENTINEL.fullmatch(raw)
    if match is None:
        return None
    try:
        return base64.b64decode(match[1], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


def param_headers(schema: Any) -> tuple[ParamHeader, ...]:
    """The annotated arguments of an input schema. One invalid annotation voids them all: clients drop such a tool."""
    found = tuple(_annotations(schema, ()))
    names = [item.header.lower() for item in found]
    if len(set(names)) != len(names) or any(not item.type for item in found):
        return ()
    return found


def _annotations(schema: Any, path: tuple[str, ...]) -> Iterator[ParamHeader]:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or len(path) > MAX_DEPTH:
        return
    for name, sub in properties.items():
        if not isinstance(sub, dict):
            continue
        header, kind = sub.get("x-mcp-header"), sub.get("type")
        if header is not None:
            valid = isinstance(header, str) and _TOKEN.fullmatch(header)
            valid = valid and kind in ("string", "integer", "boolean", "number")
            yield ParamHeader(str(header), (*path, name), str(kind) if valid else "")
        yield from _annotations(sub, (*path, name))


def check_params(expected: tuple[ParamHeader, ...], arguments: Any, headers: Mapping[str, str]) -> Refusal | None:
    """`Mcp-Param-*` against the arguments of a tools/call."""
    for item in expected:
        name = f"Mcp-Param-{item.header}"
        raw, value = headers.get(name.lower()), _reach(arguments, item.path)
        if value is None:
            if raw is not None:
                return Refusal(400, HEADER_MISMATCH, f"Header mismatch: {name} is there, its argument is not")
        elif raw is None:
            return Refusal(400, HEADER_MISMATCH, f"Header mismatch: the {name} header is missing")
        elif not _same(decode_value(raw), value):
            return Refusal(400, HEADER_MISMATCH, f"Header mismatch: {name} is {raw!r}, the body says {value!r}")
    return None


def _reach(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _same(text: str | None, value: Any) -> bool:
    if text is None:
        return False
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, int | float):
        if not _DECIMAL.fullmatch(text):
            return False
        return (int(text) if text.lstrip("-").isdigit() else float(text)) == value
    return isinstance(value, str) and text == value


def status_of(error: Any) -> int:
    """The HTTP status that goes with a modern server's answer."""
    code = error.get("code") if isinstance(error, dict) else None
    if code == METHOD_NOT_FOUND:
        return 404
    return 400 if code in (HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION) else 200
