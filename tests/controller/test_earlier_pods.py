"""An update that does not get on: the pods from before it serve, and the status goes on to tell that."""

from __future__ import annotations

from typing import Any

from tests.controller.harness import Operated, ready_status, until, waiting_status
from tests.controller.mcphttp import McpHttpServer


async def test_pods_of_the_earlier_template_that_come_back_count(op: Operated, speaker: McpHttpServer) -> None:
    await op.create("demo", port=speaker.port)
    pod = (await op.pods_ready("demo", 1))[0]
    await op.phase("demo", "Running", "Ready")
    await op.change("demo", env=[{"name": "NEW", "value": "1"}])
    newer = next(one for one in await op.pods("demo", 2) if one["metadata"]["name"] != pod["metadata"]["name"])
    await op.say_of_pod(newer, waiting_status())
    await op.phase("demo", "Running", "RollingUpdate")

    async def available(wanted: str) -> dict[str, Any] | None:
        found = (await op.status("demo"))["conditions"]
        return next((one for one in found if (one["type"], one["status"]) == ("Available", wanted)), None)

    assert await available("True")
    await op.say_of_pod(pod, waiting_status())
    await until(lambda: available("False"), "the pod from before is away")
    await op.say_of_pod(pod, ready_status("127.0.0.1"))
    await until(lambda: available("True"), "the pod from before is back")
    await op.phase("demo", "Running", "RollingUpdate")
