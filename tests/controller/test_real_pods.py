"""The operator beside the embedded cluster's node: real processes behind the real bridge, found ready or found out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp_operator.api import names
from mcp_operator.runtime.resources import DEPLOYMENTS, PODS

from tests.controller.harness import Operated, until

pytestmark = pytest.mark.parametrize("control_plane", ["embedded"], indirect=True)

SERVER = Path(__file__).parents[1] / "bridge" / "servers" / "stdio_server.py"
HOST: dict[str, Any] = {"image": names.HOST_IMAGE_REPOSITORY, "transport": {"type": "stdio"}, "nodeSelector": {}}


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(SERVER), *arguments]


async def test_a_stdio_server_of_three_replicas_becomes_ready_behind_the_bridge(op: Operated) -> None:
    await op.create("demo", **HOST, command=command(), replicas=3)
    status = await op.phase("demo", "Running", "Ready")
    assert status["mcp"]["serverInfo"] == {"name": "test-server", "version": "1.2.3"}
    assert (status["mcp"]["sessions"], status["readyReplicas"]) == (True, 3)
    assert status["mcp"]["toolCount"] == len(status["mcp"]["tools"]) > 0
    await op.calm(1.0)
    op.sent.clear()
    await op.calm(1.0)
    assert op.writes() == {}


async def test_a_legacy_stdio_server_says_what_it_is_in_a_session(op: Operated) -> None:
    await op.create("demo", **HOST, command=command("--era", "legacy"))
    status = await op.phase("demo", "Running", "Ready")
    assert (status["mcp"]["era"], status["mcp"]["sessions"]) == ("legacy", True)
    assert status["mcp"]["serverInfo"] == {"name": "test-server", "version": "1.2.3"}
    assert status["mcp"]["toolCount"] == len(status["mcp"]["tools"]) > 0
    (pod,) = await op.pods("demo", 1)
    async with httpx.AsyncClient(trust_env=False) as http:
        metrics = (await http.get(f"http://{pod['status']['podIP']}:8080/metrics")).text
    assert 'mcp_bridge_child_starts_total{kind="session"} 1' in metrics
    assert 'mcp_bridge_child_starts_total{kind="warm"} 1' not in metrics, "no child stays behind for a question"


async def test_tools_that_the_spec_wants_are_looked_for(op: Operated) -> None:
    await op.create("demo", **HOST, command=command("--era", "legacy"), validation={"requiredTools": ["nothing"]})
    status = await op.phase("demo", "Failed", "RequiredToolsMissing")
    assert status["mcp"]["era"] == "legacy"
    assert status["mcp"]["tools"]


async def test_a_server_that_crashes_says_its_last_words_and_heals_when_mended(op: Operated) -> None:
    words = "import sys; sys.exit('no database at /data')"
    await op.create("demo", **HOST, command=[sys.executable, "-c", words])
    status = await op.phase("demo", "Failed", "CrashLoopBackOff")
    assert "no database at /data" in status["message"]
    await op.change("demo", command=command())
    await op.phase("demo", "Running", "Ready")


async def test_a_missing_command_is_told(op: Operated) -> None:
    await op.create("demo", **HOST, command=["/no/such/program"])
    status = await op.phase("demo", "Failed")
    assert "/no/such/program" in status["message"]


async def test_an_image_that_needs_a_container_engine_says_so(op: Operated) -> None:
    await op.create("demo", image="example.test/server:1", nodeSelector={})
    status = await op.phase("demo", "Failed")
    assert "engine" in status["message"] or "pull" in status["message"]
    assert status["message"].count("example.test/server:1") <= 1


async def test_a_process_killed_by_hand_comes_back_and_the_status_follows(op: Operated) -> None:
    await op.create("demo", **HOST, command=command())
    await op.phase("demo", "Running", "Ready")
    (pod,) = await op.pods("demo", 1)
    await op.kube.delete(PODS, pod["metadata"]["name"], op.namespace)

    async def replaced() -> bool:
        pods = await op.pods("demo", 1)
        return pods[0]["metadata"]["uid"] != pod["metadata"]["uid"]

    await until(replaced, "another pod is there")
    await op.phase("demo", "Running", "Ready")


async def test_scaled_to_none_and_back(op: Operated) -> None:
    await op.create("demo", **HOST, command=command())
    await op.phase("demo", "Running", "Ready")
    await op.change("demo", replicas=0)
    await op.phase("demo", "Stopped")
    await op.pods("demo", 0)
    await op.change("demo", replicas=2)
    await op.phase("demo", "Running", "Ready")
    assert (await op.kube.get(DEPLOYMENTS, "demo", op.namespace))["status"]["readyReplicas"] == 2
