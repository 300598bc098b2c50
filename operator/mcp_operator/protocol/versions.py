"""The protocol's revisions and the two eras they fall into.

Facts only: which revisions exist and how one is chosen. Called by everything that speaks MCP; does no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Era = Literal["legacy", "modern"]

LEGACY: Era = "legacy"
MODERN: Era = "modern"

# Newest first: the order is the order of preference.
MODERN_VERSIONS: tuple[str, ...] = ("2026-07-28",)
LEGACY_VERSIONS: tuple[str, ...] = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")

LATEST_MODERN = MODERN_VERSIONS[0]
LATEST_LEGACY = LEGACY_VERSIONS[0]

# The first revision whose clients send MCP-Protocol-Version after initialize.
HEADER_SINCE = "2025-06-18"


def era_of(version: str) -> Era:
    """A known legacy revision is legacy; anything else, unknown ones included, is modern and answers for itself."""
    return LEGACY if version in LEGACY_VERSIONS else MODERN


def sends_version_header(version: str) -> bool:
    """Whether a client of this revision names it on each request after initialize."""
    return version >= HEADER_SINCE


def choose_modern(supported: Iterable[str]) -> str | None:
    """The newest modern revision that both sides speak, None when there is none."""
    offered = set(supported)
    return next((version for version in MODERN_VERSIONS if version in offered), None)


def choose_legacy(supported: Iterable[str]) -> str | None:
    """The newest legacy revision that both sides speak, None when there is none."""
    offered = set(supported)
    return next((version for version in LEGACY_VERSIONS if version in offered), None)
