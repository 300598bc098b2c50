"""Scale, the names of definitions, CEL without its library, and fields that the API server does not know."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from mcp_cli.local.apimachinery import cel, crd_schemas, crds, decoding, defaulting, jsonpath, scale, strategy
from mcp_cli.local.apimachinery.errors import StatusError
from mcp_cli.local.apimachinery.models import Model, builtin_model, crd_models
from tests.unit.apimachinery import scenarios, widgets

pytestmark = pytest.mark.fast


def known(group: str, kind: str) -> Model:
    model = builtin_model(group, "v1", kind)
    assert model is not None
    return model


def test_a_deployment_is_read_and_written_as_scale() -> None:
    model, obj = known("apps", "Deployment"), scenarios.deploy(replicas=2)
    obj["metadata"]["resourceVersion"] = "7"
    found = scale.read(model, obj)
    assert (found["spec"], found["status"]) == ({"replicas": 2}, {"replicas": 0, "selector": "a=b"})
    found["spec"]["replicas"] = 5
    assert scale.write(model, obj, found)["spec"]["replicas"] == 5
    assert obj["spec"]["replicas"] == 2


def test_a_custom_resource_scales_at_its_own_paths() -> None:
    model = crd_models(widgets.WIDGET_CRD)[0]
    scaled = scale.write(model, scenarios.widget(), {"spec": {"replicas": 3}})
    assert scale.read(model, scaled)["spec"] == {"replicas": 3}


@pytest.mark.parametrize(
    ("change", "code"), [({"spec": {"replicas": -1}}, 422), ({"metadata": {"resourceVersion": "1"}}, 409)]
)
def test_a_wrong_scale_is_refused(change: dict[str, Any], code: int) -> None:
    with pytest.raises(StatusError) as refused:
        scale.write(known("apps", "Deployment"), scenarios.deploy(), change)
    assert refused.value.code == code


def test_names_are_accepted_and_then_taken() -> None:
    first, second = copy.deepcopy(widgets.WIDGET_CRD), copy.deepcopy(widgets.WIDGET_CRD)
    crds.accept_names(first, [])
    assert {c["type"]: c["status"] for c in first["status"]["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }
    assert first["status"]["storedVersions"] == ["v1"]
    second["metadata"]["name"] = "others.example.test"
    second["spec"]["names"] = {"plural": "others", "kind": "Widget"}
    crds.accept_names(second, [first])
    conditions = {c["type"]: c for c in second["status"]["conditions"]}
    assert conditions["NamesAccepted"]["message"] == '"Widget" is already in use'
    assert conditions["Established"]["status"] == "False"
    settled = copy.deepcopy(first)
    crds.accept_names(settled, [])
    assert settled == first


def test_a_rule_without_the_library_is_refused_not_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cel, "installed", lambda: False)
    raw = {"type": "object", "properties": {"a": {"type": "integer", cel.RULES: [{"rule": "self > 1"}]}}}
    causes = list(crd_schemas.check(raw, "schema"))
    assert [cause.field for cause in causes] == [f"schema.properties[a].{cel.RULES}[0].rule"]
    assert "pip install 'mcp-operator[cel]'" in causes[0].message


def test_an_unknown_function_of_a_rule_is_refused() -> None:
    raw = {"type": "object", "properties": {"a": {"type": "string", cel.RULES: [{"rule": "quantity(self) > 1"}]}}}
    assert "no CEL function quantity" in next(iter(crd_schemas.check(raw, "schema"))).message


@pytest.mark.parametrize(("mode", "warnings"), [("Warn", ['unknown field "spec.foo"']), ("Ignore", [])])
def test_unknown_fields_are_dropped(mode: str, warnings: list[str]) -> None:
    for model, obj in (
        (known("apps", "Deployment"), scenarios.deploy(foo=1)),
        (crd_models(widgets.WIDGET_CRD)[0], scenarios.widget(foo=1)),
    ):
        assert decoding.decode(model, obj, mode) == warnings
        assert "foo" not in obj["spec"]


def test_defaults_are_set_once_and_stay() -> None:
    model, obj = crd_models(widgets.WIDGET_CRD)[0], scenarios.widget(nested={"a": None}, ports=[{"port": 1}])
    defaulting.default(model, obj)
    assert obj["spec"] == {"nested": {"a": "x"}, "ports": [{"port": 1, "protocol": "TCP"}], "size": 3}
    again = copy.deepcopy(obj)
    defaulting.default(model, again)
    assert again == obj


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".a.b", [1]),
        (".l[0].n", ["x"]),
        (".l[*].n", ["x", "y"]),
        ('.l[?(@.n=="y")].v', [2]),
        (r".m.a\.b/c", ["z"]),
        (".m['a.b/c']", ["z"]),
        (".none.b", []),
    ],
)
def test_json_paths_of_columns(path: str, found: list[Any]) -> None:
    value = {"a": {"b": 1}, "l": [{"n": "x"}, {"n": "y", "v": 2}], "m": {"a.b/c": "z"}}
    assert jsonpath.find(path, value) == found


def test_only_finalize_changes_the_finalizers_of_a_namespace() -> None:
    model = known("", "Namespace")
    old = {"metadata": {"name": "a"}, "spec": {"finalizers": ["kubernetes"]}}
    for subresource, expected in (("", ["kubernetes"]), ("finalize", [])):
        new = {"metadata": {"name": "a"}, "spec": {"finalizers": []}}
        strategy.prepare_update(model, new, old, subresource)
        assert new["spec"]["finalizers"] == expected
