"""Small pieces that the rows of several kinds share: ages, selectors, images, counts.

Role: pure. Called by the `table_*` modules.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mcp_cli import durations
from mcp_cli.local.apimachinery import selectors

NONE, UNKNOWN, UNSET = "<none>", "<unknown>", "<unset>"
SHOWN_ADDRESSES = 3


def age(obj: dict[str, Any], now: datetime) -> str:
    return durations.age(obj["metadata"].get("creationTimestamp"), now)


def part(obj: dict[str, Any], *path: str, default: Any = None) -> Any:
    """A member deep in an object, or the default where one on the way is missing or null."""
    place: Any = obj
    for key in path:
        place = place.get(key) if isinstance(place, dict) else None
    return default if place is None else place


def containers(template: dict[str, Any]) -> tuple[str, str]:
    """Names and images, each joined by commas."""
    found = part(template, "spec", "containers", default=[])
    return ",".join(c.get("name", "") for c in found), ",".join(c.get("image", "") for c in found)


def selector(value: dict[str, Any] | None) -> str:
    """A LabelSelector as text; nothing selected and everything selected both read `<none>`."""
    if value is None:
        return NONE
    return str(selectors.from_object(value)) or NONE


def labels(values: dict[str, str] | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((values or {}).items())) or NONE


def limited(values: list[str], limit: int = SHOWN_ADDRESSES) -> str:
    """The first few, and how many more there are."""
    if not values:
        return NONE
    more = f" + {len(values) - limit} more..." if len(values) > limit else ""
    return ",".join(values[:limit]) + more


def condition(obj: dict[str, Any], kind: str) -> dict[str, Any] | None:
    found = part(obj, "status", "conditions", default=[])
    return next((entry for entry in found if entry.get("type") == kind), None)


def is_true(obj: dict[str, Any], kind: str) -> bool:
    return (condition(obj, kind) or {}).get("status") == "True"
