"""What a bridge takes its child for, also where the child is slow to start: an answer that comes late is one, too."""

from __future__ import annotations

import asyncio
import sys

import pytest
from mcp_operator.bridge import modern
from mcp_operator.bridge.metrics import Metrics
from mcp_operator.bridge.modern import ModernRelay
from mcp_operator.bridge.options import parse

from tests.bridge.bridge_testing import PATIENCE, SERVER


@pytest.mark.parametrize(
    ("flags", "era"),
    [(["--era", "dual"], "modern"), (["--era", "modern"], "modern"), (["--era", "legacy"], "legacy")],
    ids=["dual", "modern", "legacy"],
)
async def test_child_that_is_slow_to_start_is_what_it_says(
    monkeypatch: pytest.MonkeyPatch, flags: list[str], era: str
) -> None:
    """Its first answers come after `initialize` was sent as well."""
    monkeypatch.setattr(modern, "SILENCE", 0.01)
    command = [sys.executable, str(SERVER), "--slow-start", "0.5", *flags]
    relay = ModernRelay(parse(["--port", "0", "--", *command]), Metrics())
    await relay.start()
    try:
        async with asyncio.timeout(PATIENCE):
            while relay.era is None:  # noqa: ASYNC110 (what changes is another process)
                await asyncio.sleep(0.01)
        assert relay.era == era
    finally:
        await relay.channel.child.stop()
