"""Any value comes through a header as it was, and looks plain where it can."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.protocol.headers import (
    BadHeaderValue,
    decode_value,
    encode_value,
    modern_headers,
    primitive_text,
    same_value,
)
from mcp_operator.protocol.messages import request

pytestmark = pytest.mark.fast


@given(st.text())
def test_every_text_survives_and_travels_as_plain_ascii(text: str) -> None:
    header = encode_value(text)
    assert decode_value(header) == text
    assert header.isascii() and header.strip() == header
    assert all(" " <= char <= "~" for char in header)


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("us-west1", "us-west1"),
        ("", ""),
        ("two words", "two words"),
        (" padded", "=?base64?IHBhZGRlZA==?="),
        ("Grüße", "=?base64?R3LDvMOfZQ==?="),
        ("a\tb", "=?base64?YQli?="),
        ("=?base64?SGk=?=", "=?base64?PT9iYXNlNjQ/U0drPT89?="),
        ("=?base64?open", "=?base64?open"),
    ],
)
def test_the_sentinel_is_used_only_where_it_is_needed(text: str, header: str) -> None:
    assert encode_value(text) == header
    assert decode_value(header) == text


@pytest.mark.parametrize("header", ["=?base64?SGVsbG8?=", "=?base64?SGVs!!!bG8=?=", "=?base64?/w==?="])
def test_a_sentinel_around_no_base64_of_utf8_is_refused(header: str) -> None:
    with pytest.raises(BadHeaderValue):
        decode_value(header)


@pytest.mark.parametrize("header", ["=?base64?=", "=?BASE64?SGk=?=", "SGVsbG8="])
def test_what_only_resembles_the_sentinel_is_literal(header: str) -> None:
    assert decode_value(header) == header


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), (True, "true"), (False, "false"), (42, "42"), (-7, "-7"), (42.0, "42"), (None, None), ([], None)],
)
def test_values_are_written_as_the_specification_says(value: object, text: str | None) -> None:
    assert primitive_text(value) == text


@pytest.mark.parametrize(
    ("header", "value", "same"),
    [
        ("42", 42, True),
        ("42.0", 42, True),
        ("4.2e1", 42, True),
        ("43", 42, False),
        ("x", 42, False),
        ("", 0, False),
        ("true", True, True),
        ("1", True, False),
        ("True", True, False),
        ("9007199254740993", 9007199254740992, False),
        ("1e999", 5, False),
        ("nan", 5, False),
        ("42", "42", True),
        ("42.0", "42", False),
    ],
)
def test_numbers_are_compared_as_numbers_and_the_rest_as_text(header: str, value: object, same: bool) -> None:
    assert same_value(header, value) is same


def test_a_modern_request_names_its_method_its_object_and_its_version() -> None:
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    message = request(1, "resources/read", {"uri": "file:///ä.txt", "_meta": meta})
    assert modern_headers(message) == {
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "resources/read",
        "Mcp-Name": "=?base64?ZmlsZTovLy/DpC50eHQ=?=",
    }


def test_a_method_without_an_object_has_no_name_header() -> None:
    assert modern_headers(request(1, "tools/list", {"name": "x"})) == {"Mcp-Method": "tools/list"}
