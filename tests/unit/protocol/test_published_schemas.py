"""What we send and what we read, held against the schemas and example messages that the specification publishes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mcp_operator.protocol.checks import check_modern
from mcp_operator.protocol.errors import error_body
from mcp_operator.protocol.headers import modern_headers
from mcp_operator.protocol.identity import judge_discover
from mcp_operator.protocol.messages import classify, decode, encode

from tests.unit.protocol.stage import Request, Response, Stage, legacy_server, modern_server, result, stream

SCHEMAS = Path(__file__).resolve().parents[4] / "shared" / "data" / "mcp-schema"
EXAMPLES = SCHEMAS / "2026-07-28" / "examples"

pytestmark = [
    pytest.mark.fast,
    pytest.mark.skipif(not SCHEMAS.is_dir(), reason=f"the published MCP schemas are not at {SCHEMAS}"),
]


def check(revision: str, definition: str, instance: Any) -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads((SCHEMAS / revision / "schema.json").read_text())
    Draft202012Validator({**schema, "$ref": f"#/$defs/{definition}"}).validate(instance)


def examples(*suffixes: str) -> list[Path]:
    return [path for path in sorted(EXAMPLES.glob("*/*.json")) if path.parent.name.endswith(suffixes)]


def check_sent(revision: str, request: Request) -> None:
    if request.message is None:
        return
    check(revision, "JSONRPCMessage", request.message)
    if request.method:
        check(revision, "ClientRequest" if "id" in request.message else "ClientNotification", request.message)
    elif "result" in request.message:
        check(revision, "ClientResult", request.message["result"])


ELICIT = {"message": "Sure?", "requestedSchema": {"type": "object", "properties": {"ok": {"type": "boolean"}}}}


def test_everything_that_a_modern_conversation_sends_is_valid() -> None:
    asked = iter([True])

    def call(request: Request) -> Response:
        if next(asked, False):
            question = {"method": "elicitation/create", "params": ELICIT}
            return result(request, resultType="input_required", inputRequests={"q": question}, requestState="s")
        return result(request, resultType="complete", content=[])

    handlers = {
        "tools/list": lambda request: result(request, tools=[]),
        "tools/call": call,
        "resources/list": lambda request: result(request, resources=[]),
        "resources/read": lambda request: result(request, contents=[]),
        "prompts/get": lambda request: result(request, messages=[]),
    }
    stage = Stage(modern_server(handlers), lambda _: {"ok": True})
    talk = stage.conversation()
    stage.play(talk.list_tools())
    stage.play(talk.call_tool("t", {"a": 1}, progress=True, ask=True))
    stage.play(talk.list_optional("resources/list", "resources", "resources"))
    stage.play(talk.request("resources/read", {"uri": "file:///a"}))
    stage.play(talk.request("prompts/get", {"name": "p", "arguments": {"a": "b"}}))
    for request in stage.sent:
        check_sent("2026-07-28", request)
        assert check_modern(request.message, request.headers) is None
    check("2026-07-28", "ElicitResult", stage.of("tools/call")[1].params["inputResponses"]["q"])


def test_everything_that_a_legacy_conversation_sends_is_valid() -> None:
    def call(request: Request) -> Response:
        asked = [{"method": "ping"}, {"method": "roots/list"}, {"method": "elicitation/create", "params": ELICIT}]
        questions = [{"jsonrpc": "2.0", "id": f"q{index}", **each} for index, each in enumerate(asked)]
        return stream(*questions, {"jsonrpc": "2.0", "id": request.id, "result": {"content": []}})

    stage = Stage(legacy_server({"tools/call": call}), lambda _: {"ok": True})
    talk = stage.conversation(era="legacy")
    stage.play(talk.call_tool("t", {"a": 1}, progress=True, ask=True))
    stage.play(talk.close())
    assert len(stage.sent) >= 6
    for request in stage.sent:
        check_sent("2025-11-25", request)
    check("2025-11-25", "InitializeRequest", stage.sent[0].message)


def test_a_cancellation_is_valid() -> None:
    broken = Response(200, {"content-type": "text/event-stream"}, [KeyboardInterrupt()])
    stage = Stage(legacy_server({"tools/call": lambda request: broken}))
    with pytest.raises(KeyboardInterrupt):
        stage.play(stage.conversation(era="legacy").call_tool("t", {}))
    check("2025-11-25", "CancelledNotification", stage.sent[-1].message)


@pytest.mark.parametrize("code", [-32700, -32600, -32601, -32602, -32603])
def test_our_errors_are_valid(code: int) -> None:
    check("2026-07-28", "JSONRPCErrorResponse", error_body(1, code, "why"))


# Examples without an envelope are questions inside a result.
REQUESTS = [path for path in examples("Request") if '"jsonrpc"' in path.read_text()]


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: path.stem)
def test_every_example_request_is_one_to_us_and_passes_our_checks_with_our_headers(path: Path) -> None:
    message = decode(path.read_bytes())
    assert classify(message) == "request"
    headers = {key.lower(): value for key, value in modern_headers(message).items()}
    assert check_modern(message, headers) is None


@pytest.mark.parametrize("path", examples("Notification"), ids=lambda path: path.stem)
def test_every_example_notification_is_one_to_us(path: Path) -> None:
    assert classify(decode(path.read_bytes())) == "notification"


@pytest.mark.parametrize("path", examples("ResultResponse"), ids=lambda path: path.stem)
def test_every_example_response_is_one_to_us(path: Path) -> None:
    assert classify(decode(path.read_bytes())) == "response"


@pytest.mark.parametrize("path", examples(".json", ""), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_example_comes_back_unchanged(path: Path) -> None:
    value = json.loads(path.read_text())
    assert decode(encode(value)) == value


@pytest.mark.parametrize("path", examples("DiscoverResult"), ids=lambda path: path.stem)
def test_the_example_of_a_discover_result_is_a_modern_server(path: Path) -> None:
    identity = judge_discover({"jsonrpc": "2.0", "id": 1, "result": json.loads(path.read_text())}).identity
    assert identity is not None
    assert identity.server_info["name"] == "ExampleServer"


@pytest.mark.parametrize(
    "path",
    examples("HeaderMismatchError", "UnsupportedProtocolVersionError", "MissingRequiredClientCapabilityError"),
    ids=lambda path: path.stem,
)
def test_the_examples_of_modern_errors_mean_a_modern_server(path: Path) -> None:
    assert judge_discover(json.loads(path.read_text())).era == "modern"
