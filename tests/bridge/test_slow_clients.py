"""What a client may leave unread, or send to a server that does not read, before the bridge gives it up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mcp_operator.bridge.http1 import IDLE_SECONDS, Connections, Responder
from mcp_operator.bridge.http_head import Request

from tests.bridge.bridge_testing import PATIENCE, Bridge, Start, legacy_call, modern_headers, modern_request

MIB = 1024 * 1024
ODD_SERVER = str(Path(__file__).parent / "servers" / "odd_server.py")


def calls_for_much(count: int, size: int) -> bytes:
    """So many requests on one connection, each for an answer of that size."""
    body = json.dumps(modern_request("tools/call", {"name": "big", "arguments": {"size": size}})).encode()
    head = [f"{name}: {value}" for name, value in modern_headers(json.loads(body)).items()]
    lines = ["POST /mcp HTTP/1.1", "Host: localhost", "Content-Type: application/json", *head]
    return ("\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body) * count


async def test_client_that_reads_none_of_many_answers_is_dropped(bridge: Bridge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bridge.port, limit=1024)
    writer.write(calls_for_much(4, 30 * MIB))

    async def over() -> bool:
        return await bridge.metric("mcp_bridge_requests_total") >= 3

    await bridge.until(over)
    received = 0
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(PATIENCE):
            while data := await reader.read(MIB):
                received += len(data)
    writer.close()
    assert received < 90 * MIB
    assert await bridge.text("echo", text="alive") == "alive"


async def test_answer_as_long_as_max_message_allows_is_delivered(start: Start) -> None:
    bridge = await start("--max-message", "100")
    answer = await bridge.call("big", size=70 * MIB)
    assert len(answer.content) > 70 * MIB


@pytest.fixture
async def much() -> AsyncIterator[tuple[Connections, socket.socket]]:
    """A client of a server that answers at once with more than a socket holds."""

    def answer(request: Request, responder: Responder) -> None:
        responder.send(200, b"x" * 32 * MIB)

    connections = Connections(answer, MIB, MIB, 64 * MIB)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(connections, "127.0.0.1", 0)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    client.setblocking(False)
    await loop.sock_connect(client, server.sockets[0].getsockname())
    await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert await loop.sock_recv(client, 1) == b"H"
    yield connections, client
    client.close()
    server.close()


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
