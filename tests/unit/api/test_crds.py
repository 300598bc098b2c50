"""The CRDs: structural, complete for `kubectl`, small enough for `kubectl apply`, equal to the checked-in files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp_operator.api.crds import crds, server_crd

pytestmark = pytest.mark.fast

FOLDER = Path(__file__).parents[3] / "operator" / "config" / "crd"
# `kubectl apply` keeps the whole object in an annotation, and the API server bounds annotations.
ANNOTATION_LIMIT = 262144


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from nodes(schema[keyword], f"{path}[]")


@pytest.mark.parametrize("crd", crds(), ids=lambda crd: crd["spec"]["names"]["kind"])
def test_every_node_is_structural(crd: dict[str, Any]) -> None:
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for path, node in nodes(schema):
        free = node.get("x-kubernetes-int-or-string") or node.get("x-kubernetes-preserve-unknown-fields")
        assert "type" in node or free, f"{path} has no type"
        assert "$ref" not in node, f"{path} is a reference"
        for key in node.get("x-kubernetes-list-map-keys", []):
            item = node["items"]
            assert key in item["required"] or "default" in item["properties"][key], f"{path}: key {key} may be absent"


@pytest.mark.parametrize("crd", crds(), ids=lambda crd: crd["spec"]["names"]["kind"])
def test_fits_into_the_annotation_of_kubectl_apply(crd: dict[str, Any]) -> None:
    assert len(json.dumps(crd)) < ANNOTATION_LIMIT


def test_own_fields_are_described_and_embedded_types_are_not() -> None:
    spec = server_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    assert all(field.get("description") for field in spec.values())
    assert "description" not in spec["affinity"]["properties"]["nodeAffinity"]
    assert spec["env"]["items"]["properties"]["valueFrom"]["properties"]["secretKeyRef"]


def test_kubectl_scale_and_get_have_what_they_need() -> None:
    version = server_crd()["spec"]["versions"][0]
    assert version["subresources"]["scale"]["labelSelectorPath"] == ".status.selector"
    shown = [column["name"] for column in version["additionalPrinterColumns"] if not column.get("priority")]
    assert shown == ["Image", "Tag", "Replicas", "Ready", "Phase", "Age"]


@pytest.mark.parametrize("crd", crds(), ids=lambda crd: crd["spec"]["names"]["kind"])
def test_checked_in_file_is_current(crd: dict[str, Any]) -> None:
    path = FOLDER / f"{crd['spec']['names']['plural']}.yaml"
    assert yaml.safe_load(path.read_text()) == crd, "run: make manifests"
