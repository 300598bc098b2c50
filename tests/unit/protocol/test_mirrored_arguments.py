"""Which tool arguments travel as headers, and which tools are left out because their annotations are malformed."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.protocol.mirrors import MalformedMirror, mirror_headers, mirrors_of, usable_tools

pytestmark = pytest.mark.fast


def tool(name: str = "t", **properties: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object", "properties": properties}}


def text(header: Any, **more: Any) -> dict[str, Any]:
    return {"type": "string", "x-mcp-header": header, **more}


def test_annotated_arguments_become_headers_and_others_do_not() -> None:
    mirrors = mirrors_of(
        tool(
            region=text("Region"),
            count={"type": "integer", "x-mcp-header": "Count"},
            quick={"type": "boolean", "x-mcp-header": "Quick"},
            query={"type": "string"},
        )
    )
    sent = mirror_headers(mirrors, {"region": "Köln", "count": 3, "quick": False, "query": "x"})
    assert sent == {"Mcp-Param-Region": "=?base64?S8O2bG4=?=", "Mcp-Param-Count": "3", "Mcp-Param-Quick": "false"}


def test_absent_and_null_arguments_have_no_header() -> None:
    mirrors = mirrors_of(tool(a=text("A"), b=text("B")))
    assert mirror_headers(mirrors, {"a": None}) == {}


def test_a_nested_argument_is_found_by_its_path() -> None:
    nested = {"type": "object", "properties": {"inner": text("Inner")}}
    mirrors = mirrors_of(tool(outer=nested))
    assert mirror_headers(mirrors, {"outer": {"inner": "v"}}) == {"Mcp-Param-Inner": "v"}
    assert mirror_headers(mirrors, {"outer": "not an object"}) == {}


@pytest.mark.parametrize(
    "properties",
    [
        {"a": text("")},
        {"a": text("My Region")},
        {"a": text("Region:Primary")},
        {"a": text("Région")},
        {"a": text("Region\t1")},
        {"a": text(7)},
        {"a": {"type": "object", "x-mcp-header": "A"}},
        {"a": {"type": "array", "x-mcp-header": "A"}},
        {"a": {"type": "number", "x-mcp-header": "A"}},
        {"a": {"type": "null", "x-mcp-header": "A"}},
        {"a": {"type": ["string", "null"], "x-mcp-header": "A"}},
        {"a": {"x-mcp-header": "A"}},
        {"a": text("Same"), "b": text("same")},
        {"a": {"type": "array", "items": text("A")}},
        {"a": {"anyOf": [text("A")]}},
        {"a": {"type": "object", "additionalProperties": text("A")}},
    ],
)
def test_a_malformed_annotation_takes_the_whole_tool_out(properties: dict[str, Any]) -> None:
    broken = tool("broken", **properties)
    kept, left_out = usable_tools([tool("good", a=text("A")), broken, tool("plain")])
    assert [item["name"] for item in kept] == ["good", "plain"]
    assert list(left_out) == ["broken"]
    assert "broken" in left_out["broken"] and "x-mcp-header" in left_out["broken"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "$defs": {"d": text("A")}},
        {"type": "object", "allOf": [{"properties": {"a": text("A")}}]},
        text("A"),
    ],
)
def test_an_annotation_that_no_chain_of_properties_reaches_is_malformed(schema: dict[str, Any]) -> None:
    with pytest.raises(MalformedMirror):
        mirrors_of({"name": "t", "inputSchema": schema})


def test_data_that_looks_like_an_annotation_is_none() -> None:
    properties = {"x-mcp-header": {"type": "string"}, "a": {"type": "object", "default": {"x-mcp-header": "A"}}}
    assert mirrors_of(tool(**properties)) == ()


def test_a_reference_is_not_followed() -> None:
    assert mirrors_of(tool(a={"$ref": "https://example.org/schema.json"})) == ()


def test_a_bottomless_schema_is_refused() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        schema = {"type": "object", "properties": {"a": schema}}
    with pytest.raises(MalformedMirror):
        mirrors_of({"name": "t", "inputSchema": schema})
