"""CustomResourceDefinitions on every control plane: served when established, defaulted, pruned, validated, and gone."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conftest import RUNNING
from tests.local.api.conftest import Api
from tests.local.api.objects import APPLY, MERGE, STRATEGIC, TABLE
from tests.support.waiting import eventually

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SPEC = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "string", "enum": ["small", "large"]},
        "replicas": {"type": "integer", "minimum": 0, "default": 2},
        "nested": {"type": "object", "default": {}, "properties": {"depth": {"type": "integer", "default": 1}}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
STATUS = {"type": "object", "properties": {"replicas": {"type": "integer"}, "phase": {"type": "string"}}}
VERSION = {
    "name": "v1",
    "served": True,
    "storage": True,
    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC, "status": STATUS}}},
    "subresources": {
        "status": {},
        "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"},
    },
    "additionalPrinterColumns": [{"name": "Size", "type": "string", "jsonPath": ".spec.size"}],
}


class Kind:
    """A definition in a group of its own."""

    def __init__(self, api: Api, domain: str) -> None:
        self.api = api
        self.domain = domain
        self.name = f"boxes.{self.domain}"
        self.group = f"{self.domain}/v1"

    def definition(self, **spec: Any) -> dict[str, Any]:
        names = {"kind": "Box", "plural": "boxes", "singular": "box", "shortNames": ["bx"]}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": self.name},
            "spec": {"group": self.domain, "scope": "Namespaced", "names": names, "versions": [VERSION], **spec},
        }

    def box(self, name: str, **spec: Any) -> dict[str, Any]:
        return {"apiVersion": self.group, "kind": "Box", "metadata": {"name": name}, "spec": spec}

    async def define(self, **spec: Any) -> None:
        answer = await self.api.send("POST", DEFINITIONS, self.definition(**spec))
        assert answer.status_code in (201, 409), answer.text
        await eventually(self.served, "the definition is served")

    async def served(self) -> bool:
        answer = await self.api.send("GET", "boxes", group=self.group)
        return answer.status_code == 200


@pytest.fixture
async def boxes(api: Api) -> AsyncIterator[Kind]:
    """A kind that tests share and that stays: at each definition that comes or goes, and above all at one that goes
    while it looks, a real garbage collector pauses for up to half a minute, for every test of the control plane."""
    own = api.cluster.name in RUNNING
    kind = Kind(api, _own() if own else "shared.test")
    await kind.define()
    yield kind
    if own:
        await api.send("DELETE", f"{DEFINITIONS}/{kind.name}")


def _own() -> str:
    return f"g{uuid.uuid4().hex[:8]}.test"


@pytest.fixture
async def kind(api: Api) -> AsyncIterator[Kind]:
    """One of the test's own, for what a definition itself does; the test defines it."""
    kind = Kind(api, _own())
    yield kind
    await api.send("DELETE", f"{DEFINITIONS}/{kind.name}")


async def test_a_definition_is_established_and_discovered(api: Api, boxes: Kind) -> None:
    found = await api.get(f"{DEFINITIONS}/{boxes.name}")
    conditions = {entry["type"]: entry["status"] for entry in found["status"]["conditions"]}
    assert conditions["NamesAccepted"] == conditions["Established"] == "True"
    assert found["status"]["storedVersions"] == ["v1"]
    resources = await eventually(lambda: _discovered(api, boxes.group), "the group is discovered")
    assert {entry["name"] for entry in resources} == {"boxes", "boxes/status", "boxes/scale"}
    assert resources[0]["shortNames"] == ["bx"]


async def test_defaults_are_filled_in_and_unknown_fields_pruned(api: Api, boxes: Kind) -> None:
    body = boxes.box("a", size="small", stranger=1, nested={"other": 1}, free={"any": {"thing": [1]}})
    created = await api.create("boxes", body, group=boxes.group)
    assert created["spec"] == {"size": "small", "replicas": 2, "nested": {"depth": 1}, "free": {"any": {"thing": [1]}}}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "spec.size: Required value"),
        ({"size": "huge"}, 'spec.size: Unsupported value: "huge"'),
        ({"size": "small", "replicas": -1}, "should be greater than or equal to 0"),
        ({"size": "small", "replicas": "two"}, "spec.replicas"),
    ],
)
async def test_what_breaks_the_schema_is_refused(api: Api, boxes: Kind, spec: dict[str, Any], words: str) -> None:
    refusal = await api.refused("POST", "boxes", boxes.box("a", **spec), group=boxes.group)
    assert (refusal.code, refusal.reason) == (422, "Invalid")
    assert words in refusal.message


async def test_status_is_a_subresource_and_generation_is_the_specs(api: Api, boxes: Kind) -> None:
    created = await api.create("boxes", {**boxes.box("a", size="small"), "status": {"phase": "No"}}, group=boxes.group)
    assert "status" not in created
    patch = {"spec": {"replicas": 9}, "status": {"phase": "Ready", "replicas": 2}}
    written = await api.patch("boxes/a/status", patch, group=boxes.group)
    assert (written["spec"]["replicas"], written["status"]["phase"]) == (2, "Ready")
    assert written["metadata"]["generation"] == 1
    changed = await api.patch("boxes/a", patch | {"status": {"phase": "Changed"}}, group=boxes.group)
    assert (changed["metadata"]["generation"], changed["status"]["phase"]) == (2, "Ready")


