"""/healthz, /readyz and /metrics over real sockets, and a manager that says what it waits for."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.health import Answer, HealthServer, parse_address
from mcp_operator.runtime.manager import Manager, ManagerConfig
from mcp_operator.runtime.metrics import RuntimeMetrics
from mcp_operator.runtime.resources import PODS

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:%d"}}]
contexts: [{name: c, context: {cluster: c, user: c}}]
users: [{name: c, user: {token: secret}}]
current-context: c
"""


@pytest.fixture
async def server():
    server = HealthServer("127.0.0.1", 0, {"/healthz": lambda: Answer(200, b"ok\n")})
    await server.start()
    yield server
    await server.stop()


async def test_it_answers_get_and_head_and_nothing_else(server: HealthServer) -> None:
    base = f"http://127.0.0.1:{server.port}"
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        assert (await http.get(f"{base}/healthz?verbose")).text == "ok\n"
        head = await http.head(f"{base}/healthz")
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "3")
        assert (await http.post(f"{base}/healthz")).status_code == 405
        missing = await http.get(f"{base}/nothing")
        assert (missing.status_code, missing.text) == (404, "there are: /healthz\n")


async def test_rubbish_and_clients_that_leave_do_no_harm(server: HealthServer) -> None:
    for junk in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"x" * 70_000, b""):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(junk)
        writer.close()
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        assert (await http.get(f"http://127.0.0.1:{server.port}/healthz")).status_code == 200


async def test_a_page_that_cannot_be_made_is_an_answer_and_no_silence() -> None:
    def breaks() -> Answer:
        raise RuntimeError("a collector failed")

    server = HealthServer("127.0.0.1", 0, {"/metrics": breaks})
    await server.start()
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.get(f"http://127.0.0.1:{server.port}/metrics")
    assert (answer.status_code, answer.text) == (500, "a collector failed\n")
    await server.stop()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":8080", ("", 8080)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:81", ("::1", 81)),
        ("0", None),
        ("", None),
    ],
)
def test_addresses_are_written_as_in_other_operators(text: str, address: object) -> None:
    assert parse_address(text) == address


def test_a_wrong_address_says_how_to_write_one() -> None:
    with pytest.raises(ValueError, match="write HOST:PORT"):
        parse_address("8080")


async def test_readyz_names_what_a_dead_api_server_keeps_from_being_listed(tmp_path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        kubeconfig = tmp_path / "config"
        kubeconfig.write_text(KUBECONFIG % unused.getsockname()[1])
        client = await KubeClient.connect(str(kubeconfig))
        manager = Manager(
            client, ManagerConfig(health_address=("127.0.0.1", 0), metrics_address=("127.0.0.1", 0)), RuntimeMetrics()
        )
        informer = manager.informer(PODS)
        stop = asyncio.Event()
        running = asyncio.create_task(manager.run(stop))
        while informer.error is None:  # noqa: ASYNC110 (the informer tells nobody of its errors)
            await asyncio.sleep(0)
        base = f"http://127.0.0.1:{manager.servers[0].port}"
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            assert (await http.get(f"{base}/healthz")).status_code == 200
            unready = await http.get(f"{base}/readyz")
            assert unready.status_code == 503
            assert unready.text.startswith("pods: http://127.0.0.1:")
            assert "does not answer" in unready.text
            assert "process_resident_memory_bytes" in (await http.get(f"{base}/metrics")).text
        stop.set()
        await running
        await client.close()
