"""A client and a modern server: what is sent, what comes of each kind of answer."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.protocol.failures import (
    HttpError,
    InputNeeded,
    InvalidAnswer,
    ProtocolError,
    TooLarge,
    TransportError,
    UnusableTool,
)
from mcp_operator.protocol.questions import Question

from tests.unit.protocol.stage import Request, Response, Stage, body, failure, modern_server, result, stream

pytestmark = pytest.mark.fast

VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
ELICIT = {"method": "elicitation/create", "params": {"message": "Sure?", "requestedSchema": {"type": "object"}}}


def done(request: Request) -> Response:
    return result(request, resultType="complete", content=[{"type": "text", "text": "ok"}])


def asking(*rounds: dict[str, Any]) -> Any:
    """A tool that asks these things, one a call, before it is done."""
    left = list(rounds)
    return lambda request: result(request, resultType="input_required", **left.pop(0)) if left else done(request)


def test_every_request_carries_version_and_capabilities_in_body_and_headers() -> None:
    stage = Stage(modern_server({"tools/call": done}))
    stage.play(stage.conversation().call_tool("größe", {}))
    assert stage.methods() == ["server/discover", "tools/call"]
    for request in stage.sent:
        meta = request.params["_meta"]
        assert meta[VERSION] == request.headers["mcp-protocol-version"] == "2026-07-28"
        assert meta[CAPABILITIES] == {}
        assert request.headers["mcp-method"] == request.method
        assert request.headers["accept"] == "application/json, text/event-stream"
    assert stage.sent[1].headers["mcp-name"] == "=?base64?Z3LDtsOfZQ==?="
    assert stage.open == 0


def test_the_era_is_asked_once() -> None:
    stage = Stage(modern_server({"tools/call": done}))
    talk = stage.conversation()
    for _ in range(3):
        stage.play(talk.call_tool("t", {}))
    assert stage.methods().count("server/discover") == 1


def test_a_version_that_is_refused_is_chosen_again_from_what_the_server_supports() -> None:
    refusals = iter([-32022])

    def discover(request: Request) -> Response:
        code = next(refusals, None)
        if code is None:
            return result(request, supportedVersions=["2026-07-28"], capabilities={})
        return failure(request, code, 400, {"supported": ["2026-07-28"]})

    stage = Stage(modern_server({"server/discover": discover}))
    assert stage.play(stage.conversation().discover()).era == "modern"
    assert len({request.id for request in stage.sent}) == 2


def test_a_server_that_refuses_what_it_supports_is_an_error_and_not_a_loop() -> None:
    always = modern_server(
        {"server/discover": lambda request: failure(request, -32022, 400, {"supported": ["2026-07-28"]})}
    )
    stage = Stage(always)
    with pytest.raises(ProtocolError) as refused:
        stage.play(stage.conversation().discover())
    assert refused.value.code == -32022
    assert len(stage.sent) == 2


@pytest.mark.parametrize("status", [401, 403, 502, 503])
def test_something_in_front_of_the_server_is_not_taken_for_an_old_server(status: int) -> None:
    stage = Stage(lambda request: Response(status, {}, [b"no endpoints available"]))
    with pytest.raises(HttpError) as refused:
        stage.play(stage.conversation().discover())
    assert refused.value.status == status
    assert "no endpoints available" in str(refused.value)
    assert len(stage.sent) == 1


def test_an_answer_is_read_from_a_stream_behind_progress() -> None:
    def call(request: Request) -> Response:
        token = request.params["_meta"]["progressToken"]
        told = [
            {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": t, "progress": p}}
            for t, p in [(token, 1), ("another's", 9), (token, 2.5)]
        ]
        return stream(*told, {"jsonrpc": "2.0", "id": request.id, "result": {"content": []}})

    stage = Stage(modern_server({"tools/call": call}))
    stage.play(stage.conversation().call_tool("t", {}, progress=True))
    assert [told.progress for told in stage.told] == [1, 2.5]


def test_questions_are_answered_by_the_same_request_with_a_new_id_and_the_state_unchanged() -> None:
    rounds = asking({"inputRequests": {"a": ELICIT}, "requestState": "x\u00ff=="}, {"inputRequests": {"b": ELICIT}})
    asked: list[Question] = []
    stage = Stage(modern_server({"tools/call": rounds}), lambda question: asked.append(question) or {"yes": True})
    stage.play(stage.conversation().call_tool("t", {"n": 1}, ask=True))
    first, second, third = stage.of("tools/call")
    assert [question.key for question in asked] == ["a", "b"]
    assert second.params["requestState"] == "x\u00ff=="
    assert second.params["inputResponses"] == {"a": {"action": "accept", "content": {"yes": True}}}
    assert "requestState" not in third.params and list(third.params["inputResponses"]) == ["b"]
    assert len({first.id, second.id, third.id}) == 3
    assert {str(each.params["arguments"]) for each in (first, second, third)} == {"{'n': 1}"}
    assert first.params["_meta"][CAPABILITIES] == {"elicitation": {"form": {}}}


def test_defaults_fill_the_fields_that_the_user_left_out() -> None:
    schema = {"properties": {"name": {"default": "Jo"}, "age": {"default": 30}, "note": {}}}
    question = {"method": "elicitation/create", "params": {"message": "Who?", "requestedSchema": schema}}
    stage = Stage(modern_server({"tools/call": asking({"inputRequests": {"q": question}})}), lambda _: {"age": 31})
    stage.play(stage.conversation().call_tool("t", {}, ask=True))
    response = stage.sent[-1].params["inputResponses"]["q"]
    assert response == {"action": "accept", "content": {"name": "Jo", "age": 31}}


def test_none_declines() -> None:
    stage = Stage(modern_server({"tools/call": asking({"inputRequests": {"q": ELICIT}})}), lambda _: None)
    stage.play(stage.conversation().call_tool("t", {}, ask=True))
    assert stage.sent[-1].params["inputResponses"] == {"q": {"action": "decline"}}


def test_a_question_that_nobody_can_answer_says_what_was_asked() -> None:
    stage = Stage(modern_server({"tools/call": asking({"inputRequests": {"q": ELICIT}})}))
    with pytest.raises(InputNeeded, match=r"Sure\?") as needed:
        stage.play(stage.conversation().call_tool("t", {}))
    assert needed.value.questions[0].key == "q"


def test_sampling_is_declined_clearly_and_roots_are_none() -> None:
    roots = {"inputRequests": {"r": {"method": "roots/list"}}}
    sample = {"inputRequests": {"s": {"method": "sampling/createMessage", "params": {}}}}
    stage = Stage(modern_server({"tools/call": asking(roots, sample)}))
    with pytest.raises(ProtocolError, match="sampling is declined"):
        stage.play(stage.conversation().call_tool("t", {}))
    assert stage.sent[-1].params["inputResponses"] == {"r": {"roots": []}}


def test_a_state_alone_means_call_again_after_a_pause() -> None:
    stage = Stage(modern_server({"tools/call": asking({"requestState": "50%"})}))
    stage.play(stage.conversation().call_tool("t", {}))
    assert stage.slept and stage.sent[-1].params["requestState"] == "50%"


@pytest.mark.parametrize(
    "fields",
    [
        {"resultType": "task"},
        {"resultType": "input_required"},
        {"resultType": "input_required", "inputRequests": {"q": 1}},
    ],
)
def test_results_that_the_protocol_does_not_know_are_invalid(fields: dict[str, Any]) -> None:
    stage = Stage(modern_server({"tools/call": lambda request: result(request, **fields)}))
    with pytest.raises(InvalidAnswer):
        stage.play(stage.conversation().call_tool("t", {}))


def test_a_server_that_asks_without_end_is_stopped() -> None:
    endless = modern_server(
        {"tools/call": lambda request: result(request, resultType="input_required", requestState="x")}
    )
    stage = Stage(endless)
    with pytest.raises(InvalidAnswer, match="without an end"):
        stage.play(stage.conversation().call_tool("t", {}))


@pytest.mark.parametrize(("hints", "calls"), [({}, 1), ({"readOnlyHint": True}, 2), ({"idempotentHint": True}, 2)])
def test_a_broken_stream_is_asked_again_only_where_that_does_no_harm(hints: dict[str, bool], calls: int) -> None:
    tool = {"name": "t", "inputSchema": {"type": "object"}, "annotations": hints}
    handlers = {
        "tools/list": lambda request: result(request, tools=[tool]),
        "tools/call": lambda request: Response(
            200, {"content-type": "text/event-stream"}, [b": open\n\n", TransportError("cut")]
        ),
    }
    stage = Stage(modern_server(handlers))
    talk = stage.conversation()
    stage.play(talk.list_tools())
    with pytest.raises(TransportError):
        stage.play(talk.call_tool("t", {}))
    assert len({request.id for request in stage.of("tools/call")}) == calls
    assert stage.open == 0


def test_mirrored_arguments_that_the_client_did_not_know_of_are_learned_from_the_definition() -> None:
    schema = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}

    def call(request: Request) -> Response:
        return done(request) if request.headers.get("mcp-param-region") == "eu" else failure(request, -32020, 400)

    tools = [{"name": "t", "inputSchema": schema}]
    stage = Stage(modern_server({"tools/list": lambda r: result(r, tools=tools), "tools/call": call}))
    stage.play(stage.conversation().call_tool("t", {"region": "eu"}))
    assert stage.methods() == ["server/discover", "tools/call", "tools/list", "tools/call"]


def test_a_malformed_tool_is_left_out_with_a_warning_and_cannot_be_called() -> None:
    bad = {"name": "bad", "inputSchema": {"properties": {"a": {"type": "number", "x-mcp-header": "A"}}}}
    tools = [bad, {"name": "good", "inputSchema": {}}]
    stage = Stage(modern_server({"tools/list": lambda request: result(request, tools=tools)}))
    talk = stage.conversation()
    assert [tool["name"] for tool in stage.play(talk.list_tools())] == ["good"]
    assert len(talk.warnings) == 1
    with pytest.raises(UnusableTool, match="bad"):
        stage.play(talk.call_tool("bad", {}))
    assert not stage.of("tools/call")


def test_all_pages_of_a_list_are_read() -> None:
    pages = {None: (["a", "b"], "2"), "2": (["c"], "3"), "3": ([], None)}

    def listing(request: Request) -> Response:
        names, cursor = pages[request.params.get("cursor")]
        tools = [{"name": name, "inputSchema": {}} for name in names]
        return result(request, tools=tools, **({"nextCursor": cursor} if cursor else {}))

    stage = Stage(modern_server({"tools/list": listing}))
    assert [tool["name"] for tool in stage.play(stage.conversation().list_tools())] == ["a", "b", "c"]


def test_a_list_that_goes_round_in_circles_is_stopped() -> None:
    stage = Stage(modern_server({"tools/list": lambda request: result(request, tools=[], nextCursor="again")}))
    with pytest.raises(InvalidAnswer, match="no end"):
        stage.play(stage.conversation().list_tools())
    assert len(stage.of("tools/list")) == 2


def test_what_a_server_does_not_announce_is_empty_without_a_request() -> None:
    discover = {"server/discover": lambda r: result(r, supportedVersions=["2026-07-28"], capabilities={"prompts": {}})}
    stage = Stage(modern_server(discover))
    talk = stage.conversation()
    assert stage.play(talk.list_optional("resources/list", "resources", "resources")) == []
    assert stage.play(talk.list_optional("prompts/list", "prompts", "prompts")) == []
    assert stage.methods() == ["server/discover", "prompts/list"]


def test_an_error_of_the_server_comes_with_code_words_and_data() -> None:
    stage = Stage(modern_server({"tools/call": lambda request: failure(request, -32602, data={"why": "x"})}))
    with pytest.raises(ProtocolError) as refused:
        stage.play(stage.conversation().call_tool("t", {}))
    assert (refused.value.code, refused.value.data) == (-32602, {"why": "x"})


def test_an_answer_beyond_the_bound_is_refused() -> None:
    stage = Stage(modern_server({"tools/call": lambda request: Response(200, {}, [b"x" * 1000] * 10)}))
    talk = stage.conversation()
    talk.settings.max_body = 5000
    with pytest.raises(TooLarge):
        stage.play(talk.call_tool("t", {}))
    assert stage.open == 0


def test_a_known_modern_server_that_is_none_is_an_error() -> None:
    stage = Stage(lambda request: body({"jsonrpc": "2.0", "id": 1, "error": {"code": -32600, "message": ""}}, 400))
    with pytest.raises(InvalidAnswer, match="2026-07-28"):
        stage.play(stage.conversation(era="modern").discover())
