"""A cluster that is converged, or only waits, sees no writes; an operator that starts again causes none either.

Counted where the requests are sent: every write of the operator passes `KubeClient.requests`.
"""

from __future__ import annotations

import asyncio

from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.runtime.resources import DEPLOYMENTS, PODS

from tests.controller.harness import Operated, broken_status
from tests.controller.mcphttp import McpHttpServer

SERVERS = 4
# The look at what is not ready comes every 30 s; the shorter span is for what is done at once.
SECONDS = 3.0


async def converged(op: Operated, port: int) -> None:
    names = [f"demo-{number}" for number in range(SERVERS)]
    for name in names:
        await op.create(name, port=port, replicas=2, config={"level": 3}, secretRefs=[{"name": "x", "optional": True}])
    for name in names:
        await op.pods_ready(name, 2)
    for name in names:
        await op.phase(name, "Running", "Ready")
    await op.calm(1.0)


async def test_converged_nothing_is_sent_at_all(op: Operated, speaker: McpHttpServer) -> None:
    await converged(op, speaker.port)
    op.sent.clear()
    await asyncio.sleep(SECONDS)
    assert dict(op.sent) == {}


async def test_what_others_write_about_pods_and_deployments_causes_no_writes(
    op: Operated, speaker: McpHttpServer
) -> None:
    await converged(op, speaker.port)
    op.sent.clear()
    for number in range(3):
        note = {"metadata": {"annotations": {"someone.test/heartbeat": str(number)}}}
        for pod in await op.pods("demo-0", 2):
            await op.kube.patch(PODS, pod["metadata"]["name"], note, op.namespace)
        await op.kube.patch(DEPLOYMENTS, "demo-1", note, op.namespace)
        await op.kube.patch(MCPSERVERS, "demo-2", note, op.namespace)
    await op.calm(1.0)
    assert op.writes() == {}


async def test_an_operator_that_starts_again_writes_nothing_and_asks_no_server(
    op: Operated, speaker: McpHttpServer
) -> None:
    await converged(op, speaker.port)
    speaker.manners.asked.clear()
    await op.stop()
    await op.start()
    await op.calm(1.5)
    assert op.writes() == {}
    assert speaker.manners.asked == []


async def test_waiting_for_pods_sees_no_writes_nor_does_a_restart_meanwhile(op: Operated) -> None:
    for number in range(SERVERS):
        await op.create(f"demo-{number}")
        await op.pods_wait(f"demo-{number}", 1)
    await op.calm(1.0)
    op.sent.clear()
    await asyncio.sleep(SECONDS)
    assert dict(op.sent) == {}
    await op.stop()
    await op.start()
    await op.calm(1.5)
    assert op.writes() == {}


async def test_a_crash_loop_is_written_once_and_not_at_every_turn(op: Operated) -> None:
    """Waiting, running, ended, with one more restart each time: the trouble stays the same."""
    await op.create("demo")
    (pod,) = await op.pods("demo", 1)
    await op.calm()
    end = {"terminated": {"exitCode": 1, "reason": "Error", "message": "no database"}}
    await op.say_of_pod(pod, broken_status({"waiting": {"reason": "CrashLoopBackOff"}}, last=end, restarts=2))
    await op.phase("demo", "Failed", "CrashLoopBackOff")
    await op.calm()
    before = await op.status("demo")
    op.sent.clear()
    for restarts in range(3, 6):
        for state in (
            {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
            end,
            {"waiting": {"reason": "CrashLoopBackOff"}},
        ):
            await op.say_of_pod(pod, broken_status(state, last=end, restarts=restarts))
            await op.calm(0.2)
    assert op.writes() == {}
    assert await op.status("demo") == before


async def test_a_failing_pull_is_written_once_whatever_the_kubelet_says_between_tries(op: Operated) -> None:
    await op.create("demo")
    (pod,) = await op.pods("demo", 1)
    turns = [
        {"reason": "ErrImagePull", "message": "manifest unknown"},
        {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "i": ErrImagePull: manifest unknown'},
        {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "i"'},
    ]
    await op.say_of_pod(pod, broken_status({"waiting": turns[0]}))
    await op.phase("demo", "Failed", "ImagePullBackOff")
    await op.calm()
    op.sent.clear()
    for turn in turns[1:] + turns:
        await op.say_of_pod(pod, broken_status({"waiting": turn}))
        await op.calm(0.2)
    assert op.writes() == {}
