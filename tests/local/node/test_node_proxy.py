"""The Service proxy: the table, the choice of a backend, and bytes through real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from mcp_cli.local.node.proxy.balancer import Balancer
from mcp_cli.local.node.proxy.relay import Accepted
from mcp_cli.local.node.proxy.table import Route, routes
from tests.local.node.waiting import until_async

A, B, C = ("127.9.1.1", 80), ("127.9.1.2", 80), ("127.9.1.3", 80)


def service(**spec: Any) -> dict[str, Any]:
    base = {"clusterIP": "127.9.200.1", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}
    return {"metadata": {"namespace": "ns", "name": "s"}, "spec": base | spec}


def endpoints(*ips: str, port: int = 8080, name: str = "http", unready: tuple[str, ...] = ()) -> dict[str, Any]:
    subset = {
        "addresses": [{"ip": ip} for ip in ips],
        "notReadyAddresses": [{"ip": ip} for ip in unready],
        "ports": [{"name": name, "port": port, "protocol": "TCP"}],
    }
    return {("ns", "s"): {"subsets": [subset]}}


@pytest.mark.fast
def test_a_service_leads_to_the_ready_addresses_of_its_port() -> None:
    table = routes([service()], endpoints("127.9.1.2", "127.9.1.1", unready=("127.9.1.3",)), "127.9.0.1")
    assert table == {("127.9.200.1", 80): Route(("ns", "s"), (("127.9.1.1", 8080), ("127.9.1.2", 8080)), None)}


@pytest.mark.fast
@pytest.mark.parametrize(
    ("the_service", "its_endpoints"),
    [
        (service(), endpoints(unready=("127.9.1.1",))),
        (service(), {}),
        (service(), endpoints("127.9.1.1", name="other")),
        (service(clusterIP="None"), endpoints("127.9.1.1")),
        (service(clusterIP="10.0.0.7"), endpoints("127.9.1.1")),
        (service(type="ExternalName", clusterIP=""), endpoints("127.9.1.1")),
        (service(ports=[{"name": "http", "port": 53, "protocol": "UDP"}]), endpoints("127.9.1.1")),
    ],
)
def test_what_is_not_listened_on(the_service: dict[str, Any], its_endpoints: dict) -> None:
    assert routes([the_service], its_endpoints, "127.9.0.1") == {}


@pytest.mark.fast
def test_node_ports_and_affinity() -> None:
    affinity = {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}}
    ports = [{"name": "http", "port": 80, "nodePort": 30080}]
    table = routes([service(type="NodePort", ports=ports, **affinity)], endpoints("127.9.1.1"), "127.9.0.1")
    assert set(table) == {("127.9.200.1", 80), ("127.9.0.1", 30080)}
    assert {route.affinity for route in table.values()} == {60.0}


@pytest.mark.fast
def test_connections_go_round() -> None:
    balancer = Balancer(Route(("ns", "s"), (A, B, C), None))
    assert [balancer.candidates("x")[0] for _ in range(6)] == [A, B, C, A, B, C]
    assert set(balancer.candidates("x")) == {A, B, C}


@pytest.mark.fast
def test_a_client_stays_with_its_backend_while_that_is_there_and_the_time_lasts() -> None:
    now = [0.0]
    balancer = Balancer(Route(("ns", "s"), (A, B), 60.0), lambda: now[0])
    balancer.connected("c1", B)
    assert [balancer.candidates("c1")[0] for _ in range(3)] == [B, B, B]
    assert balancer.candidates("c2")[0] == A
    now[0] = 61.0
    assert balancer._kept("c1") is None
    balancer.connected("c1", B)
    balancer.route = Route(("ns", "s"), (A, C), 60.0)
    assert balancer.candidates("c1")[0] in (A, C)


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


class Backends:
    """Servers of a test and one listener of the proxy before them."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []

    async def serve(self, handler: Handler) -> tuple[str, int]:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        self._servers.append(server)
        return server.sockets[0].getsockname()

    async def proxy(self, *backends: tuple[str, int], affinity: float | None = None) -> tuple[str, int]:
        balancer = Balancer(Route(("ns", "s"), backends, affinity))
        server = await asyncio.get_running_loop().create_server(lambda: Accepted(lambda: balancer), "127.0.0.1", 0)
        self._servers.append(server)
        return server.sockets[0].getsockname()

    def keep(self, server: asyncio.Server) -> None:
        """Close it with the others."""
        self._servers.append(server)

    async def close(self) -> None:
        for server in self._servers:
            server.close()


