"""Patches and server-side apply, on every control plane."""

from __future__ import annotations

from typing import Any

from tests.local.api.conftest import Api
from tests.local.api.objects import APPLY, JSON_PATCH, MERGE, STRATEGIC, config_map, deployment


async def test_a_merge_patch_sets_and_removes(api: Api) -> None:
    await api.create("configmaps", config_map("a", x="1", y="2"))
    patched = await api.patch("configmaps/a", {"data": {"x": None, "z": "3"}})
    assert patched["data"] == {"y": "2", "z": "3"}


async def test_a_json_patch_is_applied_as_a_whole(api: Api) -> None:
    await api.create("configmaps", config_map("a", x="1"))
    operations = [
        {"op": "test", "path": "/data/x", "value": "1"},
        {"op": "add", "path": "/data/y", "value": "2"},
        {"op": "add", "path": "/metadata/annotations", "value": {}},
        {"op": "add", "path": "/metadata/annotations/y.test~1z", "value": "3"},
        {"op": "remove", "path": "/data/x"},
    ]
    patched = await api.patch("configmaps/a", operations, type=JSON_PATCH)
    assert (patched["data"], patched["metadata"]["annotations"]) == ({"y": "2"}, {"y.test/z": "3"})
    refusal = await api.refused("PATCH", "configmaps/a", operations, type=JSON_PATCH)
    assert (refusal.code, refusal.reason) == (422, "Invalid")
    assert (await api.get("configmaps/a"))["data"] == {"y": "2"}


async def test_a_strategic_patch_merges_lists_by_their_keys(api: Api) -> None:
    await api.create("deployments", deployment("d"), group="apps/v1")
    containers = [{"name": "main", "env": [{"name": "A", "value": "1"}]}, {"name": "second", "image": "x"}]
    patch = {"spec": {"template": {"spec": {"containers": containers}}}}
    patched = await api.patch("deployments/d", patch, type=STRATEGIC, group="apps/v1")
    found = {entry["name"]: entry for entry in patched["spec"]["template"]["spec"]["containers"]}
    assert found["main"]["image"] == "registry.invalid/none:1"
    assert found["main"]["env"] == [{"name": "A", "value": "1"}]
    assert found["second"]["image"] == "x"


async def test_a_merge_patch_replaces_lists(api: Api) -> None:
    await api.create("deployments", deployment("d"), group="apps/v1")
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "only", "image": "x"}]}}}}
    patched = await api.patch("deployments/d", patch, group="apps/v1")
    assert [entry["name"] for entry in patched["spec"]["template"]["spec"]["containers"]] == ["only"]


async def test_a_patch_cannot_rename(api: Api) -> None:
    await api.create("configmaps", config_map("a"))
    refusal = await api.refused("PATCH", "configmaps/a", {"metadata": {"name": "b"}}, type=MERGE)
    assert refusal.code == 400
    assert "the name of the object (b) does not match the name on the URL (a)" in refusal.message


async def test_a_patch_of_an_old_version_is_a_conflict(api: Api) -> None:
    old = await api.create("configmaps", config_map("a", x="1"))
    await api.patch("configmaps/a", {"data": {"x": "2"}})
    stale = {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}, "data": {"x": "3"}}
    assert (await api.refused("PATCH", "configmaps/a", stale, type=MERGE)).reason == "Conflict"


async def test_a_patch_of_an_unknown_type_is_refused(api: Api) -> None:
    await api.create("configmaps", config_map("a"))
    refusal = await api.refused("PATCH", "configmaps/a", {"data": {}}, type="application/json")
    assert (refusal.code, refusal.reason) == (415, "UnsupportedMediaType")


async def apply(api: Api, body: dict[str, Any], manager: str, **query: Any) -> Any:
    path = f"configmaps/{body['metadata']['name']}"
    return await api.patch(path, body, type=APPLY, fieldManager=manager, **query)


async def test_apply_creates_and_then_changes(api: Api) -> None:
    created = await apply(api, config_map("a", x="1", y="2"), "one")
    assert [entry["manager"] for entry in created["metadata"]["managedFields"]] == ["one"]
    changed = await apply(api, config_map("a", x="3"), "one")
    assert changed["data"] == {"x": "3"}
    assert await apply(api, config_map("a", x="3"), "one") == changed


async def test_a_field_has_one_manager_unless_forced(api: Api) -> None:
    await apply(api, config_map("a", x="1"), "one")
    refusal = await api.refused("PATCH", "configmaps/a", config_map("a", x="2"), type=APPLY, fieldManager="two")
    assert (refusal.code, refusal.reason) == (409, "Conflict")
    assert 'conflict with "one": .data.x' in refusal.message
    assert refusal.status["details"]["causes"][0]["reason"] == "FieldManagerConflict"
    forced = await apply(api, config_map("a", x="2"), "two", force="true")
    assert forced["data"] == {"x": "2"}


