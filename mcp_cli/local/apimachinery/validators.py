"""Which validator each built-in kind has, on create and on update.

Role: two tables. A kind that is in neither has only its metadata and types checked. Called by `validation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mcp_cli.local.apimachinery.errors import Cause

CREATE: dict[tuple[str, str], Callable[[dict[str, Any]], Iterable[Cause]]] = {}
UPDATE: dict[tuple[str, str], Callable[[dict[str, Any], dict[str, Any]], Iterable[Cause]]] = {}
