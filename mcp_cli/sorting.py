"""Objects in the order of one of their fields, as `kubectl get --sort-by` has it.

Role: pure. Called by `get`.
"""

from __future__ import annotations

from typing import Any

from mcp_cli.output.jsonpath import finder


def sorted_by(items: list[dict[str, Any]], expression: str) -> list[dict[str, Any]]:
    """By the first value that the JSONPath finds: those without one first, numbers as numbers, before texts."""
    plain = expression.strip()
    find = finder(plain[1:-1] if plain.startswith("{") and plain.endswith("}") else plain)
    return sorted(items, key=lambda item: _order(find(item)))


def _order(found: list[Any]) -> tuple[int, float, str]:
    value = found[0] if found else None
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, int | float):
        return (1, float(value), "")
    return (2, 0.0, str(value))