async def test_managers_share_what_they_agree_on(api: Api) -> None:
    await apply(api, config_map("a", x="1", y="1"), "one")
    await apply(api, config_map("a", x="1", z="1"), "two")
    left = await apply(api, config_map("a", y="1"), "one")
    assert left["data"] == {"x": "1", "y": "1", "z": "1"}
    gone = await apply(api, config_map("a", z="1"), "two")
    assert gone["data"] == {"y": "1", "z": "1"}


async def test_an_update_takes_the_fields_that_it_changes(api: Api) -> None:
    await apply(api, config_map("a", x="1", y="1"), "one")
    await api.patch("configmaps/a", {"data": {"x": "2"}}, fieldManager="hand")
    managers = {entry["manager"]: entry for entry in (await api.get("configmaps/a"))["metadata"]["managedFields"]}
    assert managers["hand"]["operation"] == "Update"
    assert managers["hand"]["fieldsV1"] == {"f:data": {"f:x": {}}}
    assert managers["one"]["fieldsV1"] == {"f:data": {"f:y": {}}}


async def test_an_item_goes_with_its_owner_though_another_changed_a_part(api: Api) -> None:
    group, path = "apps/v1", "deployments/d"

    async def apply_env(**env: str) -> Any:
        body = deployment("d")
        if env:
            items = [{"name": name, "value": value} for name, value in env.items()]
            body["spec"]["template"]["spec"]["containers"][0]["env"] = items
        return await api.patch(path, body, type=APPLY, group=group, fieldManager="one")

    applied = await apply_env(A="1", B="1")
    container = applied["spec"]["template"]["spec"]["containers"][0]["name"]
    changed = {"containers": [{"name": container, "env": [{"name": "A", "value": "2"}]}]}
    patch = {"spec": {"template": {"spec": changed}}}
    await api.patch(path, patch, type=STRATEGIC, group=group, fieldManager="hand")
    left = await apply_env()
    assert "env" not in left["spec"]["template"]["spec"]["containers"][0]


async def test_apply_needs_a_manager(api: Api) -> None:
    refusal = await api.refused("PATCH", "configmaps/a", config_map("a"), type=APPLY)
    assert (refusal.code, refusal.reason) == (422, "Invalid")
    assert "fieldManager" in refusal.message


async def test_status_and_spec_are_written_apart(api: Api) -> None:
    group = "apps/v1"
    created = await api.create("deployments", {**deployment("d"), "status": {"replicas": 7}}, group=group)
    assert created["status"].get("replicas", 0) == 0
    patch = {"spec": {"replicas": 5}, "status": {"conditions": [condition("Seen")]}}
    written = await api.patch("deployments/d/status", patch, group=group)
    assert written["spec"]["replicas"] == 1
    assert "Seen" in [entry["type"] for entry in written["status"]["conditions"]]


def condition(kind: str) -> dict[str, Any]:
    return {"type": kind, "status": "True", "reason": "Test", "message": "seen"}


async def test_scale_is_the_same_for_every_kind_that_has_it(api: Api) -> None:
    group = "apps/v1"
    await api.create("deployments", deployment("d", 0), group=group)
    scale = await api.get("deployments/d/scale", group=group)
    assert (scale["kind"], scale["apiVersion"], scale["spec"]) == ("Scale", "autoscaling/v1", {})
    # Without a version, for the controller writes the Deployment's status meanwhile.
    del scale["metadata"]["resourceVersion"]
    await api.replace("deployments/d/scale", {**scale, "spec": {"replicas": 2}}, group=group)
    patched = await api.patch("deployments/d/scale", {"spec": {"replicas": 3}}, group=group)
    assert patched["spec"] == {"replicas": 3}
    assert (await api.get("deployments/d", group=group))["spec"]["replicas"] == 3
    refusal = await api.refused("PATCH", "deployments/d/scale", {"spec": {"replicas": -1}}, type=MERGE, group=group)
    assert refusal.code == 422


async def test_a_pod_is_bound_once(api: Api) -> None:
    from tests.local.api.objects import pod

    await api.create("pods", pod("p"))
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "p"},
        "target": {"kind": "Node", "name": "n1"},
    }
    await api.create("pods/p/binding", binding)
    bound = await api.get("pods/p")
    assert bound["spec"]["nodeName"] == "n1"
    refusal = await api.refused("POST", "pods/p/binding", {**binding, "target": {"kind": "Node", "name": "n2"}})
    assert (refusal.code, refusal.reason) == (409, "Conflict")
    await api.delete("pods/p", {"gracePeriodSeconds": 0})


async def test_a_running_pod_is_given_its_time_to_end(api: Api) -> None:
    from tests.local.api.objects import pod

    await api.create("pods", pod("p", nodeName="no-such-node", terminationGracePeriodSeconds=77))
    lingering = await api.delete("pods/p")
    assert lingering["metadata"]["deletionGracePeriodSeconds"] == 77
    shorter = await api.delete("pods/p", {"gracePeriodSeconds": 5})
    assert shorter["metadata"]["deletionGracePeriodSeconds"] == 5
    await api.delete("pods/p", {"gracePeriodSeconds": 0})
    assert (await api.refused("GET", "pods/p")).code == 404