@pytest.fixture
async def backends() -> AsyncIterator[Backends]:
    made = Backends()
    yield made
    await made.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes, and end when the other side ends."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write(b"<end>")
    writer.close()


def named(name: bytes) -> Handler:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(name)
        writer.close()

    return answer


async def ask(address: tuple[str, int], local: str | None = None) -> bytes:
    reader, writer = await asyncio.open_connection(*address, local_addr=(local, 0) if local else None)
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    return answer


async def test_bytes_pass_both_ways_and_a_half_close_is_passed_on(backends: Backends) -> None:
    address = await backends.proxy(await backends.serve(echo))
    reader, writer = await asyncio.open_connection(*address)
    payload = bytes(range(256)) * 20_000
    reading = asyncio.create_task(reader.read())
    writer.write(payload)
    writer.write_eof()
    assert await asyncio.wait_for(reading, 60) == payload + b"<end>"
    writer.close()


async def test_a_server_that_speaks_first_and_closes_first(backends: Backends) -> None:
    assert await ask(await backends.proxy(await backends.serve(named(b"hello")))) == b"hello"


async def test_connections_are_balanced_and_a_dead_backend_is_passed_over(backends: Backends) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
    one, two = await backends.serve(named(b"1")), await backends.serve(named(b"2"))
    address = await backends.proxy(one, dead, two)
    answers = [await ask(address) for _ in range(6)]
    assert set(answers) == {b"1", b"2"} and 2 <= answers.count(b"1") <= 4


async def test_affinity_is_by_client_address(backends: Backends) -> None:
    address = await backends.proxy(*[await backends.serve(named(str(n).encode())) for n in range(3)], affinity=60.0)
    first = {await ask(address, "127.0.0.2") for _ in range(4)}
    second = {await ask(address, "127.0.0.3") for _ in range(4)}
    assert len(first) == len(second) == 1 and first != second


async def test_no_backend_that_answers_ends_the_connection_quickly(backends: Backends) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
    address = await backends.proxy(dead)
    with pytest.raises(ConnectionResetError):
        if await asyncio.wait_for(ask(address), 60) == b"":
            raise ConnectionResetError


async def test_a_slow_reader_holds_the_writer_back(backends: Backends) -> None:
    """The proxy buffers a little and no more."""
    sent = [0]

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        chunk = b"x" * 65536
        while True:
            writer.write(chunk)
            await writer.drain()
            sent[0] += len(chunk)

    address = await backends.proxy(await backends.serve(flood))
    reader, writer = await asyncio.open_connection(*address, limit=65536)
    previous = -1
    while not sent[0] or sent[0] != previous:
        previous = sent[0]
        await asyncio.sleep(0.3)
    assert 0 < sent[0] < 40_000_000
    await reader.readexactly(2_000_000)
    await until_async(lambda: sent[0] > previous, "it goes on when it is read")
    writer.transport.abort()


async def test_a_client_that_breaks_off_ends_the_backends_connection(backends: Backends) -> None:
    ended = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        except ConnectionResetError:
            ended.set()
        ended.set()
        writer.close()

    address = await backends.proxy(await backends.serve(wait))
    _, writer = await asyncio.open_connection(*address)
    writer.write(b"x")
    await writer.drain()
    writer.transport.abort()
    await asyncio.wait_for(ended.wait(), 60)


async def test_a_connection_whose_service_has_just_gone_is_ended_and_does_not_hang(backends: Backends) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Accepted(lambda: None), "127.0.0.1", 0)
    backends.keep(server)
    reader, _ = await asyncio.open_connection(*server.sockets[0].getsockname())
    assert await asyncio.wait_for(reader.read(), 60) == b""
