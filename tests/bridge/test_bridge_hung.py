"""Nobody waits for an answer that cannot come: odd answers, closed pipes, a stop in the middle of a start."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from mcp_operator.bridge.channel import Channel
from mcp_operator.bridge.child import Child
from mcp_operator.bridge.exchange import OwnExchange
from mcp_operator.bridge.http1 import Responder
from mcp_operator.bridge.http_head import Request
from mcp_operator.bridge.metrics import Metrics
from mcp_operator.bridge.options import parse
from mcp_operator.bridge.sessions import Sessions
from mcp_operator.bridge.tasks import Tasks

from tests.bridge.bridge_testing import PATIENCE, Bridge, Message, Start, legacy_call, modern_headers, modern_request

SURVIVES_ITS_STDIN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
ENDS_AT_THE_SECOND_LIST = """
import json, sys
lists = 0
for line in sys.stdin:
    message = json.loads(line)
    lists += message["method"] == "tools/list"
    if lists == 2:
        sys.exit(3)
    if message["method"] == "server/discover":
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {"capabilities": {}}}), flush=True)
"""
ODD_SERVER = str(Path(__file__).parent / "servers" / "odd_server.py")


def odd(answer: Message, *flags: str) -> list[str]:
    """The command of a child that answers everything so."""
    return [sys.executable, ODD_SERVER, "--answer", json.dumps(answer), *flags]


def nested(levels: int) -> Any:
    """A list in a list in a list."""
    deep: Any = []
    for _ in range(levels):
        deep = [deep]
    return deep


class Kept(Responder):
    """Keeps what would go to the client."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes]] = []
        self.streaming = False
        self.on_gone = None

    @property
    def done(self) -> bool:
        return bool(self.sent)

    def send(self, status: int, body: bytes = b"", *args: object, **more: object) -> None:
        self.sent.append((status, body))


async def test_answer_whose_error_is_no_object_fails_its_caller_alone(bridge: Bridge) -> None:
    answer = await bridge.call("odd_error", number="odd")
    assert (answer.status_code, answer.json()["id"]) == (502, "odd")
    assert "no JSON-RPC response" in answer.json()["error"]["message"]
    assert await bridge.text("echo", text="alive") == "alive"


async def test_initialize_answered_with_an_odd_error_fails_its_caller(start: Start) -> None:
    bridge = await start(command=odd({"error": 5}))
    answer = await bridge.initialize()
    assert (answer.status_code, answer.json()["id"]) == (502, 0)


async def test_discovery_answered_with_an_odd_code_means_legacy(start: Start) -> None:
    bridge = await start(command=odd({"error": {"code": [], "message": "x"}}))
    answer = await bridge.ask("tools/list")
    assert "initialize" in answer.json()["error"]["message"]
    assert not await bridge.logged("internal error")


async def test_result_with_a_null_for_its_error_is_a_result(start: Start) -> None:
    bridge = await start(command=odd({"result": {"tools": []}, "error": None}))
    assert (await bridge.ask("tools/list")).json()["result"] == {"tools": []}
    answer = await bridge.initialize()
    assert (answer.status_code, answer.json().get("result")) == (200, {"tools": []})


async def test_what_a_child_says_before_its_start_is_over_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(child: Child, command: list[str]) -> None:
        child.pipe_data_received(1, b"usage: thing FILE\n")

    monkeypatch.setattr(Child, "start", start)
    channel = Channel(cast(Any, None))
    await channel.start(["thing"], 1024)
    assert channel.child.last_words == "usage: thing FILE"


