"""Files of either format, with one entry or many."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.catalog.errors import MalformedEntry
from mcp_operator.catalog.fetch.documents import entries_of
from mcp_operator.catalog.model import ServerEntry

from tests.support.registry_server import item

pytestmark = pytest.mark.fast

KEYS = st.text() | st.sampled_from(["servers", "server", "name", "image", "run", "about", "registry", "packages"])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(KEYS, x)
)
DOCKER = "name: one\nimage: example.test/one:1\n"


def found(text: str) -> list[tuple[str, str]]:
    """Name and layout of each entry, or the error."""
    listed = entries_of(text, "s", "file")
    return [(one.name, one.layout) if isinstance(one, ServerEntry) else ("", str(one)) for one in listed]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DOCKER, [("one", "docker")]),
        (DOCKER + "---\n" + DOCKER.replace("one", "two"), [("one", "docker"), ("two", "docker")]),
        ("servers:\n- {name: a, image: x/a}\n- {name: b, image: x/b}\n", [("a", "docker"), ("b", "docker")]),
        ("registry:\n  a: {image: x/a}\n  b: {image: x/b}\n", [("a", "docker"), ("b", "docker")]),
        (json.dumps(item("x/y")), [("x/y", "official")]),
        (json.dumps(item("x/y")["server"]), [("x/y", "official")]),
        (json.dumps([item("x/y"), item("x/z")]), [("x/y", "official"), ("x/z", "official")]),
        (json.dumps({"servers": [item("x/y")], "metadata": {}}), [("x/y", "official")]),
        (json.dumps({"name": "a", "image": "x/a"}), [("a", "docker")]),
        (json.dumps({"servers": []}), []),
    ],
)
def test_each_format_is_known(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_digest_of_a_single_document_is_that_of_its_text() -> None:
    (entry,) = entries_of(DOCKER, "s", "file")
    assert isinstance(entry, ServerEntry)
    assert entry.raw == DOCKER


def test_a_bad_entry_among_good_ones_is_named_by_its_place() -> None:
    listed = found(json.dumps([item("x/y"), 7, {"server": {}}, item("x/z")]))
    assert [name for name, _ in listed] == ["x/y", "", "", "x/z"]
    assert "file, entry 2" in listed[1][1]


@pytest.mark.parametrize("text", ["{", "[1, 2", "a: [", "- *a", "a: &a [1]\nb: *a", "just words", "[" * 100_000])
def test_a_document_that_is_none_is_one_error(text: str) -> None:
    (error,) = entries_of(text, "s", "file")
    assert isinstance(error, MalformedEntry)


@given(ANY_JSON)
def test_any_json_gives_entries_or_errors(document: object) -> None:
    for one in entries_of(json.dumps(document), "s", "file"):
        assert isinstance(one, ServerEntry | MalformedEntry)


@given(st.text())
def test_any_text_gives_entries_or_errors(text: str) -> None:
    for one in entries_of(text, "s", "file"):
        assert isinstance(one, ServerEntry | MalformedEntry)
