"""HTTP itself: what the bridge reads, refuses and answers on a raw connection."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.bridge.http_body import BodyReader, HttpError
from mcp_operator.bridge.http_head import parse_head
from mcp_operator.bridge.lines import LineSplitter

from tests.bridge.bridge_testing import Bridge

MAX = 1000


@pytest.mark.fast
@given(st.binary(max_size=MAX), st.lists(st.integers(1, 50), max_size=30), st.binary(max_size=20))
def test_chunked_body_is_read_whatever_the_pieces(body: bytes, sizes: list[int], rest: bytes) -> None:
    wire, position = b"", 0
    for size in sizes:
        piece = body[position : position + size]
        if piece:
            wire += b"%x;ext=1\r\n%b\r\n" % (len(piece), piece)
        position += size
    wire += (
        b"%x\r\n%b\r\n" % (len(body[position:]), body[position:]) if body[position:] else b""
    ) + b"0\r\nT: 1\r\n\r\n"
    reader, buffer = BodyReader(MAX, None), bytearray()
    for byte in wire:
        buffer.append(byte)
        done = reader.feed(buffer)
    assert done and reader.take() == body and not buffer
    whole, buffer = BodyReader(MAX, None), bytearray(wire + rest)
    assert whole.feed(buffer) and bytes(buffer) == rest


@pytest.mark.fast
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-length": "5", "transfer-encoding": "chunked"}, 400),
        ({"transfer-encoding": "gzip, chunked"}, 400),
        ({"content-length": "+5"}, 400),
        ({"content-length": "0x5"}, 400),
        ({"content-length": "5, 5"}, 400),
        ({"content-length": "1001"}, 413),
        ({"content-length": "9" * 20}, 400),
    ],
)
def test_bodies_that_two_parsers_could_read_differently_are_refused(headers: dict[str, str], status: int) -> None:
    with pytest.raises(HttpError) as refused:
        BodyReader.of(headers, MAX)
    assert refused.value.status == status


@pytest.mark.fast
@pytest.mark.parametrize("size", [b"-1", b"+1", b"1_0", b"g", b"", b"0x1", b"f" * 20])
def test_chunk_sizes_are_plain_hexadecimal(size: bytes) -> None:
    with pytest.raises(HttpError):
        BodyReader(MAX, None).feed(bytearray(size + b"\r\nx\r\n"))


@pytest.mark.fast
@pytest.mark.parametrize(
    "head",
    [
        b"GET /",
        b"GET / HTTP/2.0\r\nHost: a",
        b"G(T / HTTP/1.1\r\nHost: a",
        b"GET / HTTP/1.1",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad Header: 1",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded: 1",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\nb",
        b"GET / HTTP/1.1\r\nHost : a",
    ],
)
def test_heads_that_are_malformed_are_refused(head: bytes) -> None:
    with pytest.raises(HttpError):
        parse_head(head)


@pytest.mark.fast
@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line and not line.endswith(b"\r"))), st.data())
def test_lines_are_found_whatever_the_pieces(lines: list[bytes], data: st.DataObject) -> None:
    wire, found, long = b"".join(line + b"\n" for line in lines), [], []
    splitter = LineSplitter(20, found.append, lambda start, end: long.append((start[:20], end[-20:])))
    while wire:
        size = data.draw(st.integers(1, len(wire)))
        splitter.feed(wire[:size])
        wire = wire[size:]
    assert found == [line for line in lines if 0 < len(line) <= 20]
    assert long == [(line[:20], line[-20:]) for line in lines if len(line) > 20]


async def raw(bridge: Bridge, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
    writer.write(data)
    answer = await reader.read()
    writer.close()
    return answer


async def test_requests_on_one_connection_are_answered_in_order(bridge: Bridge) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /other HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = await raw(bridge, one + one + last)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"200", b"404"]


@pytest.mark.parametrize("path", [b"/mcp", b"/other", b"/healthz"])
async def test_answer_to_head_has_no_body(bridge: Bridge, path: bytes) -> None:
    last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = await raw(bridge, b"HEAD " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n" + last)
    first, _, rest = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: 0" not in first
    assert rest.startswith(b"HTTP/1.1 200 OK")


async def test_http_1_0_gets_an_answer_that_ends_with_the_connection(bridge: Bridge) -> None:
    answer = await raw(bridge, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert answer.endswith(b"ok\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
        (b"POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\nExpect: 100-continue\r\n\r\n", b"413"),
    ],
)
async def test_what_cannot_be_read_is_refused_and_the_connection_closed(
    bridge: Bridge, request_: bytes, status: bytes
) -> None:
    answer = await raw(bridge, request_)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in answer


async def test_client_that_waits_for_100_continue_gets_it(bridge: Bridge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
    head = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    writer.write(head + b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"{}")
    assert (await reader.read()).startswith(b"HTTP/1.1 400")
    writer.close()
