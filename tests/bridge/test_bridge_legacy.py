"""The bridge's rules for legacy sessions, on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from pathlib import Path

import httpx
import pytest

from tests.bridge.bridge_testing import PATIENCE, Bridge, Message, Start, events, legacy_call, modern_request


async def test_initialize_opens_a_session_with_a_child_of_its_own(bridge: Bridge) -> None:
    first, second = await bridge.session(), await bridge.session()
    assert first["Mcp-Session-Id"] != second["Mcp-Session-Id"]
    pids = {await pid(bridge, headers) for headers in (first, second)}
    pids.add(await bridge.text("noise"))
    assert len(pids) == 3


async def pid(bridge: Bridge, headers: dict[str, str]) -> str:
    return text_of(await bridge.post(legacy_call("noise"), headers))


def text_of(answer: httpx.Response) -> str:
    stream = "event-stream" in answer.headers["content-type"]
    message = events(answer.text)[-1] if stream else answer.json()
    return str(message["result"]["content"][0]["text"])


async def test_mcp_method_does_not_make_an_initialize_modern(bridge: Bridge) -> None:
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    headers = {"Mcp-Method": "initialize", "MCP-Protocol-Version": "2025-11-25"}
    answer = await bridge.post(message, headers)
    assert answer.status_code == 200
    assert answer.headers["mcp-session-id"]


async def test_clients_capabilities_reach_the_child(bridge: Bridge) -> None:
    headers = await bridge.session(elicitation={}, experimental={"odd": {"a": 1}})
    seen = json.loads(text_of(await bridge.post(legacy_call("capabilities"), headers)))
    assert seen == {"elicitation": {}, "experimental": {"odd": {"a": 1}}}


async def test_without_a_session_400_and_with_an_unknown_one_404(bridge: Bridge) -> None:
    none = await bridge.post(legacy_call("echo", 5, text="x"))
    assert (none.status_code, none.json()["id"], none.json()["error"]["code"]) == (400, 5, -32600)
    for method in ("POST", "GET", "DELETE"):
        headers = {"Mcp-Session-Id": "unknown", "Content-Type": "application/json"}
        body = json.dumps(legacy_call("echo", text="x")).encode()
        answer = await bridge.http.request(method, bridge.url, content=body, headers=headers)
        assert answer.status_code == 404, method


async def test_delete_ends_the_child(bridge: Bridge) -> None:
    headers = await bridge.session()
    child = int(await pid(bridge, headers))
    assert (await bridge.http.delete(bridge.url, headers=headers)).is_success

    async def ended() -> bool:
        return not alive(child)

    await bridge.until(ended)
    assert (await bridge.post(legacy_call("echo", text="x"), headers)).status_code == 404


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


async def test_progress_goes_to_the_post_that_owns_the_token(bridge: Bridge) -> None:
    headers = await bridge.session()
    calls = []
    for number in (1, 2):
        message = legacy_call("progress", number, steps=5)
        message["params"]["_meta"] = {"progressToken": f"token-{number}"}
        calls.append(bridge.post(message, headers))
    for number, answer in enumerate(await asyncio.gather(*calls), 1):
        *steps, last = events(answer.text)
        assert {step["params"]["progressToken"] for step in steps} == {f"token-{number}"}
        assert len(steps) == 5 and last["id"] == number


async def test_question_of_the_server_comes_on_the_open_post(bridge: Bridge) -> None:
    headers = await bridge.session(elicitation={})
    content = json.dumps(legacy_call("ask", 3)).encode()
    request = {"Content-Type": "application/json", **headers}
    async with bridge.http.stream("POST", bridge.url, content=content, headers=request) as stream:
        messages = messages_of(stream)
        question = await anext(messages)
        assert question["method"] == "elicitation/create"
        result = {"action": "accept", "content": {"name": "Ada"}}
        answered = await bridge.post({"jsonrpc": "2.0", "id": question["id"], "result": result}, headers)
        assert (answered.status_code, answered.content) == (202, b"")
        last = await anext(messages)
    assert json.loads(last["result"]["content"][0]["text"]) == result


async def messages_of(stream: httpx.Response):  # type: ignore[no-untyped-def]
    async for line in stream.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


async def test_what_is_said_with_no_post_open_waits_for_the_get_stream(bridge: Bridge) -> None:
    headers = await bridge.session()
    for number in (1, 2):
        message = {"jsonrpc": "2.0", "method": "notifications/test/say", "params": {"number": number}}
        assert (await bridge.post(message, headers)).status_code == 202
    async with bridge.http.stream("GET", bridge.url, headers=headers) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        messages = messages_of(stream)
        assert [(await anext(messages))["params"]["data"]["number"] for _ in range(2)] == [1, 2]


async def test_clients_cancellation_reaches_the_child_with_its_id(bridge: Bridge) -> None:
    headers = await bridge.session()
    message = legacy_call("wait", "w")
    message["params"]["_meta"] = {"progressToken": 1}
    content = json.dumps(message).encode()
    request = {"Content-Type": "application/json", **headers}
    async with bridge.http.stream("POST", bridge.url, content=content, headers=request) as stream:
        await anext(messages_of(stream))
        params = {"requestId": "w"}
        await bridge.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}, headers)

        async def cancelled() -> bool:
            return bool(json.loads(text_of(await bridge.post(legacy_call("cancelled", 9), headers))))

        await bridge.until(cancelled)


@pytest.mark.parametrize("token", [1, None])
async def test_request_that_its_client_cancelled_waits_no_longer(bridge: Bridge, token: int | None) -> None:
    headers = await bridge.session()
    message = legacy_call("wait", "w")
    if token is not None:
        message["params"]["_meta"] = {"progressToken": token}
    waiting = asyncio.ensure_future(bridge.post(message, headers))

    async def busy() -> bool:
        return await bridge.metric("mcp_bridge_requests_in_flight ") == 1

    await bridge.until(busy)
    params = {"requestId": "w"}
    await bridge.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}, headers)
    answer = await asyncio.wait_for(waiting, PATIENCE)
    assert answer.headers["content-type"] == "text/event-stream"
    assert all("result" not in said and "error" not in said for said in events(answer.text))
    assert await bridge.metric("mcp_bridge_requests_in_flight ") == 0


async def test_cancelled_request_of_who_takes_no_stream_is_an_error(bridge: Bridge) -> None:
    headers = {**await bridge.session(), "Accept": "application/json"}
    waiting = asyncio.ensure_future(bridge.post(legacy_call("wait", "w"), headers))

    async def cancelled() -> bool:
        params = {"requestId": "w"}
        await bridge.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}, headers)
        return waiting.done()

    await bridge.until(cancelled)
    answer = (await waiting).json()
    assert (answer["id"], answer["error"]["message"]) == ("w", "the client cancelled this request")


async def test_sessions_have_a_cap(start: Start) -> None:
    bridge = await start("--max-sessions", "1")
    headers = await bridge.session()
    refused = await bridge.initialize()
    assert refused.status_code == 503
    assert "--max-sessions" in refused.json()["error"]["message"]
    await bridge.http.delete(bridge.url, headers=headers)
    assert (await bridge.initialize()).status_code == 200


async def test_idle_session_ends_and_one_with_a_stream_does_not(start: Start) -> None:
    bridge = await start("--session-idle", "3", "--keep-alive", "0.1")
    async with contextlib.AsyncExitStack() as stack:

        async def opened() -> dict[str, str] | None:
            # A machine may be so busy that the session is over before its stream is there.
            headers = await bridge.session()
            stream = await stack.enter_async_context(bridge.http.stream("GET", bridge.url, headers=headers))
            return headers if stream.status_code == 200 else None

        open_ = await bridge.until(opened)
        idle = await bridge.session()

        async def ended() -> bool:
            return await bridge.metric("mcp_bridge_sessions ") == 1

        await bridge.until(ended)
        assert (await bridge.post(legacy_call("echo", text="x"), idle)).status_code == 404
        assert (await bridge.post(legacy_call("echo", text="x"), open_)).status_code == 200


async def test_no_child_is_kept_warm_before_a_first_session(bridge: Bridge) -> None:
    await bridge.text("echo", text="x")
    assert await bridge.metric('mcp_bridge_child_starts_total{kind="warm"}') == 0
    await bridge.session()

    async def warm() -> bool:
        return await bridge.metric('mcp_bridge_child_starts_total{kind="warm"}') == 1

    await bridge.until(warm)
    assert len(children(bridge)) == 3
    await bridge.session()
    assert await bridge.metric('mcp_bridge_child_starts_total{kind="session"}') == 1


async def test_who_only_looks_leaves_no_child_behind(bridge: Bridge) -> None:
    """The operator asks each legacy server once: a spare child beside every one of them would serve nobody."""
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    answer = await bridge.post(message, {"Mcp-Bridge-Passing": "1"})
    assert answer.status_code == 200
    deleted = await bridge.http.delete(bridge.url, headers={"Mcp-Session-Id": answer.headers["mcp-session-id"]})
    assert deleted.status_code == 204

    async def alone() -> bool:
        return len(children(bridge)) == 1

    await bridge.until(alone)
    assert await bridge.metric('mcp_bridge_child_starts_total{kind="warm"}') == 0
    await bridge.session()

    async def warm() -> bool:
        return await bridge.metric('mcp_bridge_child_starts_total{kind="warm"}') == 1

    await bridge.until(warm)


def children(bridge: Bridge) -> list[str]:
    process = bridge.process.pid
    return Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()


async def test_child_of_a_session_that_dies_ends_its_session_alone(bridge: Bridge) -> None:
    headers, other = await bridge.session(), await bridge.session()
    answer = await bridge.post(legacy_call("die", 4), headers)
    assert answer.status_code == 502
    assert (answer.json()["id"], answer.json()["error"]["code"]) == (4, -32603)
    assert (await bridge.post(legacy_call("echo", text="x"), headers)).status_code == 404
    assert text_of(await bridge.post(legacy_call("echo", text="x"), other)) == "x"
    assert await bridge.text("echo", text="modern") == "modern"
    assert await bridge.metric("mcp_bridge_session_restarts_total") == 1


async def test_modern_only_server_refuses_a_session(start: Start) -> None:
    bridge = await start(server=["--era", "modern"])
    answer = await bridge.initialize()
    assert answer.status_code in (400, 404)
    assert "mcp-session-id" not in answer.headers
    assert await bridge.metric("mcp_bridge_sessions ") == 0


async def test_modern_request_with_a_session_header_goes_to_the_shared_child(bridge: Bridge) -> None:
    headers = await bridge.session()
    answer = await bridge.ask("tools/call", {"name": "echo", "arguments": {"text": "m"}}, headers=headers_of(headers))
    assert answer.json()["result"]["content"][0]["text"] == "m"


def headers_of(session: dict[str, str]) -> Message:
    return {"Mcp-Session-Id": session["Mcp-Session-Id"]}


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18"])
async def test_every_legacy_version_is_relayed(bridge: Bridge, version: str) -> None:
    message = modern_request("initialize")
    message["params"] = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    answer = await bridge.post(message)
    assert answer.json()["result"]["protocolVersion"] == version
    session = {"Mcp-Session-Id": answer.headers["mcp-session-id"]}
    assert text_of(await bridge.post(legacy_call("echo", text=version), session)) == version


async def test_client_that_leaves_before_it_knows_its_session_leaves_none(start: Start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    bridge = await start("--max-sessions", "1", server=["--start-after", str(gate)])
    gate.unlink()
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    body = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
    head = ["POST /mcp HTTP/1.1", "Host: localhost", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    writer.write("\r\n".join([*head, "", ""]).encode() + body)

    async def sessions(count: int) -> bool:
        return await bridge.metric("mcp_bridge_sessions ") == count

    await bridge.until(lambda: sessions(1))
    writer.close()
    await bridge.until(lambda: sessions(0))