async def test_scale_reads_and_writes_the_named_paths(api: Api, boxes: Kind) -> None:
    await api.create("boxes", boxes.box("a", size="small"), group=boxes.group)
    assert (await api.get("boxes/a/scale", group=boxes.group))["spec"] == {"replicas": 2}
    await api.patch("boxes/a/scale", {"spec": {"replicas": 5}}, group=boxes.group)
    assert (await api.get("boxes/a", group=boxes.group))["spec"]["replicas"] == 5


async def test_apply_works_and_strategic_patches_do_not(api: Api, boxes: Kind) -> None:
    applied = await api.patch("boxes/a", boxes.box("a", size="small"), type=APPLY, group=boxes.group, fieldManager="me")
    assert applied["spec"]["replicas"] == 2
    refusal = await api.refused("PATCH", "boxes/a", {"spec": {}}, type=STRATEGIC, group=boxes.group)
    assert refusal.code == 415


async def test_columns_of_the_definition_are_printed(api: Api, boxes: Kind) -> None:
    await api.create("boxes", boxes.box("a", size="large"), group=boxes.group)
    table = await api.get("boxes", group=boxes.group, accept=TABLE)
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Size"]
    assert [row["cells"] for row in table["rows"]] == [["a", "large"]]


async def test_a_replace_must_say_what_it_replaces(api: Api, boxes: Kind) -> None:
    created = await api.create("boxes", boxes.box("a", size="small"), group=boxes.group)
    refusal = await api.refused("PUT", "boxes/a", boxes.box("a", size="large"), group=boxes.group)
    assert "metadata.resourceVersion" in refusal.message
    created["spec"]["size"] = "large"
    assert (await api.replace("boxes/a", created, group=boxes.group))["spec"]["size"] == "large"


async def test_a_second_version_serves_the_same_objects(api: Api, kind: Kind) -> None:
    await kind.define(versions=[VERSION, {**VERSION, "name": "v1beta1", "storage": False}])
    beta = f"{kind.domain}/v1beta1"
    await eventually(lambda: _answers(api, beta), "both versions are served")
    await api.create("boxes", {**kind.box("a", size="small"), "apiVersion": beta}, group=beta)
    assert (await api.get("boxes/a", group=kind.group))["apiVersion"] == kind.group

    async def both() -> bool:
        groups = {entry["name"]: entry for entry in (await api.get("/apis"))["groups"]}
        found = [entry["version"] for entry in groups.get(kind.domain, {}).get("versions", ())]
        return found == ["v1", "v1beta1"]

    await eventually(both, "both versions are discovered, the stable one first")


async def _discovered(api: Api, group: str) -> list[dict[str, Any]]:
    """The resources of a group; those of a new one are told some time after they are served."""
    answer = await api.send("GET", f"/apis/{group}")
    return (answer.json().get("resources") or []) if answer.status_code == 200 else []


async def _answers(api: Api, group: str) -> bool:
    return (await api.send("GET", "boxes", group=group)).status_code == 200


async def test_names_that_another_definition_has_are_not_accepted(api: Api, kind: Kind) -> None:
    await kind.define()
    names = {"kind": "Box", "plural": "others", "singular": "other"}
    other = kind.definition(names=names)
    other["metadata"]["name"] = f"others.{kind.domain}"
    await api.create(DEFINITIONS, other)
    path = f"{DEFINITIONS}/{other['metadata']['name']}"

    async def decided() -> list[dict[str, Any]]:
        return (await api.get(path)).get("status", {}).get("conditions") or []

    found = {entry["type"]: entry for entry in await eventually(decided, "the names are judged")}
    assert found["NamesAccepted"]["status"] == "False"
    assert "already in use" in found["NamesAccepted"]["message"]
    await api.delete(path)


async def test_a_definition_takes_its_objects_along(api: Api, kind: Kind) -> None:
    await kind.define()
    await api.create("boxes", kind.box("a", size="small"), group=kind.group)
    await api.delete(f"{DEFINITIONS}/{kind.name}")

    async def gone() -> bool:
        answers = [await api.send("GET", path) for path in (f"{DEFINITIONS}/{kind.name}", f"/apis/{kind.group}")]
        return all(answer.status_code == 404 for answer in answers)

    await eventually(gone, "the definition is gone")
    assert (await api.send("GET", "boxes", group=kind.group)).status_code == 404


async def test_an_object_with_a_finalizer_holds_its_definition(api: Api, kind: Kind) -> None:
    await kind.define()
    body = kind.box("a", size="small")
    body["metadata"]["finalizers"] = ["example.test/hold"]
    await api.create("boxes", body, group=kind.group)
    await api.delete(f"{DEFINITIONS}/{kind.name}")

    async def marked() -> bool:
        return "deletionTimestamp" in (await api.get("boxes/a", group=kind.group))["metadata"]

    await eventually(marked, "the object is being deleted")
    assert await api.get(f"{DEFINITIONS}/{kind.name}")
    await api.patch("boxes/a", {"metadata": {"finalizers": None}}, type=MERGE, group=kind.group)

    async def gone() -> bool:
        return (await api.send("GET", f"{DEFINITIONS}/{kind.name}")).status_code == 404

    await eventually(gone, "the definition is gone")
