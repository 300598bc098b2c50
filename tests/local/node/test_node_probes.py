"""Probes: what counts as success, how soon a starting server is ready, thresholds, what they cost at rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcp_cli.local.node.probe_loop import ProbeListener, eager_steps, run_probes
from mcp_cli.local.node.probes import ProbeResult, ProbeTarget, UnsupportedProbe, attempt
from tests.local.node.waiting import until_async
from tests.support.processes import free_ports


class Web:
    """A tiny HTTP server whose answer can be changed."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: list[bytes] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\nwords" % self.status)
        except asyncio.IncompleteReadError:
            self.requests.append(b"")
        writer.close()


class Record(list[str]):
    """What a listener was told."""

    def listener(self) -> ProbeListener:
        return ProbeListener(
            lambda: self.append("started"),
            lambda ready: self.append("ready" if ready else "unready"),
            lambda kind, result: self.append(f"unhealthy {kind}: {result.message}"),
            lambda kind: self.append(f"kill {kind}"),
        )


async def run_here(command: list[str], timeout: float) -> tuple[int, str]:
    if command[0] == "slow":
        raise TimeoutError
    return int(command[1]), "said so"


def target(port: int = 0) -> ProbeTarget:
    return ProbeTarget("127.0.0.1", {"http": port}, run_here)


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    server = Web()
    await server.start()
    yield server
    await server.stop()


@pytest.mark.parametrize(("status", "success"), [(200, True), (302, True), (399, True), (404, False), (503, False)])
async def test_http(web: Web, status: int, success: bool) -> None:
    web.status = status
    headers = [{"name": "X-Mark", "value": "1"}]
    result = await attempt({"httpGet": {"path": "/up", "port": "http", "httpHeaders": headers}}, target(web.port))
    assert result.success is success
    if not success:
        assert result.message == f"HTTP probe failed with statuscode: {status}: words"
    assert web.requests[0].startswith(b"GET /up HTTP/1.1\r\n") and b"X-Mark: 1\r\n" in web.requests[0]


async def test_tcp_and_exec(web: Web) -> None:
    assert (await attempt({"tcpSocket": {"port": web.port}}, target())).success
    assert (await attempt({"exec": {"command": ["exit", "0"]}}, target())).success
    assert await attempt({"exec": {"command": ["exit", "2"]}}, target()) == ProbeResult(False, "said so")
    timed_out = await attempt({"exec": {"command": ["slow"]}}, target())
    assert timed_out == ProbeResult(False, 'command "slow" timed out after 1s')


async def test_a_port_that_nobody_listens_on() -> None:
    (port,) = free_ports(1)
    for probe in ({"httpGet": {"port": port}}, {"tcpSocket": {"port": port}}):
        result = await attempt(probe, target())
        assert not result.success and result.message.endswith("connect: connection refused")


@pytest.mark.parametrize("probe", [{"grpc": {"port": 1}}, {"httpGet": {"port": "nope"}}])
async def test_probes_that_cannot_be_tried(probe: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedProbe):
        await attempt(probe, target())


async def test_a_server_is_ready_a_moment_after_it_answers() -> None:
    """A readiness period of an hour does not make a starting server wait for it."""
    web, record, (port,) = Web(), Record(), free_ports(1)
    probes = asyncio.create_task(
        run_probes({"readinessProbe": {"httpGet": {"port": port}, "periodSeconds": 3600}}, target(), record.listener())
    )
    await until_async(lambda: record, "the probes begin")
    await web.start(port)
    await until_async(lambda: "ready" in record, "ready")
    assert record == ["started", "ready"], "refused connections of a start are no news"
    probes.cancel()
    await web.stop()


def test_eager_steps_grow_to_their_bound() -> None:
    steps = eager_steps(1.0)
    taken = [next(steps) for _ in range(80)]
    assert taken[0] == 0.05 and taken == sorted(taken) and taken[-1] == 1.0
    assert taken[40] == 0.2, "five times a second for the first seconds"


async def test_without_probes_a_container_is_ready_at_once() -> None:
    record = Record()
    await asyncio.wait_for(run_probes({}, target(), record.listener()), 60)
    assert record == ["started", "ready"]


async def test_readiness_goes_and_comes_by_its_thresholds(web: Web) -> None:
    record = Record()
    probe = {"httpGet": {"port": web.port}, "periodSeconds": 0.05, "failureThreshold": 2, "successThreshold": 1}
    probes = asyncio.create_task(run_probes({"readinessProbe": probe}, target(), record.listener()))
    await until_async(lambda: "ready" in record, "ready")
    web.status = 500
    await until_async(lambda: "unready" in record, "unready")
    assert len([entry for entry in record if entry.startswith("unhealthy Readiness")]) == 2
    web.status = 200
    await until_async(lambda: record[-1] == "ready", "ready again")
    probes.cancel()


async def test_a_failing_liveness_probe_kills(web: Web) -> None:
    record = Record()
    probe = {"httpGet": {"port": web.port}, "periodSeconds": 0.05, "failureThreshold": 3}
    probes = asyncio.create_task(run_probes({"livenessProbe": probe}, target(), record.listener()))
    await until_async(lambda: len(web.requests) > 1, "probed")
    assert record == ["started", "ready"]
    web.status = 500
    await until_async(lambda: "kill liveness" in record, "killed")
    probes.cancel()


async def test_the_other_probes_wait_for_startup(web: Web) -> None:
    record, gate = Record(), Web()
    await gate.start()
    gate.status = 500
    probes = asyncio.create_task(
        run_probes(
            {
                "startupProbe": {"httpGet": {"port": gate.port}, "periodSeconds": 1, "failureThreshold": 30},
                "readinessProbe": {"httpGet": {"port": web.port}},
            },
            target(),
            record.listener(),
        )
    )
    await until_async(lambda: len(gate.requests) > 2, "startup is tried")
    assert (record, web.requests) == ([], [])
    gate.status = 200
    await until_async(lambda: record == ["started", "ready"], "started and ready")
    probes.cancel()
    await gate.stop()


async def test_a_startup_probe_that_never_succeeds_kills(web: Web) -> None:
    web.status, record = 500, Record()
    probe = {"httpGet": {"port": web.port}, "periodSeconds": 0.1, "failureThreshold": 3}
    probes = asyncio.create_task(run_probes({"startupProbe": probe}, target(), record.listener()))
    await until_async(lambda: "kill startup" in record, "killed")
    assert "started" not in record
    probes.cancel()


async def test_a_grpc_probe_says_that_it_is_not_supported() -> None:
    record = Record()
    probes = asyncio.create_task(run_probes({"readinessProbe": {"grpc": {"port": 1}}}, target(), record.listener()))
    await until_async(lambda: len(record) == 2, "told")
    assert record[1].startswith("unhealthy Readiness: grpc probes are not supported")
    probes.cancel()


async def test_twenty_probes_at_rest_cost_next_to_nothing(web: Web) -> None:
    """Ten pods with a readiness and a liveness probe of ten seconds: two tries a second."""
    probe = {"httpGet": {"port": web.port}, "periodSeconds": 10}
    container = {"readinessProbe": probe, "livenessProbe": probe}
    probes = [asyncio.create_task(run_probes(container, target(), Record().listener())) for _ in range(10)]
    await until_async(lambda: len(web.requests) == 10, "all are ready")
    before = time.process_time()
    for _ in range(20):
        await attempt(probe, target())
    assert (time.process_time() - before) / 10 < 0.01, "ten seconds' worth of tries takes under 1 % of ten seconds"
    for task in probes:
        task.cancel()
