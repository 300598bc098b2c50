"""What a bridge refuses before it relays: the era of a POST, and headers that differ from the body."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.protocol.checks import check_mirrors, check_modern, request_era
from mcp_operator.protocol.errors import HEADER_MISMATCH, INVALID_PARAMS, error_body, status_of
from mcp_operator.protocol.headers import modern_headers
from mcp_operator.protocol.messages import request
from mcp_operator.protocol.mirrors import mirrors_of

pytestmark = pytest.mark.fast

VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
META = {VERSION: "2026-07-28", CAPABILITIES: {}}


def modern(method: str = "tools/list", **params: Any) -> dict[str, Any]:
    return request(1, method, {"_meta": META, **params})


def headers_of(message: dict[str, Any], **changed: str | None) -> dict[str, str]:
    sent = {key.lower(): value for key, value in modern_headers(message).items()}
    found = {**sent, **{key.replace("_", "-"): value for key, value in changed.items()}}
    return {key: value for key, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("message", "headers", "era"),
    [
        (modern(), {}, "modern"),
        (modern(), {"mcp-protocol-version": "2025-11-25"}, "modern"),
        (request(1, "tools/list"), {"mcp-protocol-version": "2026-07-28"}, "modern"),
        (request(1, "tools/list"), {"mcp-protocol-version": "1900-01-01"}, "modern"),
        (request(1, "tools/list"), {"mcp-protocol-version": "2025-06-18"}, "legacy"),
        (request(1, "tools/list"), {}, "legacy"),
        (request(1, "initialize", {"protocolVersion": "2025-11-25"}), {"mcp-method": "initialize"}, "legacy"),
        (request(1, "tools/list", {"_meta": {"progressToken": 1}}), {}, "legacy"),
    ],
)
def test_the_era_is_chosen_for_each_request(message: dict[str, Any], headers: dict[str, str], era: str) -> None:
    assert request_era(message, headers) == era


@pytest.mark.parametrize(
    "message",
    [modern(), modern("tools/call", name="größe"), modern("resources/read", uri="file:///a b"), modern("x/y")],
)
def test_what_our_own_client_sends_passes(message: dict[str, Any]) -> None:
    assert check_modern(message, headers_of(message)) is None


@pytest.mark.parametrize("missing", [VERSION, CAPABILITIES])
def test_a_request_without_the_required_meta_is_refused(missing: str) -> None:
    message = request(1, "tools/list", {"_meta": {key: value for key, value in META.items() if key != missing}})
    refused = check_modern(message, {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list"})
    assert refused is not None
    assert (refused.status, refused.code) == (400, INVALID_PARAMS)
    assert missing in refused.message


@pytest.mark.parametrize(
    "changed",
    [
        {"mcp_protocol_version": None},
        {"mcp_protocol_version": "2025-11-25"},
        {"mcp_method": None},
        {"mcp_method": "Tools/Call"},
        {"mcp_name": None},
        {"mcp_name": "other"},
        {"mcp_name": "=?base64?!!?="},
    ],
)
def test_a_header_that_is_missing_or_differs_is_refused(changed: dict[str, str | None]) -> None:
    message = modern("tools/call", name="tool")
    refused = check_modern(message, headers_of(message, **changed))
    assert refused is not None
    assert (refused.status, refused.code) == (400, HEADER_MISMATCH)
    assert refused.body(7)["id"] == 7


def test_the_sentinel_is_decoded_before_headers_are_compared() -> None:
    message = modern("tools/call", name="tool")
    assert check_modern(message, headers_of(message, mcp_name="=?base64?dG9vbA==?=")) is None


SCHEMA = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "count": {"type": "integer", "x-mcp-header": "Count"},
    },
}


@pytest.mark.parametrize(
    ("arguments", "headers", "passes"),
    [
        ({"region": "eu"}, {"mcp-param-region": "eu"}, True),
        ({"region": "eu"}, {"mcp-param-region": "=?base64?ZXU=?="}, True),
        ({"region": "eu"}, {"mcp-param-region": "us"}, False),
        ({"region": "eu"}, {"mcp-param-region": "=?base64?ZXU?="}, False),
        ({"region": "eu"}, {}, False),
        ({}, {}, True),
        ({"region": None}, {}, True),
        ({}, {"mcp-param-region": "eu"}, False),
        ({"count": 42}, {"mcp-param-count": "42.0"}, True),
        ({"count": 42}, {"mcp-param-count": "43"}, False),
        ({}, {"mcp-param-other": "x"}, True),
    ],
)
def test_mirrored_arguments_are_held_against_the_body(
    arguments: dict[str, Any], headers: dict[str, str], passes: bool
) -> None:
    message = modern("tools/call", name="t", arguments=arguments)
    refused = check_mirrors(message, headers, mirrors_of({"inputSchema": SCHEMA}))
    assert (refused is None) is passes


@pytest.mark.parametrize(
    ("code", "status"),
    [(-32601, 404), (-32020, 400), (-32021, 400), (-32022, 400), (-32602, 200), (-32603, 200), (None, 200), ("x", 200)],
)
def test_the_status_follows_the_error(code: object, status: int) -> None:
    assert status_of(code) == status


def test_an_error_carries_its_data_only_where_there_is_some() -> None:
    assert "data" not in error_body(1, -32600, "no")["error"]
    assert error_body(None, -32022, "no", {"supported": []})["error"]["data"] == {"supported": []}
