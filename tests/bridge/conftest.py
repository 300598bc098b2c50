"""Fixtures of the bridge's tests."""

from __future__ import annotations

from tests.bridge.bridge_testing import bridge, start

__all__ = ["bridge", "start"]
