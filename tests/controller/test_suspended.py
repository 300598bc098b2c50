"""A suspended server is left as it is, and its status goes on to tell whether it serves."""

from __future__ import annotations

from typing import Any

from tests.controller.harness import Operated, ready_status, until, waiting_status
from tests.controller.mcphttp import McpHttpServer


async def test_it_is_available_again_when_its_pods_are(op: Operated, speaker: McpHttpServer) -> None:
    await op.create("demo", port=speaker.port)
    pod = (await op.pods_ready("demo", 1))[0]
    await op.phase("demo", "Running", "Ready")
    await op.change("demo", suspend=True)
    await op.phase("demo", "Running", "Suspended")

    async def available(wanted: str) -> dict[str, Any] | None:
        found = (await op.status("demo"))["conditions"]
        return next((one for one in found if (one["type"], one["status"]) == ("Available", wanted)), None)

    assert await available("True")
    await op.say_of_pod(pod, waiting_status())
    gone = await until(lambda: available("False"), "the pod is away")
    assert gone["message"] == "no replica is available"
    await op.say_of_pod(pod, ready_status("127.0.0.1"))
    await until(lambda: available("True"), "the pod is back")
    await op.phase("demo", "Running", "Suspended")
