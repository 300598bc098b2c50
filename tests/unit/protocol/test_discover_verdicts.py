"""The era of a server, from its answer to server/discover: the table of every answer seen in the wild."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.protocol.failures import InvalidAnswer, NoCommonVersion
from mcp_operator.protocol.identity import identity_of_initialize, judge_discover
from mcp_operator.protocol.versions import choose_legacy, choose_modern, era_of, sends_version_header

pytestmark = pytest.mark.fast


def error(code: Any, data: Any = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": "no", "data": data}}


def result(**fields: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "result": fields}


@pytest.mark.parametrize(
    ("answer", "era", "again"),
    [
        (result(supportedVersions=["2026-07-28"], capabilities={}), "modern", False),
        (result(supportedVersions=["2025-11-25", "2026-07-28"]), "modern", False),
        (result(supportedVersions=["2025-11-25"]), "legacy", False),
        (result(), "legacy", False),
        (result(tools=[]), "legacy", False),
        (error(-32020), "modern", False),
        (error(-32021), "modern", False),
        (error(-32022, {"supported": ["2026-07-28"]}), "modern", True),
        (error(-32022), "modern", True),
        (error(-32022, {"supported": ["2025-11-25"]}), "legacy", False),
        (error(-32600), "legacy", False),
        (error(-32601), "legacy", False),
        (error(-32602), "legacy", False),
        (error(-32000), "legacy", False),
        (error(None), "legacy", False),
        (None, "legacy", False),
    ],
)
def test_what_an_answer_says_of_the_era(answer: dict[str, Any] | None, era: str, again: bool) -> None:
    verdict = judge_discover(answer)
    assert (verdict.era, verdict.again) == (era, again)


def test_a_server_of_an_unknown_future_alone_cannot_be_spoken_to() -> None:
    with pytest.raises(NoCommonVersion, match="2030-01-01"):
        judge_discover(result(supportedVersions=["2030-01-01"]))


@pytest.mark.parametrize("place", ["meta", "result"])
def test_a_modern_server_is_known_by_what_it_said(place: str) -> None:
    info = {"name": "s", "version": "1"}
    where = {"_meta": {"io.modelcontextprotocol/serverInfo": info}} if place == "meta" else {"serverInfo": info}
    answer = result(supportedVersions=["2026-07-28"], capabilities={"tools": {}}, instructions="hello", **where)
    identity = judge_discover(answer).identity
    assert identity is not None
    assert (identity.server_info, identity.capabilities, identity.instructions) == (info, {"tools": {}}, "hello")
    assert identity.sessions is None


@pytest.mark.parametrize(("session", "said"), [("abc", True), (None, False)])
def test_a_legacy_server_is_known_by_initialize_and_its_session_header(session: str | None, said: bool) -> None:
    identity = identity_of_initialize({"protocolVersion": "2025-06-18", "serverInfo": {"name": "s"}}, session)
    assert (identity.era, identity.version, identity.sessions) == ("legacy", "2025-06-18", said)


def test_a_legacy_server_that_chooses_an_unknown_revision_is_refused() -> None:
    with pytest.raises(NoCommonVersion, match="1999"):
        identity_of_initialize({"protocolVersion": "1999"}, None)
    with pytest.raises(InvalidAnswer):
        identity_of_initialize({}, None)


def test_the_newest_common_revision_is_chosen() -> None:
    assert choose_legacy(["2024-11-05", "2025-06-18", "2026-07-28"]) == "2025-06-18"
    assert choose_modern(["2025-11-25"]) is None
    assert era_of("2025-03-26") == "legacy" and era_of("2031-01-01") == "modern"


def test_the_version_header_came_with_2025_06_18() -> None:
    assert not sends_version_header("2025-03-26") and sends_version_header("2025-06-18")
