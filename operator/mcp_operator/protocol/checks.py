"""What a server or bridge checks of a POST before it handles the message: its era, and a modern request's headers.

Pure: message and headers in, None or a Rejection out. Called by the bridge. Header names come in lower case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mcp_operator.protocol import names
from mcp_operator.protocol.errors import HEADER_MISMATCH, INVALID_PARAMS, INVALID_REQUEST, Rejection
from mcp_operator.protocol.headers import BadHeaderValue, decode_value, name_of, primitive_text, same_value
from mcp_operator.protocol.messages import Message, meta_of, params_of
from mcp_operator.protocol.mirrors import Mirror
from mcp_operator.protocol.versions import LEGACY, MODERN, Era, era_of

_VERSION = names.HEADER_VERSION.lower()


def request_era(message: Message, headers: Mapping[str, str]) -> Era:
    """Modern if the body names a version in `_meta`, or the header names one that is no known legacy version.

    Mcp-Method decides nothing: it may come with a legacy initialize.
    """
    if names.META_VERSION in meta_of(message):
        return MODERN
    header = headers.get(_VERSION)
    return LEGACY if header is None else era_of(header)


def check_modern(message: Message, headers: Mapping[str, str]) -> Rejection | None:
    """Why a message that should be a modern request is refused; None when it may pass."""
    return _check_meta(meta_of(message)) or _check_version(message, headers) or _check_routing(message, headers)


def _check_meta(meta: Mapping[str, Any]) -> Rejection | None:
    if not isinstance(meta.get(names.META_VERSION), str):
        return Rejection(400, INVALID_PARAMS, f"params._meta must have {names.META_VERSION} (a string)")
    if not isinstance(meta.get(names.META_CLIENT_CAPABILITIES), dict):
        return Rejection(400, INVALID_PARAMS, f"params._meta must have {names.META_CLIENT_CAPABILITIES} (an object)")
    return None


def _check_version(message: Message, headers: Mapping[str, str]) -> Rejection | None:
    header, body = headers.get(_VERSION), meta_of(message).get(names.META_VERSION)
    if header is None:
        return _mismatch(f"the {names.HEADER_VERSION} header is missing")
    if body is not None and header.strip() != body:
        return _mismatch(f"{names.HEADER_VERSION} is {header!r}, the body says {body!r}")
    return None


def _check_routing(message: Message, headers: Mapping[str, str]) -> Rejection | None:
    method = message.get("method")
    if method is None:
        return Rejection(400, INVALID_REQUEST, "no server of this revision asks, so there is nothing to answer")
    refused = _check_equal(names.HEADER_METHOD, headers, method)
    if refused:
        return refused
    if method in names.NAMED_BY and (name := name_of(message)) is not None:
        return _check_equal(names.HEADER_NAME, headers, name)
    return None


def check_mirrors(message: Message, headers: Mapping[str, str], mirrors: Iterable[Mirror]) -> Rejection | None:
    """Whether the `Mcp-Param-*` headers of a tools/call say what its arguments say."""
    arguments = params_of(message).get("arguments")
    arguments = arguments if isinstance(arguments, dict) else {}
    for mirror in mirrors:
        value = mirror.value(arguments)
        if primitive_text(value) is None:
            if value is None and mirror.header.lower() in headers:
                return _mismatch(f"the {mirror.header} header is there, but the argument is not")
            continue
        refused = _check_equal(mirror.header, headers, value)
        if refused:
            return refused
    return None


def _check_equal(name: str, headers: Mapping[str, str], value: object) -> Rejection | None:
    header = headers.get(name.lower())
    if header is None:
        return _mismatch(f"the {name} header is missing")
    try:
        decoded = decode_value(header.strip(" \t"))
    except BadHeaderValue as error:
        return _mismatch(f"{name}: {error}")
    if not same_value(decoded, value):
        return _mismatch(f"{name} is {header[:200]!r}, the body says {value!r:.200}")
    return None


def _mismatch(detail: str) -> Rejection:
    return Rejection(400, HEADER_MISMATCH, f"Header mismatch: {detail}")
