"""Values as CEL rules see them, and the functions that Kubernetes adds to CEL.

Role: pure. Called by `cel`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

from mcp_cli.local.apimachinery import times
from mcp_cli.local.apimachinery.schema import Schema

RESERVED = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
ESCAPES = (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__"))
UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}


def escape(name: str) -> str:
    """A property's name as an identifier of CEL."""
    if name in RESERVED:
        return f"__{name}__"
    for plain, escaped in ESCAPES:
        name = name.replace(plain, escaped)
    return name


def convert(schema: Schema, value: Any) -> Any:
    if isinstance(value, dict):
        out = {}
        for key, member in value.items():
            name = escape(key) if key in schema.properties else key
            child = schema.child(key)
            out[name] = convert(child, member) if child is not None else member
        return out
    if isinstance(value, list):
        return [convert(schema.items, item) if schema.items is not None else item for item in value]
    if schema.type == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _formatted(schema.format, value) if isinstance(value, str) else value


def _formatted(form: str, value: str) -> Any:
    match form:
        case "date-time" | "datetime":
            return times.parse(value)
        case "date":
            return times.parse(f"{value}T00:00:00Z")
        case "duration":
            return duration(value)
        case "byte":
            return base64.b64decode(value)
    return value


def duration(text: str) -> timedelta:
    found = re.findall(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)", text)
    seconds = sum(float(number) * UNITS[unit] for number, unit in found)
    return timedelta(seconds=-seconds if text.startswith("-") else seconds)


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    return text.replace(old, new, limit)


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if not separator:
        return list(text)
    return text.split(separator, limit - 1 if limit > 0 else -1)


def _find(text: str, pattern: str) -> str:
    match = re.search(pattern, text)
    return match.group(0) if match else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match.group(0) for match in re.finditer(pattern, text)]
    return found if limit < 0 else found[:limit]


def _index_of(value: Any, wanted: Any, start: int = 0) -> int:
    if isinstance(value, str):
        return value.find(wanted, start)
    return value.index(wanted) if wanted in value else -1


def _last_index_of(value: Any, wanted: Any) -> int:
    if isinstance(value, str):
        return value.rfind(wanted)
    return len(value) - 1 - value[::-1].index(wanted) if wanted in value else -1


def _is_url(text: str) -> bool:
    return re.fullmatch(r"([a-zA-Z][a-zA-Z0-9+.-]*://[^\s/]+|/)\S*", text) is not None


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "lowerAscii": lambda text: text.lower(),
    "upperAscii": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "charAt": lambda text, index: text[index : index + 1],
    "substring": lambda text, start, end=None: text[start:end],
    "replace": _replace,
    "split": _split,
    "join": lambda values, separator="": separator.join(values),
    "find": _find,
    "findAll": _find_all,
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "isSorted": lambda values: all(a <= b for a, b in pairwise(values)),
    "sum": sum,
    "isURL": _is_url,
}
BUILTIN = (
    "size contains startsWith endsWith matches int uint double string bytes bool type dyn duration timestamp"
    " getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds"
    " getMilliseconds has all exists exists_one map filter min max"
)
KNOWN_FUNCTIONS = frozenset([*FUNCTIONS, *BUILTIN.split()])
