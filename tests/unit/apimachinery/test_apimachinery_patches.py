"""JSON, merge and strategic patches: round trips over random documents, and the arguments stay as they were."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_cli.local.apimachinery import patches, strategic
from mcp_cli.local.apimachinery.errors import StatusError
from mcp_cli.local.apimachinery.models import builtin_model, crd_models
from tests.unit.apimachinery.widgets import WIDGET_CRD

pytestmark = pytest.mark.fast

SCALARS = st.one_of(st.booleans(), st.integers(-9, 9), st.text(max_size=3))
KEYS = st.text(min_size=1, max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)


def pointers(document: Any, prefix: str = "") -> list[str]:
    """Every place of a document."""
    found = [prefix] if prefix else []
    members = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in members:
        found.extend(pointers(value, f"{prefix}/{str(key).replace('~', '~0').replace('/', '~1')}"))
    return found


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, DOCUMENTS)
def test_merge_patch_of_a_difference_gives_the_other_document(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = copy.deepcopy(old)
    assert patches.merge_patch(old, patches.diff(old, new)) == new
    assert old == before


@settings(max_examples=100, deadline=None)
@given(DOCUMENTS, DOCUMENTS)
def test_merge_patch_is_idempotent(document: dict[str, Any], patch: dict[str, Any]) -> None:
    once = patches.merge_patch(document, patch)
    assert patches.merge_patch(once, patch) == once


@settings(max_examples=100, deadline=None)
@given(DOCUMENTS, st.data())
def test_json_patch_removes_and_adds_back_any_place(document: dict[str, Any], data: st.DataObject) -> None:
    places = pointers(document)
    if not places:
        return
    path = data.draw(st.sampled_from(places))
    before = copy.deepcopy(document)
    kept = patches.json_patch({"d": document, "x": None}, [{"op": "copy", "from": f"/d{path}", "path": "/x"}])
    operations = [
        {"op": "test", "path": f"/d{path}", "value": kept["x"]},
        {"op": "move", "from": f"/d{path}", "path": "/x"},
        {"op": "add", "path": f"/d{path}", "value": kept["x"]},
    ]
    assert patches.json_patch({"d": document, "x": None}, operations)["d"] == before
    assert document == before


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("abcdef"), unique=True, max_size=5), st.lists(st.sampled_from("abcdef"), unique=True))
def test_strategic_patch_sets_the_order_it_asks_for(present: list[str], order: list[str]) -> None:
    model = builtin_model("", "v1", "Pod")
    assert model is not None
    pod = {"spec": {"containers": [{"name": name, "image": "x"} for name in present]}}
    patch = {
        "spec": {
            "$setElementOrder/containers": [{"name": n} for n in order],
            "containers": [{"name": n, "image": "y"} for n in order],
        }
    }
    found = strategic.strategic_patch(model, pod, patch)["spec"]["containers"]
    assert [c["name"] for c in found if c["name"] in order] == order
    assert [c["name"] for c in found if c["name"] not in order] == [n for n in present if n not in order]
    assert all(container["image"] == ("y" if container["name"] in order else "x") for container in found)


def test_operations_are_all_done_or_none() -> None:
    document = {"a": 1}
    with pytest.raises(StatusError) as refused:
        patches.json_patch(document, [{"op": "remove", "path": "/a"}, {"op": "remove", "path": "/b"}])
    assert refused.value.code == 422
    assert document == {"a": 1}


def test_true_is_not_one() -> None:
    with pytest.raises(StatusError):
        patches.json_patch({"a": True}, [{"op": "test", "path": "/a", "value": 1}])


def test_custom_resources_take_no_strategic_patch() -> None:
    with pytest.raises(StatusError) as refused:
        strategic.strategic_patch(crd_models(WIDGET_CRD)[0], {}, {})
    assert refused.value.code == 415
