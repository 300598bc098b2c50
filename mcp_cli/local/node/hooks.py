"""Lifecycle hooks of a container: exec, httpGet, sleep. Called by the container supervisor."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp_cli.local.node.probes import ProbeTarget, UnsupportedProbe, attempt


async def run_hook(hook: dict[str, Any], target: ProbeTarget, timeout: float) -> str | None:
    """Run a hook to its end; returns what went wrong."""
    if "sleep" in hook:
        await asyncio.sleep(float(hook["sleep"].get("seconds") or 0))
        return None
    try:
        result = await attempt({**hook, "timeoutSeconds": max(1.0, timeout)}, target)
    except UnsupportedProbe as error:
        return str(error)
    return None if result.success else result.message or "it failed"
