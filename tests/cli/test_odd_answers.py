"""Servers that answer otherwise than the protocol says are shown all the same: no answer breaks a page."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_cli.arguments import arguments_of, missing
from mcp_cli.errors import WrongUsage
from mcp_cli.views.content import contents_text, prompt_table, prompt_text, resource_table, result_text, tool_table
from mcp_cli.views.describe import describe_server

pytestmark = pytest.mark.fast

KEYS = ("name", "type", "text", "data", "uri", "properties", "required", "items", "enum", "anyOf", "content")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["text", "image", "resource"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


@given(ANYTHING)
def test_nothing_that_a_server_answers_breaks_its_page(said: object) -> None:
    tool = {"name": said, "description": said, "inputSchema": said}
    assert tool_table([tool, {"inputSchema": {"properties": {"a": said}, "required": said}}]).render(wide=True)
    assert resource_table([{"uri": said, "name": said, "mimeType": said, "description": said}]).render(wide=True)
    assert prompt_table([{"name": said, "arguments": said}, {"arguments": [said]}]).render(wide=True)
    result_text({"content": said})
    result_text({"content": [said, {"type": "image", "data": said}, {"type": "resource", "resource": said}]})
    contents_text({"blob": said, "mimeType": said})
    schema = {"properties": {"a": said}, "required": said}
    with contextlib.suppress(WrongUsage):
        missing(arguments_of(("a=1", "b=[1]"), schema), schema)
    prompt_text({"messages": [said, {"role": said, "content": said}]})


def test_a_server_does_not_write_fields_into_its_description() -> None:
    status = {"mcp": {"serverInfo": {"name": "a\nPhase:        Running"}, "tools": ["b\nPhase:"]}}
    server = {"metadata": {"name": "a", "namespace": "b"}, "spec": {}, "status": status}
    lines = describe_server(server, [], []).splitlines()
    assert [line for line in lines if line.lstrip().startswith("Phase:")] == ["Phase:        Pending"]
