"""What a client may leave unread, or send to a server that does not read, before the bridge gives it up."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mcp_operator.bridge.http1 import IDLE_SECONDS, Connections, Responder
from mcp_operator.bridge.http_head import Request
from mcp_operator.bridge.server import unread_bound

from tests.bridge.bridge_testing import PATIENCE, Start, legacy_call

MIB = 1024 * 1024
ODD_SERVER = str(Path(__file__).parent / "servers" / "odd_server.py")


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_largest_answer_is_never_too_much_to_leave_unread() -> None:
    for mebibytes in (1, 48, 100):
        assert unread_bound(mebibytes * MIB) > mebibytes * MIB


@pytest.fixture
async def much() -> AsyncIterator[tuple[Connections, socket.socket]]:
    """A client of a server that answers at once with more than a socket holds."""

    def answer(request: Request, responder: Responder) -> None:
        responder.send(200, b"x" * 32 * MIB)

    connections = Connections(answer, MIB, MIB, 50 * MIB)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(connections, "127.0.0.1", 0)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    client.setblocking(False)
    await loop.sock_connect(client, server.sockets[0].getsockname())
    await loop.sock_sendall(client, GET)
    assert await loop.sock_recv(client, 1) == b"H"
    yield connections, client
    client.close()
    server.close()


async def test_client_that_asks_and_asks_and_reads_nothing_is_given_up(
    much: tuple[Connections, socket.socket],
) -> None:
    connections, client = much
    await asyncio.get_running_loop().sock_sendall(client, GET)
    await asyncio.wait_for(connections.all_closed.wait(), PATIENCE)


async def test_client_that_stops_reading_its_answer_is_given_up(much: tuple[Connections, socket.socket]) -> None:
    connections, _ = much
    connections.sweep(asyncio.get_running_loop().time() + IDLE_SECONDS + 1)
    await asyncio.wait_for(connections.all_closed.wait(), PATIENCE)


async def test_client_that_reads_slowly_is_not_given_up(much: tuple[Connections, socket.socket]) -> None:
    connections, client = much
    loop = asyncio.get_running_loop()
    now = loop.time()
    for _ in range(3):
        connections.sweep(now)
        received = 0
        # More than the kernel may hold between the two.
        while received < 9 * MIB:
            received += len(await loop.sock_recv(client, MIB))
        now += IDLE_SECONDS + 1
    connections.sweep(now)
    assert len(connections.open) == 1


async def test_session_whose_server_reads_nothing_takes_no_more(start: Start) -> None:
    bridge = await start(command=[sys.executable, ODD_SERVER, "--answer", '{"result": {}}', "--inattentive"])
    headers = await bridge.session()
    notice = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"text": "x" * 8 * MIB}}
    taken = 0
    while (await bridge.post(notice, headers)).status_code == 202 and taken < 8:
        taken += 1
    assert 4 <= taken < 8
    refused = await bridge.post(legacy_call("any", 5), headers)
    assert (refused.status_code, refused.json()["id"], refused.headers["retry-after"]) == (503, 5, "1")
