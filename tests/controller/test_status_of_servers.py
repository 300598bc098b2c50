"""What the status says while pods come and go, and that Ready means: it speaks MCP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import Any

import pytest
from mcp_operator.runtime.resources import DEPLOYMENTS, SERVICES

from tests.controller.harness import Operated, broken_status, ready_status, until
from tests.controller.mcphttp import Manners, McpHttpServer

Object = dict[str, Any]


def condition(status: Object, type_: str) -> Object:
    return next((item for item in status["conditions"] if item["type"] == type_), {})


async def test_a_server_that_runs_says_everything_of_itself(op: Operated, speaker: McpHttpServer) -> None:
    spec = {"registry": {"name": "demo"}, "transport": {"type": "http"}}
    await op.create("demo", replicas=2, port=speaker.port, **spec)
    await op.pods_ready("demo", 2)
    status = await op.phase("demo", "Running", "Ready")
    assert status["mcp"] == {
        "era": "modern",
        "protocolVersions": ["2026-07-28"],
        "sessions": False,
        "serverInfo": {"name": "test-server", "version": "7"},
        "capabilities": ["tools"],
        "tools": ["look"],
        "toolCount": 1,
    }
    assert (status["replicas"], status["readyReplicas"], status["availableReplicas"]) == (2, 2, 2)
    assert (status["image"], status["tag"]) == ("example.test/server", "1")
    assert status["selector"] == "app.kubernetes.io/instance=demo,app.kubernetes.io/name=mcp-server"
    assert status["serviceEndpoint"] == f"demo.{op.namespace}.svc.cluster.local:{speaker.port}"
    states = {item["type"]: (item["status"], item["reason"]) for item in status["conditions"]}
    assert states == {
        "Ready": ("True", "Ready"),
        "Available": ("True", "Available"),
        "Progressing": ("False", "Complete"),
        "Applied": ("True", "Applied"),
        "RegistryFetched": ("True", "RegistryFetched"),
    }
    assert {item["observedGeneration"] for item in status["conditions"]} == {status["observedGeneration"]}


async def test_pods_that_are_ready_but_do_not_speak_mcp_make_no_ready_server(
    op: Operated, speaker: McpHttpServer, manners: Manners
) -> None:
    manners.status = 404
    await op.create("demo", port=speaker.port)
    await op.pods_ready("demo", 1)
    status = await op.phase("demo", "Pending", "NotMCP")
    assert "does not speak MCP at /mcp" in status["message"]
    assert condition(status, "Ready")["status"] == "False"
    assert status["readyReplicas"] == 1
    manners.status = None
    await op.phase("demo", "Running", "Ready")


async def test_a_server_that_takes_connections_and_says_nothing_is_given_its_time_out(
    op: Operated, speaker: McpHttpServer, manners: Manners
) -> None:
    manners.answers = False
    await op.create("demo", port=speaker.port, validation={"timeout": "300ms"})
    await op.pods_ready("demo", 1)
    status = await op.phase("demo", "Pending", "NoAnswer")
    assert status["message"] == "the server does not answer MCP requests within 0.3 s"


async def test_a_tool_that_the_spec_requires_and_the_server_lacks_fails_it(
    op: Operated, speaker: McpHttpServer, manners: Manners
) -> None:
    await op.create("demo", port=speaker.port, validation={"requiredTools": ["look", "touch"]})
    await op.pods_ready("demo", 1)
    status = await op.phase("demo", "Failed", "RequiredToolsMissing")
    assert status["message"] == "the server has no tool touch"
    assert status["mcp"]["tools"] == ["look"]
    manners.tools = ("look", "touch")
    await op.phase("demo", "Running", "Ready")


async def test_required_capabilities_are_required(op: Operated, speaker: McpHttpServer) -> None:
    await op.create("demo", port=speaker.port, validation={"requiredCapabilities": ["prompts"]})
    await op.pods_ready("demo", 1)
    assert (await op.phase("demo", "Failed", "RequiredCapabilitiesMissing"))["readyReplicas"] == 1
    await op.change("demo", validation={"requiredCapabilities": ["tools"]})
    await op.phase("demo", "Running", "Ready")


async def test_without_validation_nobody_asks_and_ready_pods_are_enough(
    op: Operated, speaker: McpHttpServer, manners: Manners
) -> None:
    await op.create("demo", port=speaker.port, validation={"enabled": False})
    await op.pods_ready("demo", 1)
    assert "mcp" not in await op.phase("demo", "Running", "Ready")
    assert manners.asked == []


async def test_a_running_server_is_asked_once_for_each_template(
    op: Operated, speaker: McpHttpServer, manners: Manners
) -> None:
    await op.create("demo", port=speaker.port)
    await op.pods_ready("demo", 1)
    await op.phase("demo", "Running", "Ready")
    await op.change("demo", replicas=2)
    await op.pods_ready("demo", 2)
    await op.phase("demo", "Running", "Ready")
    await op.calm()
    assert manners.asked.count("server/discover") == 1
    await op.change("demo", env=[{"name": "NEW", "value": "1"}], deploymentStrategy={"type": "Recreate"})
    await until(lambda: _rolled(op), "the new pods are made")
    await op.pods_ready("demo", 2)
    await op.phase("demo", "Running", "Ready")
    await op.calm()
    assert manners.asked.count("server/discover") == 2


async def _rolled(op: Operated) -> bool:
    pods = await op.pods("demo", 2)
    return not any((pod["status"].get("podIP")) for pod in pods)


async def test_fewer_ready_than_asked_for_is_degraded_and_none_is_pending(op: Operated, speaker: McpHttpServer) -> None:
    await op.create("demo", port=speaker.port, replicas=2)
    first, second = await op.pods("demo", 2)
    await op.phase("demo", "Pending")
    await op.say_of_pod(first, ready_status("127.0.0.1"))
    status = await op.phase("demo", "Degraded")
    assert (status["readyReplicas"], condition(status, "Available")["status"]) == (1, "True")
    assert condition(status, "Ready")["status"] == "False"
    await op.say_of_pod(second, ready_status("127.0.0.1"))
    await op.phase("demo", "Running", "Ready")


async def test_no_replicas_is_stopped_and_scaling_up_starts_it_again(op: Operated, speaker: McpHttpServer) -> None:
    await op.create("demo", port=speaker.port)
    await op.pods_ready("demo", 1)
    await op.phase("demo", "Running")
    await op.change("demo", replicas=0)
    await op.pods("demo", 0)
    await until(lambda: _replicas(op, 0), "the status counts no pods")
    status = await op.phase("demo", "Stopped", "Stopped")
    assert condition(status, "Progressing")["status"] == "False"
    await op.change("demo", replicas=1)
    await op.pods_ready("demo", 1)
    await op.phase("demo", "Running", "Ready")


async def _replicas(op: Operated, number: int) -> bool:
    return (await op.status("demo")).get("replicas") == number


CRASH = {"exitCode": 3, "reason": "Error", "message": "starting\nno such file: data.db\n"}
TROUBLES = {
    "image": (
        broken_status(
            {
                "waiting": {
                    "reason": "ImagePullBackOff",
                    "message": 'Back-off pulling image "a": ErrImagePull: not found',
                }
            }
        ),
        ("Failed", "ImagePullBackOff"),
        "image i cannot be pulled: not found",
    ),
    "crash": (
        broken_status({"waiting": {"reason": "CrashLoopBackOff"}}, last={"terminated": CRASH}, restarts=2),
        ("Failed", "CrashLoopBackOff"),
        "container mcp-server ended with exit code 3: starting | no such file: data.db",
    ),
    "config": (
        broken_status({"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "token" not found'}}),
        ("Failed", "CreateContainerConfigError"),
        'container mcp-server cannot start: secret "token" not found',
    ),
    "probe": (
        broken_status({"running": {"startedAt": "2026-01-01T00:00:00Z"}}),
        ("Pending", "ContainersNotReady"),
        "the server runs and does not answer its readiness probe yet",
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_what_is_wrong_with_a_pod_is_in_the_status_and_in_an_event(op: Operated, trouble: str) -> None:
    said, wanted, message = TROUBLES[trouble]
    await op.create("demo")
    (pod,) = await op.pods("demo", 1)
    await op.say_of_pod(pod, said)
    status = await op.phase("demo", *wanted)
    assert status["message"] == message
    assert condition(status, "Ready")["message"] == message
    if wanted[0] == "Failed":

        async def told() -> bool:
            return any(
                (e["type"], e["reason"], e["message"]) == ("Warning", wanted[1], message)
                for e in await op.events("demo")
            )

        await until(told, "a warning event with the same words")


async def test_an_update_that_does_not_get_on_is_degraded_and_says_why(op: Operated, speaker: McpHttpServer) -> None:
    await op.create("demo", port=speaker.port)
    await op.pods_ready("demo", 1)
    await op.phase("demo", "Running", "Ready")
    await op.change("demo", image="example.test/server:2")
    new = next(pod for pod in await op.pods("demo", 2) if not pod["status"].get("podIP"))
    status = await op.phase("demo", "Running", "RollingUpdate")
    assert (condition(status, "Ready")["status"], condition(status, "Available")["status"]) == ("False", "True")
    await op.say_of_pod(new, TROUBLES["image"][0])
    status = await op.phase("demo", "Degraded", "ImagePullBackOff")
    assert condition(status, "Available")["status"] == "True"
    assert status["tag"] == "2"


@pytest.mark.parametrize(
    ("legacy", "sessions", "affinity"),
    [(None, False, "None"), ("2025-11-25", False, "None"), ("2025-11-25", True, "ClientIP")],
    ids=["modern", "both, no sessions", "both, sessions"],
)
async def test_affinity_is_by_client_unless_no_session_ids_are_given_in_any_era(
    op: Operated, speaker: McpHttpServer, manners: Manners, legacy: str | None, sessions: bool, affinity: str
) -> None:
    manners.legacy, manners.sessions = legacy, sessions
    await op.create("demo", port=speaker.port, replicas=2)
    await op.deployment("demo")
    assert (await op.kube.get(SERVICES, "demo", op.namespace))["spec"]["sessionAffinity"] == "ClientIP"
    await op.pods_ready("demo", 2)
    status = await op.phase("demo", "Running", "Ready")
    assert status["mcp"]["sessions"] is sessions
    assert status["mcp"]["era"] == ("dual" if legacy else "modern")

    async def chosen() -> bool:
        return (await op.kube.get(SERVICES, "demo", op.namespace))["spec"]["sessionAffinity"] == affinity

    await until(chosen, f"the affinity is {affinity}")
    if sessions:
        assert "DELETE" in manners.asked


async def test_the_affinity_follows_an_answer_that_takes_longer_than_a_reconcile_waits(
    op: Operated, speaker: McpHttpServer, manners: Manners
) -> None:
    assert op.operator is not None
    op.operator.prober._patience = 0.0
    (informer,) = op.operator.world._servers
    take, loop = informer._take, asyncio.get_running_loop()
    # The answer to each write is there before the watch tells of it, which then is no news.
    informer._take = lambda *event: loop.call_later(0.3, take, *event)  # type: ignore[method-assign,assignment]
    manners.may_answer = asyncio.Event()
    await op.create("demo", port=speaker.port, replicas=2)
    await op.pods_ready("demo", 2)
    await op.phase("demo", "Pending", "Probing")
    await until(lambda: _idle(op), "the operator only waits for the answer")
    manners.may_answer.set()
    await op.phase("demo", "Running", "Ready")
    await op.calm()
    assert (await op.kube.get(SERVICES, "demo", op.namespace))["spec"]["sessionAffinity"] == "None"


async def _idle(op: Operated) -> bool:
    assert op.operator is not None
    queue = op.operator.controller.queue
    (informer,) = op.operator.world._servers
    counted = (await op.status("demo")).get("availableReplicas") == 2
    return counted and not (queue._dirty or queue._working or informer._observed)


async def test_a_legacy_server_is_ready_and_says_so(op: Operated, speaker: McpHttpServer, manners: Manners) -> None:
    manners.modern, manners.legacy, manners.sessions = (), "2025-06-18", True
    await op.create("demo", port=speaker.port)
    await op.pods_ready("demo", 1)
    mcp = (await op.phase("demo", "Running", "Ready"))["mcp"]
    assert (mcp["era"], mcp["protocolVersions"], mcp["sessions"]) == ("legacy", ["2025-06-18"], True)
    assert mcp["tools"] == ["look"]


async def test_a_pod_outside_this_machine_is_asked_through_the_api_server(op: Operated, manners: Manners) -> None:
    address = _own_address()
    async with McpHttpServer(manners, address) as server:
        await op.create("demo", port=server.port)
        await op.pods_ready("demo", 1, address)
        status = await op.phase("demo", "Running", "Ready")
    assert status["mcp"]["tools"] == ["look"]
    assert set(manners.hosts) == {f"localhost:{server.port}"}
    assert any(what[1].startswith("pods/") for what in op.sent) is False


def _own_address() -> str:
    """An address of this machine that is not loopback; asking for a route sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    pytest.skip("this machine has no address but loopback")


