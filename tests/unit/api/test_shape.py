"""The shape of a manifest is checked before anything looks into it: no value of a wrong type breaks a check."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.api.mcpserver import spec as spec_schema
from mcp_operator.api.resolve import resolve
from mcp_operator.api.shape import object_shape, server_shape
from mcp_operator.api.validation import validate

pytestmark = pytest.mark.fast

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "port", "type", "path", "value", "env", "url", "mountPath"]), inner, max_size=4
        )
    ),
    max_leaves=6,
)


def server(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a"}, "spec": {"image": "x", **spec}}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"replicas": "3"}, "spec.replicas: must be a whole number, not text"),
        ({"replicas": True}, "spec.replicas: must be a whole number, not true or false"),
        ({"env": {"A": "b"}}, "spec.env: must be a list, not an object"),
        ({"env": [{"name": "A", "value": 5}]}, "spec.env[0].value: must be text, not a number, so put it in quotes"),
        ({"env": [{"value": "x"}]}, "spec.env[0].name: is missing"),
        ({"resources": {"limits": {"cpu": 0.5}}}, "spec.resources.limits.cpu: must be a whole number or text"),
        ({"runtime": 5}, "spec.runtime: must be an object, not a number"),
        ({"args": ["\udcff"]}, "spec.args[0]: holds bytes that are not UTF-8"),
        ({"ports": [None]}, "spec.ports[0]: must be an object, not null"),
        ({"volumes": ["x"]}, "spec.volumes[0]: must be an object, not text"),
    ],
)
def test_the_words_name_the_place_and_the_type(spec: dict[str, Any], words: str) -> None:
    assert str(server_shape(server(**spec))[0]).startswith(words)


def test_what_is_right_or_not_known_is_left_alone() -> None:
    spec = {"replicas": 3.0, "env": None, "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}, "config": {"a": [1]}}
    assert server_shape(server(**spec, laterField=5)) == []
    assert server_shape({"spec": 5}) != []
    assert object_shape({"apiVersion": "v1", "kind": "A", "metadata": {"name": "a", "labels": {"a": "b"}}}) == []
    assert str(object_shape({"kind": ["x"], "metadata": {}})[0]) == "kind: must be text, not a list"
    assert "put it in quotes" in str(object_shape({"metadata": {"labels": {"a": 5}}})[0])


@given(st.dictionaries(st.sampled_from(sorted(spec_schema()["properties"])), ANYTHING, max_size=6))
def test_what_has_the_shape_can_be_checked(spec: dict[str, Any]) -> None:
    """Whatever stands in a file, either its shape is refused or every later check holds."""
    given_server = {"metadata": {"name": "a"}, "spec": spec}
    if not server_shape(given_server) and not validate(given_server):
        resolve(given_server)
