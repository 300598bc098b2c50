"""Subscriptions and disconnections: streams that stay open, and clients that go away."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import httpx

from tests.bridge.bridge_testing import PREFIX, Bridge, Message, Start, modern_headers, modern_request

WANTED = {"notifications": {"toolsListChanged": True}}


@contextlib.asynccontextmanager
async def stream(bridge: Bridge, message: Message) -> AsyncIterator[tuple[httpx.Response, AsyncIterator[str]]]:
    content = json.dumps(message).encode()
    headers = {"Content-Type": "application/json", **modern_headers(message)}
    async with bridge.http.stream("POST", bridge.url, content=content, headers=headers) as response:
        yield response, response.aiter_lines()


async def message_from(lines: AsyncIterator[str]) -> Message:
    async for line in lines:
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))  # type: ignore[no-any-return]
    raise EOFError


async def test_listeners_hear_what_another_request_changed(bridge: Bridge) -> None:
    async with contextlib.AsyncExitStack() as stack:
        listeners = []
        for number in ("a", 1):
            message = modern_request("subscriptions/listen", WANTED, number)
            _, lines = await stack.enter_async_context(stream(bridge, message))
            acknowledged = await message_from(lines)
            assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
            assert acknowledged["params"]["_meta"][PREFIX + "subscriptionId"] == number
            listeners.append((number, lines))
        await bridge.call("change")
        for number, lines in listeners:
            changed = await message_from(lines)
            assert changed["method"] == "notifications/tools/list_changed"
            assert changed["params"]["_meta"][PREFIX + "subscriptionId"] == number


async def test_comments_keep_a_quiet_stream_alive(start: Start) -> None:
    bridge = await start("--keep-alive", "0.1")
    async with stream(bridge, modern_request("subscriptions/listen", WANTED)) as (_, lines):
        await message_from(lines)
        comments = [line async for line in first(lines, 6) if line.startswith(":")]
    assert comments


async def first(lines: AsyncIterator[str], count: int) -> AsyncIterator[str]:
    for _ in range(count):
        yield await anext(lines)


async def test_server_ends_a_subscription(bridge: Bridge) -> None:
    async with stream(bridge, modern_request("subscriptions/listen", WANTED, "over")) as (_, lines):
        await message_from(lines)
        await bridge.call("end_listeners")
        with contextlib.suppress(EOFError):
            await message_from(lines)


async def test_listener_that_leaves_is_cancelled_in_the_child(bridge: Bridge) -> None:
    async with stream(bridge, modern_request("subscriptions/listen", WANTED)) as (_, lines):
        await message_from(lines)
    await bridge.until(lambda: cancellations(bridge, 1))


async def cancellations(bridge: Bridge, count: int) -> bool:
    return len(json.loads(await bridge.text("cancelled"))) == count


async def test_client_that_disconnects_cancels_its_call(bridge: Bridge) -> None:
    params = {"name": "wait", "arguments": {}}
    async with stream(bridge, modern_request("tools/call", params, "w", progressToken="t")) as (_, lines):
        await message_from(lines)
    await bridge.until(lambda: cancellations(bridge, 1))
    assert await bridge.metric("mcp_bridge_requests_in_flight ") == 0


async def test_disconnection_before_any_answer_cancels_too(bridge: Bridge) -> None:
    body = json.dumps(modern_request("tools/call", {"name": "wait", "arguments": {}}, "w")).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
    writer.write(request_bytes(body))
    await writer.drain()

    async def waiting() -> bool:
        return await bridge.metric("mcp_bridge_requests_in_flight ") == 1

    await bridge.until(waiting)
    writer.close()
    await bridge.until(lambda: cancellations(bridge, 1))
    assert not await reader.read()


def request_bytes(body: bytes, name: str = "wait") -> bytes:
    lines = ["POST /mcp HTTP/1.1", "Host: localhost", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += ["MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", f"Mcp-Name: {name}", "", ""]
    return "\r\n".join(lines).encode() + body


async def test_two_hundred_clients_never_get_each_others_answers(bridge: Bridge) -> None:
    async def client(number: int) -> bool:
        """On a connection of its own, with the id that everybody uses."""
        reader, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
        seen = []
        for round_ in range(5):
            words = f"client {number} round {round_}"
            params = {"name": "echo", "arguments": {"text": words}}
            writer.write(request_bytes(json.dumps(modern_request("tools/call", params)).encode(), "echo"))
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.partition(b"Content-Length: ")[2].split()[0])
            answer = json.loads(await reader.readexactly(size))
            seen.append(answer["id"] == 1 and answer["result"]["content"][0]["text"] == words)
        writer.close()
        return all(seen)

    assert all(await asyncio.gather(*(client(number) for number in range(200))))


async def test_two_hundred_streams_get_their_own_progress(bridge: Bridge) -> None:
    async def client(number: int) -> bool:
        message = modern_request("tools/call", {"name": "progress", "arguments": {"steps": 3}}, 1, progressToken=number)
        async with stream(bridge, message) as (_, lines):
            steps = [await message_from(lines) for _ in range(3)]
            last = await message_from(lines)
        return {step["params"]["progressToken"] for step in steps} == {number} and last["id"] == 1

    assert all(await asyncio.gather(*(client(number) for number in range(200))))
