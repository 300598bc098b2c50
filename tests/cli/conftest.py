"""Fixtures of the command line's tests."""

from __future__ import annotations

import os

import pytest

UPDATE = bool(os.environ.get("MCP_UPDATE_GOLDEN"))


@pytest.fixture
def update_golden() -> bool:
    """Whether golden files are written instead of compared (the isolated home hides MCP_* from tests)."""
    return UPDATE


@pytest.fixture(autouse=True)
def no_colour_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
