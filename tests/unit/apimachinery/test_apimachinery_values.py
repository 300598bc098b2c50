"""Selectors, quantities, times and names: the small languages of the API."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_cli.local.apimachinery import fieldselectors, names, quantities, selectors
from mcp_cli.local.apimachinery.errors import StatusError
from mcp_cli.local.apimachinery.models import builtin_model, crd_models
from tests.unit.apimachinery.widgets import WIDGET_CRD

pytestmark = pytest.mark.fast

# Canonical forms as Kubernetes 1.36 gave them back.
CANONICAL = {
    "0.5": "500m",
    "1024Ki": "1Mi",
    "1000m": "1",
    "1.5Gi": "1536Mi",
    "0.1": "100m",
    "1000": "1k",
    "0.5Gi": "512Mi",
    "1.1Mi": "1153433600m",
    "0Gi": "0",
    "1e3": "1e3",
}


@pytest.mark.parametrize(("given_form", "canonical"), CANONICAL.items())
def test_quantity_has_one_canonical_form(given_form: str, canonical: str) -> None:
    assert quantities.canonical(given_form) == canonical


@given(st.integers(0, 10**15), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi"]))
def test_canonical_form_is_the_same_number(number: int, suffix: str) -> None:
    text = f"{number}{suffix}"
    assert quantities.parse(quantities.canonical(text)) == quantities.parse(text)
    assert quantities.canonical(quantities.canonical(text)) == quantities.canonical(text)


@pytest.mark.parametrize("text", ["", "x", "1Zi", "1 Gi", "--1", "1e"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match"):
        quantities.parse(text)


def test_nothing_is_finer_than_a_nano() -> None:
    assert quantities.parse("0.00000000001") == Decimal("1e-9")


@pytest.mark.parametrize(
    ("text", "labels", "matches"),
    [
        ("a=b", {"a": "b"}, True),
        ("a==b", {"a": "c"}, False),
        ("a!=b", {}, True),
        ("a in (b, c)", {"a": "c"}, True),
        ("a notin (b)", {"a": "b"}, False),
        ("a notin (b)", {}, True),
        ("a", {"a": ""}, True),
        ("!a", {"a": ""}, False),
        ("a,b!=c", {"a": "1", "b": "d"}, True),
        ("n>3", {"n": "4"}, True),
        ("n<3", {"n": "x"}, False),
        ("a=", {"a": ""}, True),
        ("a in ()", {"a": ""}, True),
        ("", {"a": "b"}, True),
    ],
)
def test_label_selector_matches(text: str, labels: dict[str, str], matches: bool) -> None:
    selector = selectors.parse(text)
    assert selector.matches(labels) is matches
    assert selectors.parse(str(selector)).matches(labels) is matches


# The words of Kubernetes 1.36 for the same queries.
WRONG_SELECTORS = {
    "a in b": "unable to parse requirement: found 'b' expected: '('",
    "a=b,": "found '', expected: identifier after ','",
    "a b": "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    "a b/c/d": "unable to parse requirement: found 'b/c/d', expected: in, notin, =, ==, !=, gt, lt",
    "a in (x y)": "unable to parse requirement: found 'y', expected: ',' or ')'",
    "a=b c": "found 'c', expected: ',' or 'end of string'",
    "=b": "found '=', expected: !, identifier, or 'end of string'",
}


@pytest.mark.parametrize(("text", "message"), WRONG_SELECTORS.items())
def test_wrong_label_selector_is_told(text: str, message: str) -> None:
    with pytest.raises(StatusError) as refused:
        selectors.parse(text)
    assert refused.value.code == 400
    assert str(refused.value) == message


def test_selector_objects_select_nothing_when_absent_and_everything_when_empty() -> None:
    assert not selectors.from_object(None).matches({})
    assert selectors.from_object({}).matches({"a": "b"})
    assert not selectors.from_map({}).matches({})
    assert selectors.from_object({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}).matches({})


def test_field_selectors_compare_the_fields_that_a_kind_offers() -> None:
    pods = builtin_model("", "v1", "Pod")
    assert pods is not None
    pod = {"metadata": {"name": "a", "namespace": "n"}, "spec": {"nodeName": "x"}, "status": {"phase": "Running"}}
    assert fieldselectors.parse(pods, "spec.nodeName=x,status.phase!=Failed").matches(pod)
    assert not fieldselectors.parse(pods, "metadata.name=b").matches(pod)
    assert fieldselectors.parse(pods, "spec.hostNetwork=false").matches(pod)
    assert fieldselectors.parse(pods, "metadata.name=a").exact("metadata.name") == "a"


@pytest.mark.parametrize("text", ["spec.foo=1", "metadata.name"])
def test_other_fields_are_refused(text: str) -> None:
    for model in (builtin_model("", "v1", "Pod"), crd_models(WIDGET_CRD)[0]):
        assert model is not None
        with pytest.raises(StatusError) as refused:
            fieldselectors.parse(model, text)
        assert refused.value.code == 400


def test_generated_names_fit_and_differ() -> None:
    found = {names.generate("x" * 60) for _ in range(50)}
    assert len(found) > 45
    assert all(len(name) == 63 and not names.is_dns1123_label(name) for name in found)


def test_annotations_have_a_limit() -> None:
    from mcp_cli.local.apimachinery import validation

    model = builtin_model("", "v1", "ConfigMap")
    assert model is not None
    obj = {"metadata": {"name": "a", "annotations": {"a": "x" * 262145}}}
    causes = validation.validate_create(model, obj)
    assert [str(cause) for cause in causes] == ["metadata.annotations: Too long: may not be more than 262144 bytes"]
