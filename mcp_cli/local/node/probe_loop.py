"""When the probes of a container are tried, and what their results mean. One task a probe, asleep between tries.

A probe that must first succeed (startup, and readiness until it was ready once) is tried at once, then five times a
second and more for the first seconds, then every second: a server counts as ready a moment after it answers. From then
on the period rules.
Called by the container supervisor for each run of a container.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mcp_cli.local.node.probes import ProbeResult, ProbeTarget, UnsupportedProbe, attempt

FIRST_STEP = 0.05
STEP_GROWTH = 1.2
EAGER_STEP = 0.2
EAGER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ProbeListener:
    """Who is told of results."""

    started: Callable[[], None]
    ready: Callable[[bool], None]
    unhealthy: Callable[[str, ProbeResult], None]
    """A failed try that counts, with the kind of the probe: material for an event."""
    kill: Callable[[str], None]
    """Liveness or startup failed often enough; the kind of the probe."""


def eager_steps(longest: float) -> Iterator[float]:
    """Delays between tries while a first success is awaited."""
    step, passed = FIRST_STEP, 0.0
    while True:
        bound = min(longest, EAGER_STEP) if passed < EAGER_SECONDS else longest
        yield min(step, bound)
        passed += min(step, bound)
        step *= STEP_GROWTH


async def run_probes(container: dict[str, Any], target: ProbeTarget, listener: ProbeListener) -> None:
    """Until cancelled, which is when the container's process has ended."""
    if container.get("startupProbe"):
        await _startup(container["startupProbe"], target, listener)
    listener.started()
    readiness = container.get("readinessProbe")
    if not readiness:
        listener.ready(True)
    async with asyncio.TaskGroup() as group:
        if readiness:
            group.create_task(_readiness(readiness, target, listener))
        if container.get("livenessProbe"):
            group.create_task(_liveness(container["livenessProbe"], target, listener))


async def _startup(probe: dict[str, Any], target: ProbeTarget, listener: ProbeListener) -> None:
    """Returns on success; a container that takes too long is killed."""
    await asyncio.sleep(float(probe.get("initialDelaySeconds") or 0))
    period, threshold = _period(probe), int(probe.get("failureThreshold") or 3)
    deadline = time.monotonic() + period * threshold
    for step in eager_steps(min(1.0, period)):
        result = await _try(probe, target, listener, "Startup")
        if result.success:
            return
        if time.monotonic() + step > deadline:
            listener.unhealthy("Startup", result)
            listener.kill("startup")
            await asyncio.Event().wait()
        await asyncio.sleep(step)


async def _readiness(probe: dict[str, Any], target: ProbeTarget, listener: ProbeListener) -> None:
    await asyncio.sleep(float(probe.get("initialDelaySeconds") or 0))
    period = _period(probe)
    worth_an_event = time.monotonic() + period * int(probe.get("failureThreshold") or 3)
    successes_wanted = int(probe.get("successThreshold") or 1)
    successes = 0
    for step in eager_steps(min(1.0, period)):
        result = await _try(probe, target, listener, "Readiness")
        successes = successes + 1 if result.success else 0
        if successes >= successes_wanted:
            break
        if not result.success and time.monotonic() > worth_an_event:
            listener.unhealthy("Readiness", result)
            worth_an_event = time.monotonic() + period
        await asyncio.sleep(step)
    listener.ready(True)
    await _settled(probe, target, listener, "Readiness", listener.ready)


async def _liveness(probe: dict[str, Any], target: ProbeTarget, listener: ProbeListener) -> None:
    await asyncio.sleep(float(probe.get("initialDelaySeconds") or 0))

    def verdict(alive: bool) -> None:
        if not alive:
            listener.kill("liveness")

    await _settled(probe, target, listener, "Liveness", verdict)


async def _settled(
    probe: dict[str, Any],
    target: ProbeTarget,
    listener: ProbeListener,
    kind: str,
    verdict: Callable[[bool], None],
) -> None:
    """One try each period; the verdict turns when a threshold of equal results in a row is reached."""
    thresholds = {True: int(probe.get("successThreshold") or 1), False: int(probe.get("failureThreshold") or 3)}
    current, row = True, 0
    while True:
        await asyncio.sleep(_period(probe))
        result = await _try(probe, target, listener, kind)
        if not result.success:
            listener.unhealthy(kind, result)
        row = row + 1 if result.success != current else 0
        if row >= thresholds[result.success]:
            current, row = result.success, 0
            verdict(current)


async def _try(probe: dict[str, Any], target: ProbeTarget, listener: ProbeListener, kind: str) -> ProbeResult:
    """One try; a probe that cannot be tried at all says so once and then counts as not tried."""
    try:
        return await attempt(probe, target)
    except UnsupportedProbe as error:
        listener.unhealthy(kind, ProbeResult(False, str(error)))
        await asyncio.Event().wait()
        raise


def _period(probe: dict[str, Any]) -> float:
    return float(probe.get("periodSeconds") or 10)
