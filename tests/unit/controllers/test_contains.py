"""When a live object already holds the rendered one: the answer that keeps a converged cluster quiet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.controllers.contains import contains, parse_quantity

pytestmark = pytest.mark.fast

CONTAINED = {
    "defaults are added": ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 2}}),
    "quantities are spelled anew": (
        {"limits": {"cpu": "500m", "memory": "1Gi"}},
        {"limits": {"cpu": "0.5", "memory": "1024Mi"}},
    ),
    "a number for a quantity": ({"requests": {"cpu": "1"}}, {"requests": {"cpu": 1}}),
    "an empty value is dropped": ({}, {"a": {}, "b": [], "c": None, "d": "", "e": {"f": []}}),
    "a false that is the default is dropped": ({"volumeMounts": []}, {"volumeMounts": [], "readOnly": False}),
    "named lists are merged": (
        {"env": [{"name": "B", "value": "2"}, {"name": "MORE", "value": "x"}, {"name": "A", "value": "1"}]},
        {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
    ),
    "an empty variable loses its value": ({"env": [{"name": "A"}]}, {"env": [{"name": "A", "value": ""}]}),
    "ports of a container": (
        {"ports": [{"containerPort": 8080, "name": "mcp", "protocol": "TCP"}]},
        {"ports": [{"containerPort": 8080, "name": "mcp"}]},
    ),
    "ports of a Service get a node port": (
        {"ports": [{"port": 80, "protocol": "TCP", "targetPort": "mcp", "nodePort": 30000}]},
        {"ports": [{"port": 80, "protocol": "TCP", "targetPort": "mcp"}]},
    ),
    "elements of other lists get defaults": (
        {"tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}]},
        {"tolerations": [{"key": "a", "operator": "Exists"}]},
    ),
}
DIFFERENT = {
    "another value": ({"a": 1}, {"a": 2}),
    "a missing value": ({}, {"a": 1}),
    "a false that matters": ({}, {"automountServiceAccountToken": False}),
    "a zero that matters": ({}, {"replicas": 0}),
    "true is not one": ({"a": True}, {"a": 1}),
    "another quantity": ({"limits": {"cpu": "500m"}}, {"limits": {"cpu": "501m"}}),
    "quantities only where they are": ({"args": "1000m"}, {"args": "1"}),
    "an argument more": ({"args": ["a", "b"]}, {"args": ["a"]}),
    "arguments in another order": ({"args": ["b", "a"]}, {"args": ["a", "b"]}),
    "a variable less": ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "1"}, {"name": "B"}]}),
    "another port": ({"ports": [{"containerPort": 1}]}, {"ports": [{"containerPort": 2}]}),
    "another protocol": (
        {"ports": [{"port": 1, "protocol": "UDP"}]},
        {"ports": [{"port": 1, "protocol": "TCP"}]},
    ),
    "another kind of value": ({"a": "x"}, {"a": {"b": 1}}),
    "no list": ({"a": None}, {"a": ["x"]}),
}


@pytest.mark.parametrize("case", CONTAINED)
def test_nothing_to_do(case: str) -> None:
    live, desired = CONTAINED[case]
    assert contains(live, desired)


@pytest.mark.parametrize("case", DIFFERENT)
def test_something_to_do(case: str) -> None:
    live, desired = DIFFERENT[case]
    assert not contains(live, desired)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(_JSON)
def test_everything_contains_itself(value: Any) -> None:
    assert contains(value, value)


@given(st.dictionaries(st.text(max_size=5), _JSON, max_size=4), st.dictionaries(st.text(max_size=5), _JSON, max_size=4))
def test_more_fields_never_matter(desired: dict[str, Any], more: dict[str, Any]) -> None:
    assert contains({**more, **desired}, desired)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"),
        ("100m", "0.1"),
        ("1Ki", "1024"),
        ("1.5Gi", "1610612736"),
        ("2k", "2000"),
        ("1e3", "1000"),
        ("5n", "5e-9"),
    ],
)
def test_quantities(text: str, value: str) -> None:
    assert parse_quantity(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "x", "1 Gi", "Gi", True])
def test_what_is_no_quantity(text: Any) -> None:
    assert parse_quantity(text) is None
