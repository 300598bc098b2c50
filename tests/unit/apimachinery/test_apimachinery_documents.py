"""Discovery and OpenAPI: what clients learn of the API, beside what a real Kubernetes 1.36 tells them."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_cli.local.apimachinery import data, discovery, openapi
from mcp_cli.local.apimachinery.models import Model, builtin_models, crd_models
from tests.unit.apimachinery import transcripts
from tests.unit.apimachinery.real_server import RealServer
from tests.unit.apimachinery.widgets import WIDGET_CRD

PROSE = "description"


def models() -> list[Model]:
    return [*builtin_models(), *crd_models(WIDGET_CRD)]


def of_other_tests() -> set[str]:
    """The groups that other tests define on the same server, before or after these."""
    asked = [entry for name in transcripts.CREATIONS for entry in transcripts.load(name)]
    return {entry["body"]["spec"]["group"] for entry in asked if entry.get("stored")}


def by_name(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {entry["name"]: {**entry, "verbs": sorted(entry["verbs"])} for entry in entries}


@pytest.mark.parametrize(("group", "version"), [("", "v1"), ("apps", "v1"), ("example.test", "v1")])
def test_resources_are_those_of_the_real_server(real_server: RealServer, group: str, version: str) -> None:
    path = f"/apis/{group}/{version}" if group else f"/api/{version}"
    _, real = real_server.ask("GET", path)
    assert by_name(discovery.resources(models(), group, version)["resources"]) == by_name(real["resources"])


def test_groups_are_those_of_the_real_server(real_server: RealServer) -> None:
    _, real = real_server.ask("GET", "/apis")
    ours = discovery.groups(models())["groups"]
    theirs = [group for group in real["groups"] if group["name"] not in of_other_tests()]
    assert sorted(ours, key=lambda group: group["name"]) == sorted(theirs, key=lambda group: group["name"])


def test_aggregated_discovery_is_that_of_the_real_server(real_server: RealServer) -> None:
    for path, legacy in (("/api", True), ("/apis", False)):
        _, real = real_server.ask("GET", path, accept=discovery.AGGREGATED_TYPE)
        ours = discovery.aggregated(models(), legacy=legacy)
        assert _kinds(ours) == {kind for kind in _kinds(real) if kind[0] not in of_other_tests()}


def _kinds(document: dict[str, Any]) -> set[tuple[Any, ...]]:
    return {
        (
            group["metadata"].get("name"),
            version["version"],
            entry["resource"],
            entry["scope"],
            entry["singularResource"],
        )
        for group in document["items"]
        for version in group["versions"]
        for entry in version["resources"]
    }


def test_paths_are_those_of_the_real_server(real_server: RealServer) -> None:
    _, real = real_server.ask("GET", "/openapi/v3/apis/apps/v1")
    ours = openapi.document(models(), "apps", "v1")
    wanted = {path for path in real["paths"] if "/watch/" not in path and not path.endswith("/")}
    assert set(ours["paths"]) == wanted
    for path in wanted:
        assert {verb for verb in ours["paths"][path] if verb != "parameters"} == {
            verb for verb in real["paths"][path] if verb != "parameters"
        }


@pytest.mark.fast
def test_every_reference_of_a_document_is_in_it() -> None:
    for model in models():
        document = openapi.document(models(), model.group, model.version)
        schemas = document["components"]["schemas"]
        assert _references(document) <= {openapi.SCHEMAS + name for name in schemas}


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {found for item in value for found in _references(item)}
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
    return own | {found for member in value.values() for found in _references(member)}


@pytest.mark.fast
def test_writes_say_that_they_validate_fields() -> None:
    """kubectl leaves validation to the server where it reads this."""
    path = "/apis/example.test/v1/namespaces/{namespace}/widgets/{name}"
    operation = openapi.document(models(), "example.test", "v1")["paths"][path]["patch"]
    assert "fieldValidation" in [parameter["name"] for parameter in operation["parameters"]]
    assert operation["x-kubernetes-group-version-kind"]["kind"] == "Widget"


@pytest.mark.fast
def test_the_hash_of_a_document_follows_its_content() -> None:
    changed = crd_models(
        {
            **WIDGET_CRD,
            "spec": {**WIDGET_CRD["spec"], "versions": [{**WIDGET_CRD["spec"]["versions"][0], "schema": {}}]},
        }
    )
    before = openapi.index(models())["paths"]
    after = openapi.index([*builtin_models(), *changed])["paths"]
    assert before["apis/example.test/v1"] != after["apis/example.test/v1"]
    assert before["apis/apps/v1"] == after["apis/apps/v1"]


@pytest.mark.fast
def test_the_packaged_data_hold_no_prose() -> None:
    for model in builtin_models():
        name = data.definition_name(model.group, model.version, model.kind)
        if data.has_definition(name):
            assert not isinstance(data.definition(name).get(PROSE), str)


@pytest.mark.fast
def test_swagger_is_the_same_as_json_and_as_protobuf() -> None:
    encoded = openapi.swagger(models())
    for name in openapi.swagger_json(models())["definitions"]:
        assert name.encode() in encoded
