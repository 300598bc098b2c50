"""The bridge's rules for the modern era, on the wire."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest
from mcp_operator.bridge.metrics import MAX_SERIES, Metrics

from tests.bridge.bridge_testing import PREFIX, VERSION, Bridge, Start, events, modern_headers, modern_request


async def test_answer_is_relayed_with_the_clients_id(bridge: Bridge) -> None:
    for number in (7, "seven", 0, "", 2**53 + 1, 'with "quotes" and ümlauts'):
        answer = await bridge.call("echo", number=number, text="hi")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["id"] == number
        assert answer.json()["result"]["content"] == [{"type": "text", "text": "hi"}]


async def test_what_the_bridge_does_not_know_passes_unchanged(bridge: Bridge) -> None:
    odd = {"é": "\u2028 \U0001f600", "n": 1.5e-7, "deep": [[[{}]]], "$ref": "#/x", "null": None}
    assert json.loads(await bridge.text("region", **odd)) == odd


async def test_ids_and_tokens_are_mapped_on_the_way_in(bridge: Bridge) -> None:
    params = {"name": "ids", "arguments": {}}
    first, second = [await bridge.ask("tools/call", params, "same", progressToken="same") for _ in range(2)]
    seen = [json.loads(events_or_json(answer)[-1]["result"]["content"][0]["text"]) for answer in (first, second)]
    assert seen[0]["id"] != seen[1]["id"]
    assert all(item["token"] == item["id"] for item in seen)


def events_or_json(answer: object) -> list[dict[str, object]]:
    return events(answer.text) if "event-stream" in answer.headers["content-type"] else [answer.json()]  # type: ignore[attr-defined]


async def test_progress_makes_a_stream_with_the_clients_token(bridge: Bridge) -> None:
    params = {"name": "progress", "arguments": {"steps": 3}}
    answer = await bridge.ask("tools/call", params, "p", progressToken="my-token")
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["x-accel-buffering"] == "no"
    *steps, last = events(answer.text)
    assert [step["params"]["progress"] for step in steps] == [0, 1, 2]
    assert {step["params"]["progressToken"] for step in steps} == {"my-token"}
    assert last["id"] == "p" and "result" in last


async def test_client_that_takes_no_stream_gets_json(bridge: Bridge) -> None:
    params = {"name": "progress", "arguments": {}}
    answer = await bridge.ask("tools/call", params, 1, {"Accept": "application/json"}, progressToken=1)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["result"]["content"][0]["text"] == "done"


@pytest.mark.parametrize("missing", ["protocolVersion", "clientCapabilities"])
async def test_required_meta_missing_is_invalid_params(bridge: Bridge, missing: str) -> None:
    message = modern_request("tools/list", number="m")
    del message["params"]["_meta"][PREFIX + missing]
    answer = await bridge.post(message, modern_headers(message))
    assert (answer.status_code, answer.json()["id"], answer.json()["error"]["code"]) == (400, "m", -32602)


@pytest.mark.parametrize(
    "headers",
    [
        {"MCP-Protocol-Version": "2025-11-25"},
        {"MCP-Protocol-Version": None},
        {"Mcp-Method": "tools/list"},
        {"Mcp-Method": None},
        {"Mcp-Name": "other"},
        {"Mcp-Name": None},
        {"Mcp-Name": "=?base64?!!!?="},
    ],
)
async def test_header_that_differs_from_the_body_is_refused(bridge: Bridge, headers: dict[str, str | None]) -> None:
    answer = await bridge.call("echo", number="h", headers=headers, text="x")
    assert (answer.status_code, answer.json()["id"], answer.json()["error"]["code"]) == (400, "h", -32020)


async def test_sentinel_is_decoded_before_it_is_compared(bridge: Bridge) -> None:
    wrapped = f"=?base64?{base64.b64encode(b'echo').decode()}?="
    answer = await bridge.call("echo", headers={"Mcp-Name": wrapped}, text="x")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Mcp-Param-Region": "eu", "Mcp-Param-Count": "42"}, 200),
        ({"Mcp-Param-Region": "eu", "Mcp-Param-Count": "42.0"}, 200),
        ({"Mcp-Param-Region": "=?base64?ZXU=?=", "Mcp-Param-Count": "42"}, 200),
        ({"Mcp-Param-Region": "us", "Mcp-Param-Count": "42"}, 400),
        ({"Mcp-Param-Region": "eu"}, 400),
        ({"Mcp-Param-Region": "eu", "Mcp-Param-Count": "43"}, 400),
        ({"Mcp-Param-Region": "=?base64?x?=", "Mcp-Param-Count": "42"}, 400),
    ],
)
async def test_parameter_headers_are_checked_against_the_tools(
    bridge: Bridge, headers: dict[str, str], status: int
) -> None:
    answer = await bridge.call("region", headers=headers, region="eu", count=42)
    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]["code"] == -32020


async def test_tools_are_forgotten_when_they_change(bridge: Bridge) -> None:
    assert (await bridge.call("region", region="eu")).status_code == 400
    await bridge.call("change")

    async def accepted() -> bool:
        return (await bridge.call("region", region="eu")).status_code == 200

    await bridge.until(accepted)


@pytest.mark.parametrize(
    ("code", "status"), [(-32601, 404), (-32020, 400), (-32021, 400), (-32022, 400), (-32602, 200)]
)
async def test_status_follows_the_servers_error(bridge: Bridge, code: int, status: int) -> None:
    answer = await bridge.call("fail", number="e", code=code)
    assert answer.status_code == status
    assert (answer.json()["id"], answer.json()["error"]["code"]) == ("e", code)


async def test_initialize_and_ping_do_not_exist(bridge: Bridge) -> None:
    for method in ("initialize", "ping", "nothing/known"):
        answer = await bridge.ask(method, number="gone")
        assert (answer.status_code, answer.json()["id"], answer.json()["error"]["code"]) == (404, "gone", -32601)


async def test_unknown_version_in_the_header_makes_a_request_modern(bridge: Bridge) -> None:
    answer = await bridge.post(
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"MCP-Protocol-Version": "2031-01-01"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32602)


async def test_get_and_delete_are_not_served(bridge: Bridge) -> None:
    for method in ("GET", "DELETE", "PUT"):
        answer = await bridge.http.request(method, bridge.url, headers={"MCP-Protocol-Version": "2026-07-28"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_log_goes_to_the_one_request_that_asked(bridge: Bridge) -> None:
    params = {"name": "log", "arguments": {"text": "mine"}}
    asked = await bridge.ask("tools/call", params, 1, **{PREFIX + "logLevel": "info"})
    assert [item["params"]["data"] for item in events(asked.text)[:-1]] == ["mine"]
    silent = await bridge.ask("tools/call", params, 1)
    assert silent.headers["content-type"] == "application/json"


async def test_log_whose_owner_is_not_certain_reaches_nobody(bridge: Bridge, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    level = {PREFIX + "logLevel": "info"}
    waiting = asyncio.ensure_future(
        bridge.ask("tools/call", {"name": "echo", "arguments": {"text": "x", "after": str(gate)}}, 1, **level)
    )
    await bridge.until(lambda: in_flight(bridge))
    second = await bridge.ask("tools/call", {"name": "log", "arguments": {"text": "whose"}}, 2, **level)
    gate.touch()
    assert "whose" not in second.text
    assert "whose" not in (await waiting).text
    assert await bridge.metric('mcp_bridge_dropped_messages_total{reason="log_ambiguous"}') == 1


async def in_flight(bridge: Bridge) -> bool:
    return await bridge.metric("mcp_bridge_requests_in_flight ") >= 1


async def test_malformed_bodies_are_refused(bridge: Bridge) -> None:
    cases = [
        (b"{", -32700), (b"\xff\xfe", -32700), (b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"n":NaN}}', -32700),
        (b"[" * 100_000, -32700), (b"[]", -32600), (b'{"id":1,"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":[]}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"n":1e999}}', -32700),
    ]  # fmt: skip
    for body, code in cases:
        answer = await bridge.post(body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), body[:40]
    plain = await bridge.http.post(bridge.url, content=b"{}", headers={"Content-Type": "text/plain"})
    assert plain.status_code == 415


async def test_notification_is_accepted_and_relayed(bridge: Bridge) -> None:
    message = {
        "jsonrpc": "2.0",
        "method": "notifications/other",
        "params": {"_meta": modern_request("x")["params"]["_meta"]},
    }
    answer = await bridge.post(message, {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "notifications/other"})
    assert (answer.status_code, answer.content) == (202, b"")


async def test_legacy_server_sends_modern_clients_to_initialize(start: Start) -> None:
    bridge = await start(server=["--era", "legacy"])
    discover = await bridge.ask("server/discover")
    assert (discover.status_code, discover.json()["error"]["code"]) == (404, -32601)
    other = await bridge.ask("tools/list")
    assert (other.status_code, other.json()["error"]["code"]) == (400, -32600)


async def test_server_that_is_silent_becomes_ready_as_legacy(start: Start) -> None:
    bridge = await start(server=["--era", "legacy", "--silent"])
    assert (await bridge.initialize()).status_code == 200


async def test_answer_to_nobodys_question_is_refused(bridge: Bridge) -> None:
    answer = {"jsonrpc": "2.0", "id": 1, "result": {}, "params": modern_request("x")["params"]}
    refused = await bridge.post(answer, {"MCP-Protocol-Version": VERSION})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, -32600)


async def test_listener_that_takes_no_stream_is_told_so(bridge: Bridge) -> None:
    headers = {"Accept": "application/json"}
    refused = await bridge.ask("subscriptions/listen", {"notifications": {}}, "l", headers)
    assert (refused.status_code, refused.json()["id"]) == (406, "l")
    assert "text/event-stream" in refused.json()["error"]["message"]


@pytest.mark.fast
def test_names_that_clients_make_up_take_bounded_memory() -> None:
    metrics = Metrics()
    for tool in ("x" * 10_000, *map(str, range(MAX_SERIES * 2))):
        metrics.started("tools/call")
        metrics.finished("tools/call", tool, "ok", 0.1)
    assert len(metrics.durations) <= MAX_SERIES + 1
    assert max(len(line) for line in metrics.text().splitlines()) < 1000
