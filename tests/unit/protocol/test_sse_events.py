"""Server-sent events survive every way in which a network may cut them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.protocol.sse import Event, EventTooLarge, SseParser, encode_comment, encode_event

pytestmark = pytest.mark.fast

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_LINE = _TEXT.map(lambda text: text.replace("\r", "").replace("\n", "").replace("\0", ""))


def parsed(raw: bytes) -> list[Event]:
    return list(SseParser().feed(raw))


@pytest.mark.parametrize(
    ("raw", "events"),
    [
        (b"data: a\n\n", [Event("a")]),
        (b"data:a\n\n", [Event("a")]),
        (b"data:  a\n\n", [Event(" a")]),
        (b"data: a\r\n\r\n", [Event("a")]),
        (b"data: a\r\r", [Event("a")]),
        (b"data: a\ndata: b\n\n", [Event("a\nb")]),
        (b"data\n\n", [Event("")]),
        (b": a comment\n\ndata: a\n\n", [Event("a")]),
        (b"event: endpoint\ndata: /m?s=1\n\n", [Event("/m?s=1", "endpoint")]),
        (b"id: 7\ndata: a\n\ndata: b\n\n", [Event("a", id="7"), Event("b", id="7")]),
        (b"unknown: x\ndata: a\n\n", [Event("a")]),
        (b"event: nothing\n\n", []),
        (b"data: never ended\n", []),
        (b"\xef\xbb\xbfdata: a\n\n", [Event("a")]),
    ],
)
def test_events_are_read_as_the_standard_says(raw: bytes, events: list[Event]) -> None:
    assert parsed(raw) == events


def test_an_event_without_data_still_moves_the_place_to_resume_from() -> None:
    parser = SseParser()
    assert list(parser.feed(b"id: 3\nretry: 250\n\n")) == []
    assert (parser.last_id, parser.retry_ms) == ("3", 250)


def test_a_retry_that_is_no_number_and_an_id_with_a_null_are_ignored() -> None:
    parser = SseParser()
    list(parser.feed(b"retry: soon\nid: a\0b\ndata: x\n\n"))
    assert (parser.last_id, parser.retry_ms) == (None, None)


@given(
    st.lists(st.tuples(_TEXT, st.one_of(st.none(), _LINE)), max_size=6),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.lists(st.integers(1, 30), min_size=1, max_size=40),
)
def test_any_split_and_any_line_end_gives_the_same_events(
    events: list[tuple[str, str | None]], newline: bytes, cuts: list[int]
) -> None:
    raw = b"".join(
        encode_comment("still here") + encode_event(data, id=name).replace(b"\n", newline) for data, name in events
    )
    parser, split, start = SseParser(), [], 0
    for cut in [*cuts, len(raw)]:
        split += parser.feed(raw[start : start + cut])
        start += cut
    assert split == parsed(raw)
    assert [event.data for event in split] == [data.replace("\r\n", "\n").replace("\r", "\n") for data, _ in events]


def test_every_single_cut_of_a_stream_gives_the_same_events() -> None:
    raw = b":x\r\nid: \xc3\xa9\r\ndata: a\r\ndata: b\xe2\x82\xac\r\n\r\ndata: c\n\n\rdata: d\r\r"
    whole = parsed(raw)
    for cut in range(len(raw)):
        parser = SseParser()
        assert [*parser.feed(raw[:cut]), *parser.feed(raw[cut:])] == whole


@pytest.mark.parametrize("raw", [b"data: " + b"x" * 2000, b"data: xxxxxxxxx\n" * 200])
def test_an_event_beyond_the_bound_is_refused(raw: bytes) -> None:
    with pytest.raises(EventTooLarge):
        list(SseParser(max_event=1000).feed(raw))


def test_many_events_within_the_bound_pass() -> None:
    assert len(list(SseParser(max_event=1000).feed(b"data: x\n\n" * 1000))) == 1000
