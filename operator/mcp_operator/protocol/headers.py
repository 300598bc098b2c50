"""Header values and the headers that a modern request carries: the sentinel encoding, the names, the comparison.

Which tool arguments are mirrored is `mirrors`; whether a request is to be refused is `checks`. Called by both of them,
the client and the bridge.
"""

from __future__ import annotations

import base64
import binascii
import math

from mcp_operator.protocol import names
from mcp_operator.protocol.messages import Message, meta_of, params_of

_OPEN = "=?base64?"
_CLOSE = "?="


class BadHeaderValue(ValueError):
    """A header in the sentinel's form whose inside is no base64 of UTF-8."""


def encode_value(value: str) -> str:
    """The value itself where it survives a header unchanged, else the sentinel around its base64."""
    if _travels_as_it_is(value):
        return value
    return _OPEN + base64.b64encode(value.encode("utf-8", "surrogatepass")).decode("ascii") + _CLOSE


def _travels_as_it_is(value: str) -> bool:
    if not all(" " <= char <= "~" for char in value):
        return False
    return value == value.strip(" ") and not _is_sentinel(value)


def _is_sentinel(value: str) -> bool:
    return value.startswith(_OPEN) and value.endswith(_CLOSE) and len(value) >= len(_OPEN) + len(_CLOSE)


def decode_value(header: str) -> str:
    """What a header says, the sentinel taken off. Raises BadHeaderValue where it holds no valid base64."""
    if not _is_sentinel(header):
        return header
    inside = header[len(_OPEN) : -len(_CLOSE)]
    try:
        return base64.b64decode(inside, validate=True).decode("utf-8", "surrogatepass")
    except (binascii.Error, UnicodeError, ValueError):
        raise BadHeaderValue(f"not base64 of UTF-8: {header[:80]!r}") from None


def primitive_text(value: object) -> str | None:
    """A string, number or boolean as header text before encoding; None where there is no header to send."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else repr(value)
    return None


def same_value(header: str, value: object) -> bool:
    """Whether a decoded header and a body's value are the same; numbers are compared as numbers."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(header) == float(value) and (int(header) == value if _is_decimal(header) else True)
        except (ValueError, OverflowError):
            return False
    return header == primitive_text(value)


def _is_decimal(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def name_of(message: Message) -> str | None:
    """What Mcp-Name must say for this request, None where the method has no such header."""
    parameter = names.NAMED_BY.get(message.get("method", ""))
    value = params_of(message).get(parameter) if parameter else None
    return value if isinstance(value, str) else None


def modern_headers(message: Message) -> dict[str, str]:
    """The standard headers of a modern request or notification, taken from its body."""
    headers = {names.HEADER_METHOD: encode_value(message["method"])}
    version = meta_of(message).get(names.META_VERSION)
    if isinstance(version, str):
        headers[names.HEADER_VERSION] = version
    name = name_of(message)
    if name is not None:
        headers[names.HEADER_NAME] = encode_value(name)
    return headers
