"""A client and a legacy server: opening, sessions, questions on a stream, broken streams, the transport of 2024."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp_operator.protocol.failures import (
    HttpError,
    InputNeeded,
    InvalidAnswer,
    NoCommonVersion,
    SessionLost,
    TransportError,
)
from mcp_operator.protocol.sse import encode_event

from tests.unit.protocol.stage import URL, Request, Response, Stage, body, failure, legacy_server, result, stream

pytestmark = pytest.mark.fast

OPENING = ["server/discover", "initialize", "notifications/initialized"]
ELICIT = {"jsonrpc": "2.0", "id": "q1", "method": "elicitation/create", "params": {"message": "Sure?"}}


def done(request: Request) -> Response:
    return result(request, content=[])


def answer_to(request: Request) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request.id, "result": {"content": []}}


@pytest.mark.parametrize(
    "refusal",
    [
        lambda r: failure(r, -32600, 400),
        lambda r: failure(r, -32601),
        lambda r: result(r),
        lambda r: Response(404),
        lambda r: Response(405),
        lambda r: Response(406, {}, [b"Not Acceptable"]),
        lambda r: Response(500, {"content-type": "text/html"}, [b"<h1>oops</h1>"]),
        lambda r: Response(200, {"content-type": "text/html"}, [b"<h1>hello</h1>"]),
        lambda r: Response(202),
    ],
)
def test_whatever_an_old_server_says_to_discover_it_is_initialized(refusal: Any) -> None:
    stage = Stage(legacy_server({"server/discover": refusal, "tools/call": done}))
    talk = stage.conversation()
    assert stage.play(talk.discover()).sessions is True
    stage.play(talk.call_tool("t", {}))
    assert stage.methods() == [*OPENING, "tools/call"]
    for request in stage.sent[2:]:
        assert request.headers["mcp-session-id"] == "s1"
        assert request.headers["mcp-protocol-version"] == "2025-11-25"
    assert "mcp-session-id" not in stage.sent[1].headers


def test_a_known_era_is_not_asked_for() -> None:
    stage = Stage(legacy_server({}, sessions=[]))
    assert stage.play(stage.conversation(era="legacy").discover()).sessions is False
    assert stage.methods() == OPENING[1:]


def test_an_older_revision_gets_no_version_header() -> None:
    stage = Stage(legacy_server({"tools/call": done}, version="2025-03-26"))
    stage.play(stage.conversation(era="legacy").call_tool("t", {}))
    assert all("mcp-protocol-version" not in request.headers for request in stage.sent)


def test_a_revision_that_we_do_not_speak_ends_the_session_again() -> None:
    stage = Stage(legacy_server({}, version="1999-01-01"))
    with pytest.raises(NoCommonVersion):
        stage.play(stage.conversation(era="legacy").discover())
    assert stage.methods()[-1] == "DELETE"


def test_close_ends_the_session_and_a_server_that_says_no_is_no_error() -> None:
    stage = Stage(legacy_server({}))
    talk = stage.conversation(era="legacy")
    stage.play(talk.discover())
    stage.play(talk.close())
    stage.play(talk.close())
    assert [request.headers["mcp-session-id"] for request in stage.sent if request.verb == "DELETE"] == ["s1"]


def lost_on(*sessions: str) -> Any:
    return lambda request: Response(404) if request.headers["mcp-session-id"] in sessions else done(request)


def test_a_forgotten_session_is_opened_again_once() -> None:
    stage = Stage(legacy_server({"tools/call": lost_on("s1")}, sessions=["s1", "s2"]))
    stage.play(stage.conversation(era="legacy").call_tool("t", {}))
    assert stage.sent[-1].headers["mcp-session-id"] == "s2"


def test_a_server_that_forgets_every_session_is_an_error() -> None:
    stage = Stage(legacy_server({"tools/call": lost_on("s1", "s2")}, sessions=["s1", "s2"]))
    with pytest.raises(SessionLost):
        stage.play(stage.conversation(era="legacy").call_tool("t", {}))


def test_questions_on_the_stream_are_answered_by_posts_of_their_own() -> None:
    def call(request: Request) -> Response:
        asked = [{"jsonrpc": "2.0", "id": n, "method": m} for n, m in enumerate(["ping", "roots/list", "x/y"])]
        sample = {"jsonrpc": "2.0", "id": "s", "method": "sampling/createMessage", "params": {}}
        return stream(*asked, sample, ELICIT, answer_to(request))

    stage = Stage(legacy_server({"tools/call": call}), lambda question: {"ok": question.message})
    stage.play(stage.conversation(era="legacy").call_tool("t", {}, ask=True))
    answers = {request.id: request.message for request in stage.sent if request.message and not request.method}
    assert answers[0]["result"] == {}
    assert answers[1]["result"] == {"roots": []}
    assert answers[2]["error"]["code"] == -32601
    assert "declined" in answers["s"]["error"]["message"]
    assert answers["q1"]["result"] == {"action": "accept", "content": {"ok": "Sure?"}}
    assert stage.sent[0].params["capabilities"] == {"elicitation": {"form": {}}}
    assert stage.open == 0


def test_a_client_that_cannot_be_asked_says_so_from_the_start() -> None:
    stage = Stage(legacy_server({"tools/call": lambda request: stream(ELICIT, answer_to(request))}))
    stage.play(stage.conversation(era="legacy").call_tool("t", {}))
    assert stage.sent[0].params["capabilities"] == {}
    assert stage.sent[-1].message["error"]["code"] == -32601


def test_a_session_that_never_said_it_can_be_asked_is_replaced() -> None:
    stage = Stage(legacy_server({"tools/call": done}, sessions=["s1", "s2"]), lambda _: {})
    talk = stage.conversation(era="legacy")
    talk._can_ask = False
    stage.play(talk.discover())
    stage.play(talk.call_tool("t", {}, ask=True))
    assert [request.params["capabilities"] for request in stage.of("initialize")] == [{}, {"elicitation": {"form": {}}}]
    assert stage.sent[-1].headers["mcp-session-id"] == "s2"


def test_the_servers_own_stream_is_heard_while_it_may_ask() -> None:
    heard = iter([stream(ELICIT)])
    handlers = {"GET": lambda request: next(heard, Response(405)), "tools/call": done}
    stage = Stage(legacy_server(handlers), lambda _: {"ok": True})
    stage.play(stage.conversation(era="legacy").call_tool("t", {}, ask=True))
    assert {"id": "q1", "jsonrpc": "2.0", "result": {"action": "accept", "content": {"ok": True}}} in [
        request.message for request in stage.sent
    ]


def test_an_answerer_that_fails_cancels_the_question_and_comes_out() -> None:
    def fail(_: Any) -> Any:
        raise KeyError("no such input")

    stage = Stage(legacy_server({"tools/call": lambda request: stream(ELICIT, answer_to(request))}), fail)
    with pytest.raises(KeyError):
        stage.play(stage.conversation(era="legacy").call_tool("t", {}, ask=True))
    assert {"action": "cancel"} in [request.message.get("result") for request in stage.sent if request.message]
    assert stage.open == 0


def test_a_stream_that_ends_early_is_taken_up_after_its_last_event() -> None:
    def call(request: Request) -> Response:
        return Response(200, {"content-type": "text/event-stream"}, [b"id: e1\nretry: 500\ndata:\n\n"])

    def resume(request: Request) -> Response:
        return stream(answer_to(stage.of("tools/call")[0]))

    stage = Stage(legacy_server({"tools/call": call, "GET": resume}))
    stage.play(stage.conversation(era="legacy").call_tool("t", {}))
    assert stage.slept == [0.5]
    assert stage.sent[-1].headers["last-event-id"] == "e1"


@pytest.mark.parametrize("chunk", [b"id: e1\ndata:\n\n", b"data:\n\n"])
def test_a_stream_that_cannot_be_taken_up_is_an_error(chunk: bytes) -> None:
    call = {"tools/call": lambda request: Response(200, {"content-type": "text/event-stream"}, [chunk])}
    stage = Stage(legacy_server(call))
    with pytest.raises(TransportError, match="without an answer"):
        stage.play(stage.conversation(era="legacy").call_tool("t", {}))


def test_a_caller_that_goes_away_cancels_its_request() -> None:
    broken = Response(200, {"content-type": "text/event-stream"}, [KeyboardInterrupt()])
    stage = Stage(legacy_server({"tools/call": lambda request: broken}))
    with pytest.raises(KeyboardInterrupt):
        stage.play(stage.conversation(era="legacy").call_tool("t", {}))
    assert stage.sent[-1].method == "notifications/cancelled"
    assert stage.sent[-1].params["requestId"] == stage.of("tools/call")[0].id
    assert stage.open == 0


@pytest.mark.parametrize("respond", [body, stream])
def test_a_batch_is_read_as_its_messages(respond: Any) -> None:
    told = {"jsonrpc": "2.0", "method": "notifications/message", "params": {}}
    stage = Stage(legacy_server({"tools/call": lambda r: respond([told, answer_to(r)])}, version="2025-03-26"))
    assert stage.play(stage.conversation(era="legacy").call_tool("t", {})) == {"content": []}


def test_a_web_page_that_the_server_wants_visited_first_is_told() -> None:
    pages = {"elicitations": [{"message": "Log in", "url": "https://login.test/x", "elicitationId": "1"}]}
    stage = Stage(legacy_server({"tools/call": lambda request: failure(request, -32042, data=pages)}))
    with pytest.raises(InputNeeded, match=r"Log in \(https://login\.test/x\)") as needed:
        stage.play(stage.conversation(era="legacy").call_tool("t", {}))
    assert needed.value.questions[0].mode == "url"


class OldServer:
    """2024-11-05: answers come on the one GET stream, whose chunks grow as messages are posted."""

    def __init__(self, endpoint: str = "/messages?session=1") -> None:
        self.endpoint = endpoint
        self.chunks: list[bytes | BaseException] = []

    def __call__(self, request: Request) -> Response:
        if request.verb == "GET":
            return Response(200, {"content-type": "text/event-stream"}, [self._hello()])
        if request.url == URL:
            return Response(405)
        if request.id is None:
            return Response(202)
        fields: dict[str, Any] = {"content": []}
        if request.method == "initialize":
            fields = {"protocolVersion": "2024-11-05", "serverInfo": {"name": "o", "version": "1"}, "capabilities": {}}
        self.chunks.append(encode_event(json.dumps({"jsonrpc": "2.0", "id": request.id, "result": fields})))
        return Response(202, {}, [b"Accepted"])

    def _hello(self) -> bytes:
        return encode_event(self.endpoint, event="endpoint")


class OldStage(Stage):
    """Feeds what an OldServer has to say into the GET stream that is read."""

    def _respond(self, effect: Any) -> Any:
        reply = super()._respond(effect)
        server = self.server
        assert isinstance(server, OldServer)
        if effect.verb == "GET":
            server.chunks = reply.handle
        return reply


def test_the_transport_of_2024_is_found_and_spoken() -> None:
    stage = OldStage(OldServer())
    talk = stage.conversation()
    identity = stage.play(talk.discover())
    stage.play(talk.call_tool("t", {}))
    assert (identity.version, identity.sessions) == ("2024-11-05", False)
    assert stage.sent[-1].url == "http://server.test/messages?session=1"
    stage.play(talk.close())
    assert stage.open == 0


def test_its_endpoint_stays_behind_the_proxy_that_led_to_it() -> None:
    prefix = "/api/v1/namespaces/n/services/s:80/proxy"
    url = "http://server.test" + prefix + "/sse"

    class Proxied(OldServer):
        def __call__(self, request: Request) -> Response:
            return Response(405) if request.verb == "POST" and request.url == url else super().__call__(request)

    stage = OldStage(Proxied())
    stage.play(stage.conversation(url, prefix=prefix).discover())
    assert stage.sent[-1].url == f"http://server.test{prefix}/messages?session=1"


@pytest.mark.parametrize("endpoint", ["http://elsewhere.test/m", "//elsewhere.test/m", "https://server.test/m"])
def test_an_endpoint_at_another_place_is_refused(endpoint: str) -> None:
    stage = OldStage(OldServer(endpoint))
    with pytest.raises(InvalidAnswer, match="another place"):
        stage.play(stage.conversation().discover())
    assert stage.open == 0


def test_no_mcp_at_all_is_told_by_what_initialize_got() -> None:
    stage = Stage(lambda request: Response(404, {}, [b"nothing here"]))
    with pytest.raises(HttpError, match="no MCP endpoint at this path") as refused:
        stage.play(stage.conversation().discover())
    assert refused.value.status == 404


def test_a_redirect_names_the_address_to_use() -> None:
    stage = Stage(lambda request: Response(307, {"location": URL + "/"}))
    with pytest.raises(HttpError, match="use that address"):
        stage.play(stage.conversation().discover())


def test_an_answer_that_is_no_message_is_invalid() -> None:
    stage = Stage(legacy_server({"tools/call": lambda request: body(["a", "b"])}))
    with pytest.raises(InvalidAnswer, match="no MCP message"):
        stage.play(stage.conversation(era="legacy").call_tool("t", {}))
