"""A server that runs elsewhere: no children, its URL is asked, and its headers stay secret."""

from __future__ import annotations

from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.runtime.resources import DEPLOYMENTS, NETWORKPOLICIES, SECRETS, SERVICES

from tests.controller.harness import Operated, until
from tests.controller.mcphttp import McpHttpServer


async def remote(op: Operated, name: str, url: str, **runtime: object) -> None:
    body = {
        "apiVersion": "mcp.allbeone.io/v1",
        "kind": "MCPServer",
        "metadata": {"name": name, "namespace": op.namespace},
        "spec": {"runtime": {"type": "remote", "url": url, **runtime}},
    }
    await op.kube.create(MCPSERVERS, body)


async def test_a_remote_server_that_answers_is_running_and_has_no_children(
    op: Operated, speaker: McpHttpServer
) -> None:
    url = f"http://127.0.0.1:{speaker.port}/mcp"
    await remote(op, "far", url)
    status = await op.phase("far", "Running", "Ready")
    assert status["serviceEndpoint"] == url
    assert status["mcp"]["serverInfo"]["name"]
    assert (await op.get(DEPLOYMENTS, "far"), await op.get(SERVICES, "far")) == (None, None)
    await op.calm(1.0)
    op.sent.clear()
    await op.calm(1.0)
    assert op.writes() == {}


async def test_a_remote_server_that_does_not_answer_has_failed(op: Operated) -> None:
    await remote(op, "far", "http://127.0.0.1:9/mcp")
    status = await op.phase("far", "Failed", "NoAnswer")
    assert "cannot be asked" in status["message"]


async def test_headers_come_from_secrets_and_are_shown_nowhere(op: Operated, speaker: McpHttpServer) -> None:
    header = {"name": "Authorization", "valueFrom": {"secretKeyRef": {"name": "login", "key": "header"}}}
    await remote(op, "far", f"http://127.0.0.1:{speaker.port}/mcp", headers=[header])
    await op.phase("far", "Failed", "SecretMissing")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login", "namespace": op.namespace}}
    await op.kube.create(SECRETS, {**secret, "stringData": {"header": "Bearer very-secret"}})
    status = await op.phase("far", "Running", "Ready")
    assert "very-secret" not in str([status, await op.events("far")])


async def test_what_ran_here_is_gone_when_the_server_moves_elsewhere(op: Operated, speaker: McpHttpServer) -> None:
    await op.create("moving", port=speaker.port)
    await op.deployment("moving")
    await op.change(
        "moving", image=None, port=None, runtime={"type": "remote", "url": f"http://127.0.0.1:{speaker.port}/mcp"}
    )
    await op.phase("moving", "Running", "Ready")

    async def gone() -> bool:
        return await op.get(DEPLOYMENTS, "moving") is None

    await until(gone, "the Deployment is pruned")


async def test_a_remote_server_of_no_replicas_is_not_asked(op: Operated) -> None:
    await remote(op, "far", "http://127.0.0.1:9/mcp")
    await op.change("far", replicas=0)
    await op.phase("far", "Stopped", "Stopped")


async def test_the_network_policy_comes_changes_and_goes(op: Operated) -> None:
    dns = {"ports": [{"port": 53, "protocol": "UDP"}]}
    await op.create("bounded", networkPolicy={"egress": [dns], "ingress": []})

    async def policy() -> dict[str, object]:
        return (await op.get(NETWORKPOLICIES, "bounded") or {}).get("spec") or {}

    async def both() -> bool:
        return sorted((await policy()).get("policyTypes") or []) == ["Egress", "Ingress"]

    await until(both, "both directions are bounded")
    assert (await policy())["egress"] == [dns]
    await op.calm(1.0)
    op.sent.clear()
    await op.change("bounded", networkPolicy={"ingress": None})

    async def one() -> bool:
        return (await policy()).get("policyTypes") == ["Egress"]

    await until(one, "the direction that is not given is free")
    await op.change("bounded", networkPolicy=None)

    async def none() -> bool:
        return await op.get(NETWORKPOLICIES, "bounded") is None

    await until(none, "the policy is pruned")
    await op.pods_wait("bounded", 1)
    op.sent.clear()
    await op.calm(1.0)
    assert op.writes() == {}
