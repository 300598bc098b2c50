"""What can be wrong with a field, as `Cause`s in Kubernetes' words.

Role: one constructor a kind of mistake; a `field` is a path such as `spec.containers[0].name`. Pure.
Called by the validations of this package.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mcp_cli.local.apimachinery.errors import Cause


def shown(value: Any) -> str:
    """A value as it stands in a message: strings quoted, the rest as JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, dict | list):
        # Go's JSON is safe for HTML.
        for char in "<>&":
            text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def required(field: str, detail: str = "") -> Cause:
    return Cause("FieldValueRequired", "Required value" + (f": {detail}" if detail else ""), field)


def invalid(field: str, value: Any, detail: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}", field)


def not_supported(field: str, value: Any, supported: Sequence[str]) -> Cause:
    names = ", ".join(shown(name) for name in supported)
    return Cause("FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {names}", field)


def duplicate(field: str, value: Any) -> Cause:
    return Cause("FieldValueDuplicate", f"Duplicate value: {shown(value)}", field)


def not_found(field: str, value: Any) -> Cause:
    return Cause("FieldValueNotFound", f"Not found: {shown(value)}", field)


def forbidden(field: str, detail: str) -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {detail}", field)


def too_long(field: str, limit: int) -> Cause:
    return Cause("FieldValueTooLong", f"Too long: may not be more than {limit} bytes", field)


def too_many(field: str, count: int, limit: int) -> Cause:
    return Cause("FieldValueTooMany", f"Too many: {count}: must have at most {limit} items", field)


def wrong_type(field: str, value: Any, detail: str) -> Cause:
    return Cause("FieldValueTypeInvalid", f"Invalid value: {shown(value)}: {detail}", field)


IMMUTABLE = "field is immutable"


def immutable(field: str, value: Any) -> Cause:
    return invalid(field, value, IMMUTABLE)
