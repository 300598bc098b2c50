"""The way to a workload through the embedded API server: headers, bodies in both directions, streams, refusals.

Real API servers refuse loopback addresses, so this runs on the embedded cluster only; the pod's address is that of the
test's own little server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import h11
import httpx
import pytest

from tests.local.api.conftest import Api
from tests.local.api.objects import STRATEGIC, pod
from tests.support.waiting import eventually

pytestmark = pytest.mark.parametrize("control_plane", ["embedded"], indirect=True)


@dataclass
class Workload:
    """An HTTP server that echoes, streams, or waits, and remembers."""

    port: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    received: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        try:
            request = await self._next(connection, reader)
            await self._answer(connection, reader, writer, request)
        except (ConnectionError, h11.RemoteProtocolError):
            self.gone.set()
        finally:
            writer.close()

    async def _next(self, connection: h11.Connection, reader: asyncio.StreamReader) -> Any:
        while (event := connection.next_event()) is h11.NEED_DATA:
            data = await reader.read(65536)
            if not data:
                self.gone.set()
            connection.receive_data(data)
        return event

    async def _answer(self, connection: Any, reader: Any, writer: Any, request: h11.Request) -> None:
        path = request.target.decode()
        if path.startswith("/stream"):
            await self._stream(connection, reader, writer)
            return
        if path.startswith("/never"):
            self.asked.set()
            while await reader.read(65536):
                pass
            self.gone.set()
            return
        if path.startswith("/short"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.")
            return
        body = b""
        while isinstance(event := await self._next(connection, reader), h11.Data):
            body += event.data
            self.received.append(bytes(event.data))
        headers = [[name.decode(), value.decode()] for name, value in request.headers]
        told = {"method": request.method.decode(), "path": path, "headers": headers, "size": len(body)}
        answer = json.dumps(told).encode()
        head = [("Content-Type", "application/json"), ("X-Own", "kept"), ("Content-Length", str(len(answer)))]
        status = 404 if path.startswith("/missing") else 200
        writer.write(connection.send(h11.Response(status_code=status, headers=head)))
        writer.write(connection.send(h11.Data(data=answer)))
        writer.write(connection.send(h11.EndOfMessage()))
        await writer.drain()

    async def _stream(self, connection: Any, reader: Any, writer: Any) -> None:
        """One event, then silence until the caller goes."""
        headers = [("Content-Type", "text/event-stream")]
        writer.write(connection.send(h11.Response(status_code=200, headers=headers)))
        writer.write(connection.send(h11.Data(data=b"data: first\n\n")))
        await writer.drain()
        while await reader.read(65536):
            pass
        self.gone.set()


@pytest.fixture
async def workload(api: Api) -> AsyncIterator[Workload]:
    """The server, and a pod `web` that has its address."""
    workload = Workload()
    server = await asyncio.start_server(workload.serve, "127.0.0.1", 0)
    workload.port = server.sockets[0].getsockname()[1]
    await api.create("pods", pod("web"))
    await api.patch("pods/web/status", {"status": {"podIP": "127.0.0.1"}}, type=STRATEGIC)
    yield workload
    server.close()


async def test_a_request_arrives_as_it_was_sent(api: Api, workload: Workload) -> None:
    path = api.path(f"pods/web:{workload.port}/proxy/a%2Fb//c?x=1&x=%20y")
    headers = {"Mcp-Session-Id": "s1", "X-Forwarded-For": "192.0.2.9", "Accept": "text/event-stream"}
    answer = await api.http.request("DELETE", path, headers=headers)
    told = answer.json()
    assert (told["method"], told["path"]) == ("DELETE", "/a%2Fb//c?x=1&x=%20y")
    seen = {name.lower(): value for name, value in told["headers"]}
    assert (seen["mcp-session-id"], seen["accept"]) == ("s1", "text/event-stream")
    assert "authorization" not in seen
    assert seen["x-forwarded-for"] == "192.0.2.9, 127.0.0.1"
    assert seen["host"] == api.http.base_url.netloc.decode()


async def test_the_answer_comes_back_as_it_is(api: Api, workload: Workload) -> None:
    answer = await api.http.get(api.path(f"pods/web:{workload.port}/proxy/missing"))
    assert (answer.status_code, answer.headers["X-Own"]) == (404, "kept")


async def test_a_large_body_passes(api: Api, workload: Workload) -> None:
    answer = await api.http.post(api.path(f"pods/web:{workload.port}/proxy/"), content=b"x" * 10_000_000)
    assert answer.json()["size"] == 10_000_000


async def test_a_request_body_is_passed_on_while_it_comes(api: Api, workload: Workload) -> None:
    more = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        await more.wait()
        yield b"second"

    sending = asyncio.create_task(api.http.post(api.path(f"pods/web:{workload.port}/proxy/"), content=body()))
    await eventually(lambda: b"first" in workload.received, "the first part arrives before the second is sent")
    more.set()
    assert (await sending).json()["size"] == 11


async def test_an_answer_is_passed_on_while_it_comes_and_ends_with_the_client(api: Api, workload: Workload) -> None:
    path = api.path(f"pods/web:{workload.port}/proxy/stream")
    async with api.http.stream("GET", path) as answer:
        async for line in answer.aiter_lines():
            assert line == "data: first"
            break
    await asyncio.wait_for(workload.gone.wait(), 60)


@pytest.mark.parametrize("body", [None, b"{}", b"x" * 300_000])
async def test_a_client_that_leaves_before_the_answer_takes_its_request_with_it(
    api: Api, workload: Workload, body: bytes | None
) -> None:
    path = api.path(f"pods/web:{workload.port}/proxy/never")
    asking = asyncio.create_task(api.http.request("POST" if body else "GET", path, content=body))
    await asyncio.wait_for(workload.asked.wait(), 60)
    asking.cancel()
    await asyncio.wait_for(workload.gone.wait(), 60)


async def test_an_answer_that_breaks_off_breaks_off_for_the_client(api: Api, workload: Workload) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await api.http.get(api.path(f"pods/web:{workload.port}/proxy/short"))
    log = api.cluster.kubeconfig.parent.parent / "daemon.log"
    await eventually(lambda: "broke off" in log.read_text(), "the daemon says so")
    assert "Exception in ASGI application" not in log.read_text()


async def test_many_at_once_get_their_own_answers(api: Api, workload: Workload) -> None:
    paths = [api.path(f"pods/web:{workload.port}/proxy/n{number}") for number in range(50)]
    answers = await asyncio.gather(*(api.http.get(path) for path in paths))
    assert [answer.json().get("path", answer.text) for answer in answers] == [f"/n{number}" for number in range(50)]


async def test_a_workload_that_does_not_answer_is_unavailable(api: Api, workload: Workload) -> None:
    refusal = await api.refused("GET", "pods/web:1/proxy/")
    assert (refusal.code, refusal.reason) == (503, "ServiceUnavailable")
    assert "error trying to reach service" in refusal.message


async def test_a_service_without_endpoints_is_unavailable(api: Api, workload: Workload) -> None:
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "empty"}}
    await api.create("services", {**body, "spec": {"selector": {"no": "body"}, "ports": [{"port": 80}]}})

    async def refused() -> str:
        with contextlib.suppress(AssertionError):
            return (await api.refused("GET", "services/empty:80/proxy/")).message
        return ""

    await eventually(lambda: _said(refused, 'no endpoints available for service "empty"'), "the words")


async def _said(ask: Any, words: str) -> bool:
    return words in await ask()