async def test_message_too_deep_to_be_written_leaves_nobody_waiting() -> None:
    """What can just be read may be too deep to be written: the two stand on the stack at other heights."""
    deep = nested(100_000)
    channel = Channel(cast(Any, None))
    channel.child = Child(lambda line: None, lambda start, end: None, 1024)
    exchange = OwnExchange({"id": 1, "method": "x"})
    assert channel.submit({"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"deep": deep}}, exchange) is None
    assert await asyncio.wait_for(exchange.reply, PATIENCE) is None
    answered = OwnExchange({"id": 1, "method": "x"})
    channel.waiting[7] = answered
    channel._on_message({"jsonrpc": "2.0", "id": 7, "result": deep}, b"")
    assert await asyncio.wait_for(answered.reply, PATIENCE) is None
    assert not channel.waiting


async def test_no_depth_of_a_request_stays_in_flight(bridge: Bridge) -> None:
    message = modern_request("tools/call", {"name": "echo", "arguments": {"text": "x", "deep": 0}})
    body, headers = json.dumps(message), modern_headers(message)
    for depth in range(900, 1000):
        deep = body.replace('"deep": 0', f'"deep": {"[" * depth}{"]" * depth}').encode()
        answer = await bridge.post(deep, headers)
        assert answer.status_code in (200, 400)
    assert await bridge.metric("mcp_bridge_requests_in_flight ") == 0


async def test_initialize_that_cannot_be_passed_on_leaves_no_session() -> None:
    sessions = Sessions(parse(["--port", "0", "--", "cat"]), Metrics())
    client = Kept()
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": nested(100_000)}}
    sessions.handle(message, Request("POST", "/mcp", {}, True, True), client, True)
    await sessions._tasks.finished()
    assert client.sent[0][0] == 400
    assert not sessions._sessions
    await sessions.stop()


async def test_legacy_session_hears_of_an_odd_error_too(bridge: Bridge) -> None:
    headers = await bridge.session()
    answer = await bridge.post(legacy_call("odd_error", number="odd"), headers)
    assert (answer.status_code, answer.json()["id"]) == (502, "odd")


@pytest.mark.parametrize("result", [{"capabilities": {"tools": None}}, {"capabilities": [], "tools": 5}, [], 7, None])
async def test_child_whose_results_are_odd_is_served(start: Start, result: Any) -> None:
    bridge = await start(command=odd({"result": result}))
    assert (await bridge.ask("tools/list")).json()["result"] == result
    assert (await bridge.call("any")).json()["result"] == result
    assert not await bridge.logged("never retrieved")
    assert not await bridge.logged("internal error")


async def test_answer_too_long_with_its_id_at_the_end_fails_its_caller_alone(start: Start) -> None:
    bridge = await start("--max-message", "1")
    waiting = modern_request("tools/call", {"name": "wait", "arguments": {}}, "w", progressToken=1)
    headers = {"Content-Type": "application/json", **modern_headers(waiting)}
    async with bridge.http.stream("POST", bridge.url, content=json.dumps(waiting).encode(), headers=headers) as stream:
        lines = stream.aiter_lines()
        progress = await anext(json.loads(line[5:]) async for line in lines if line.startswith("data:"))
        other = progress["params"]["progress"]
        answer = await bridge.call("big_id_last", number="big", other=other, size=2 * 1024 * 1024)
        assert (answer.status_code, answer.json()["id"]) == (502, "big")
        assert "--max-message" in answer.json()["error"]["message"]
        assert await bridge.metric("mcp_bridge_requests_in_flight ") == 1


async def test_call_that_waits_for_the_tools_hears_that_the_server_has_ended(start: Start) -> None:
    bridge = await start(command=[sys.executable, "-c", ENDS_AT_THE_SECOND_LIST])
    answer = await bridge.call("any", number="late")
    assert (answer.status_code, answer.json()["id"]) == (502, "late")
    assert "the server has ended" in answer.json()["error"]["message"]


async def test_child_that_closed_its_stdout_and_lives_on_is_ended(bridge: Bridge) -> None:
    answer = await bridge.call("mute", number="m")
    assert (answer.status_code, answer.json()["id"]) == (502, "m")
    await bridge.http.aclose()
    assert await asyncio.wait_for(bridge.process.wait(), PATIENCE) == 128 + signal.SIGTERM
    await bridge.until(lambda: bridge.logged("the server closed its stdout and runs on; it is ended"))


async def test_child_that_closed_its_stdin_and_lives_on_is_ended(start: Start) -> None:
    bridge = await start(command=odd({"result": {}}, "--deaf"))
    answer = await bridge.ask("tools/list", number="t")
    assert (answer.status_code, answer.json()["id"]) == (502, "t")
    await bridge.http.aclose()
    assert await asyncio.wait_for(bridge.process.wait(), PATIENCE) == 128 + signal.SIGTERM
    await bridge.until(lambda: bridge.logged("the server closed its stdin and runs on; it is ended"))


async def test_stop_during_a_sessions_start_leaves_no_child_behind() -> None:
    before = set(Child.running)
    sessions = Sessions(parse(["--port", "0", "--", sys.executable, "-c", SURVIVES_ITS_STDIN]), Metrics())
    client = Kept()
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}
    sessions.handle(message, Request("POST", "/mcp", {}, True, True), client, True)
    await sessions.stop()
    assert client.sent[0][0] == 503
    assert Child.running == before


async def test_stop_during_a_warm_start_leaves_no_child_behind() -> None:
    before = set(Child.running)
    sessions = Sessions(parse(["--port", "0", "--", sys.executable, "-c", SURVIVES_ITS_STDIN]), Metrics())
    session = await sessions._start("session")
    sessions._sessions[session.id] = session
    sessions._initialized(session, True)
    await sessions.stop()
    assert Child.running == before


async def test_work_that_fails_answers_its_client_and_is_logged(capfd: pytest.CaptureFixture[str]) -> None:
    tasks, client = Tasks(), Kept()

    async def fails() -> None:
        raise LookupError("no such thing")

    tasks.run(fails(), client, "n")
    await tasks.finished()
    await asyncio.sleep(0)
    assert client.sent[0][0] == 500
    assert b'"id":"n"' in client.sent[0][1]
    assert "internal error: LookupError: no such thing" in capfd.readouterr().err
