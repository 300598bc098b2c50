"""What is a message and what is not, and that what we write is one line of JSON."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.protocol.messages import (
    MalformedMessage,
    classify,
    decode,
    encode,
    meta_of,
    notification,
    read,
    request,
    response,
)

pytestmark = pytest.mark.fast

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (request(1, "tools/list"), "request"),
        (request("a", "tools/call", {"name": "x"}), "request"),
        (notification("notifications/initialized"), "notification"),
        (response(1, {}), "response"),
        ({"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": ""}}, "error"),
        ({"jsonrpc": "2.0", "error": {"code": 1, "message": ""}}, "error"),
    ],
)
def test_the_four_kinds_are_told_apart(message: dict[str, Any], kind: str) -> None:
    assert classify(message) == kind


@pytest.mark.parametrize(
    "message",
    [
        [],
        [request(1, "x")],
        "text",
        None,
        {},
        {"jsonrpc": "1.0", "id": 1, "method": "x"},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": None, "method": "x"},
        {"jsonrpc": "2.0", "id": True, "method": "x"},
        {"jsonrpc": "2.0", "id": 1.5, "method": "x"},
        {"jsonrpc": "2.0", "id": 1, "method": 5},
        {"jsonrpc": "2.0", "id": 1, "method": "x", "params": []},
        {"jsonrpc": "2.0", "result": {}},
        {"jsonrpc": "2.0", "id": 1, "error": "no"},
    ],
)
def test_anything_else_is_refused_with_a_reason(message: Any) -> None:
    with pytest.raises(MalformedMessage) as refused:
        classify(message)
    assert str(refused.value) and not refused.value.parse


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"NaN", b'{"a": Infinity}', b"[" * 100_000])
def test_what_is_no_json_says_so(raw: bytes) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read(raw)
    assert refused.value.parse


@given(_JSON)
def test_json_comes_back_as_it_was_and_on_one_line(value: Any) -> None:
    line = encode(value)
    assert b"\n" not in line and b"\r" not in line
    assert decode(line) == value


def test_a_lone_surrogate_is_written_escaped() -> None:
    assert decode(encode({"a": "\ud800"})) == {"a": "\ud800"}


def test_meta_that_is_no_object_counts_as_none() -> None:
    assert meta_of(request(1, "x", {"_meta": "?"})) == {}
    assert meta_of(notification("x")) == {}