async def test_the_deployment_is_made_once_and_no_more_is_written_than_needed(
    op: Operated, speaker: McpHttpServer
) -> None:
    await op.create("demo", port=speaker.port)
    await op.pods_ready("demo", 1)
    await op.phase("demo", "Running", "Ready")
    await op.calm()
    writes = op.writes()
    assert writes[("PATCH", DEPLOYMENTS.plural)] == 1
    assert writes[("PATCH", "services")] == writes[("PATCH", "serviceaccounts")] == 1
    assert writes[("PATCH", "mcpservers")] == 1
    written = [_said(body) for method, path, body in op.requests() if (method, path[-7:]) == ("PATCH", "/status")]
    assert len(set(written)) == len(written) > 1, "no status is written twice"


def _said(patch: list[Object]) -> str:
    """The status that a patch writes, without its times."""
    status = patch[-1]["value"]
    conditions = [{**item, "lastTransitionTime": ""} for item in status["conditions"]]
    return json.dumps({**status, "conditions": conditions, "lastUpdateTime": ""}, sort_keys=True)


async def test_of_very_many_tools_the_required_one_is_known_and_the_status_stays_small(
    op: Operated, speaker: McpHttpServer
) -> None:
    speaker.manners.tools = (*(f"tool-{number}-{'x' * 1000}" for number in range(700)), "needle")
    await op.create("demo", port=speaker.port, validation={"requiredTools": ["needle"]})
    await op.pods_ready("demo", 1)
    status = await op.phase("demo", "Running", "Ready")
    assert (status["mcp"]["toolCount"], len(status["mcp"]["tools"])) == (701, 500)
    assert len(json.dumps(status)) < 200_000
