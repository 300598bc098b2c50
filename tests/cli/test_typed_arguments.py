"""`--arg k=v` by the tool's input schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_cli.arguments import arguments_of, missing
from mcp_cli.errors import WrongUsage

pytestmark = pytest.mark.fast

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "ratio": {"type": "number"},
        "loud": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "numbers": {"type": "array", "items": {"$ref": "#/$defs/number"}},
        "options": {"type": "object"},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "either": {"type": ["string", "integer"]},
        "level": {"enum": ["low", "high"]},
        "step": {"enum": [1, 2]},
        "where": {"$ref": "#/$defs/place"},
        "far": {"$ref": "https://example.com/schema"},
        "any": {},
    },
    "required": ["text", "count"],
    "$defs": {"number": {"type": "number"}, "place": {"type": "object"}},
}


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("text=5", "5"),
        ("text=true", "true"),
        ("text=a=b", "a=b"),
        ("text=", ""),
        ("count=5", 5),
        ("count=5.0", 5),
        ("ratio=5", 5),
        ("ratio=1e-3", 0.001),
        ("loud=yes", True),
        ("loud=False", False),
        ("tags=a", ["a"]),
        ('tags=["a","b"]', ["a", "b"]),
        ("numbers=1.5", [1.5]),
        ('options={"a":1}', {"a": 1}),
        ("maybe=null", None),
        ("maybe=3", 3),
        ("either=3", 3),
        ("either=x", "x"),
        ("level=low", "low"),
        ("step=2", 2),
        ('where={"x":1}', {"x": 1}),
        ("far=5", "5"),
        ("any=5", "5"),
        ("unknown=5", "5"),
    ],
)
def test_a_value_becomes_what_the_schema_says(pair: str, value: Any) -> None:
    assert arguments_of((pair,), SCHEMA) == {pair.partition("=")[0]: value}


def test_a_repeated_argument_is_a_list_where_it_may_be_one() -> None:
    assert arguments_of(("tags=a", "tags=b", "text=x", "text=y"), SCHEMA) == {"tags": ["a", "b"], "text": "y"}


@pytest.mark.parametrize(
    "pair",
    [
        "count=five",
        "count=1.5",
        "count=true",
        "loud=maybe",
        "options=[1]",
        "numbers=x",
        "numbers=NaN",
        "numbers=[1e999]",
        "step=x",
        "=1",
        "text",
    ],
)
def test_a_value_that_cannot_be_it_is_wrong_usage(pair: str) -> None:
    with pytest.raises(WrongUsage) as failed:
        arguments_of((pair,), SCHEMA)
    assert failed.value.hint


def test_a_closed_schema_knows_what_was_meant() -> None:
    with pytest.raises(WrongUsage) as failed:
        arguments_of(("tex=a",), {**SCHEMA, "additionalProperties": False})
    assert failed.value.hint == 'Did you mean "text"?'


def test_what_is_missing_is_named_with_its_type() -> None:
    assert missing({"text": "a"}, SCHEMA) == ["count (integer)"]
    assert missing({}, {}) == []


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema = {"properties": {"a": {"$ref": "#/properties/a"}}}
    assert arguments_of(("a=1",), schema) == {"a": "1"}


@given(st.text())
def test_any_text_is_a_string(text: str) -> None:
    assert arguments_of((f"text={text}",), SCHEMA) == {"text": text}


@given(st.integers())
def test_any_integer_comes_through(number: int) -> None:
    assert arguments_of((f"count={json.dumps(number)}",), SCHEMA) == {"count": number}
