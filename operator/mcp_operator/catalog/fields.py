"""Reading documents that strangers wrote: each accessor gives the type that was asked for, whatever is there. Pure.

Called by the parsers of both layouts.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any


def text(value: Any) -> str:
    """Numbers and booleans as JSON writes them; what holds other values is no text and gives none.

    Halves of surrogate pairs, which JSON can spell and no file can hold, are replaced.
    """
    if type(value) is str and value.isascii():  # nearly every one
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float | date):
        return ""
    return str(value).strip().encode("utf-8", "replace").decode()


def optional_text(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict | list) else text(value)


def words(value: Any) -> tuple[str, ...]:
    """Every item of a list that is a text; one text alone is a list of itself."""
    listed = value if isinstance(value, list) else [value]
    return tuple(text(item) for item in listed if isinstance(item, str | int | float | date))


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def first(document: dict[str, Any], *keys: str) -> Any:
    """The value of the first of these keys that is there: versions of a schema renamed them."""
    for key in keys:
        value = document.get(key)
        if value is not None:
            return value
    return None


def flag(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def port_number(value: str) -> int | None:
    """The port that a text says; None where it is no port."""
    if not value.isascii() or not value.isdigit() or len(value) > 5:
        return None
    return int(value) if 0 < int(value) < 65536 else None


def plain(value: Any) -> Any:
    """The value as JSON can hold it: YAML also knows dates, bytes and keys of every type."""
    if isinstance(value, dict):
        return {text(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int) else _finite(value)


def _finite(value: Any) -> Any:
    return value if isinstance(value, float) and math.isfinite(value) else text(value)


_CAPABILITIES = ("tools", "resources", "prompts", "logging", "completions")


def capabilities(value: Any) -> tuple[str, ...]:
    """The capabilities of the protocol that a list names, or a mapping says something of."""
    named = {text(key) for key, said in value.items() if said} if isinstance(value, dict) else set(words(value))
    return tuple(one for one in _CAPABILITIES if one in named)
