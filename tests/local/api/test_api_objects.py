"""Objects through the API, on every control plane: create, read, replace, delete, and the words of refusals."""

from __future__ import annotations

import asyncio
import time

from tests.local.api.conftest import Api
from tests.local.api.objects import MERGE, config_map, deployment, pod, service


async def test_a_created_object_gets_its_metadata(api: Api) -> None:
    created = await api.create("configmaps", config_map("a", x="1"))
    metadata = created["metadata"]
    assert metadata["namespace"] == api.cluster.namespace
    assert metadata["uid"]
    assert metadata["creationTimestamp"].endswith("Z")
    assert metadata["resourceVersion"].isdigit()
    assert await api.get("configmaps/a") == created


async def test_a_name_can_be_made_up(api: Api) -> None:
    body = {**config_map(""), "metadata": {"generateName": "made-"}}
    names = {(await api.create("configmaps", body))["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("made-") and len(name) == 10 for name in names)


async def test_the_same_name_twice_is_a_conflict(api: Api) -> None:
    await api.create("configmaps", config_map("a"))
    refusal = await api.refused("POST", "configmaps", config_map("a"))
    assert (refusal.code, refusal.reason, refusal.message) == (409, "AlreadyExists", 'configmaps "a" already exists')


async def test_what_is_not_there_is_not_found(api: Api) -> None:
    refusal = await api.refused("GET", "deployments/none", group="apps/v1")
    assert (refusal.code, refusal.message) == (404, 'deployments.apps "none" not found')
    assert refusal.status["details"] == {"name": "none", "group": "apps", "kind": "deployments"}


async def test_an_object_without_a_name_is_invalid(api: Api) -> None:
    refusal = await api.refused("POST", "configmaps", {"apiVersion": "v1", "kind": "ConfigMap"})
    assert (refusal.code, refusal.reason) == (422, "Invalid")
    assert "name or generateName is required" in refusal.message


async def test_a_body_for_another_place_is_refused(api: Api) -> None:
    body = config_map("a")
    body["metadata"]["namespace"] = "elsewhere"
    refusal = await api.refused("POST", "configmaps", body)
    assert refusal.code == 400
    assert "the namespace of the provided object does not match the namespace sent on the request" in refusal.message


async def test_a_body_that_is_no_json_is_refused(api: Api) -> None:
    refusal = await api.refused("POST", "configmaps", b"{ this is nothing")
    assert (refusal.code, refusal.reason) == (400, "BadRequest")


async def test_yaml_is_taken_too(api: Api) -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\ndata: {day: '2026-01-01'}\n"
    created = await api.call("POST", "configmaps", body, type="application/yaml")
    assert created["data"] == {"day": "2026-01-01"}


async def test_replacing_an_old_version_is_a_conflict(api: Api) -> None:
    old = await api.create("configmaps", config_map("a", x="1"))
    new = await api.replace("configmaps/a", {**old, "data": {"x": "2"}})
    assert int(new["metadata"]["resourceVersion"]) > int(old["metadata"]["resourceVersion"])
    refusal = await api.refused("PUT", "configmaps/a", {**old, "data": {"x": "3"}})
    assert (refusal.code, refusal.reason) == (409, "Conflict")
    assert refusal.message == (
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )


async def test_a_write_that_changes_nothing_is_none(api: Api) -> None:
    old = await api.create("configmaps", config_map("a", x="1"))
    assert await api.replace("configmaps/a", config_map("a", x="1")) == old
    assert await api.patch("configmaps/a", {"data": {"x": "1"}}) == old


async def test_generation_counts_changes_of_the_spec_only(api: Api) -> None:
    path, group = "deployments/d", "apps/v1"
    created = await api.create("deployments", deployment("d"), group=group)
    assert created["metadata"]["generation"] == 1
    labelled = await api.patch(path, {"metadata": {"labels": {"a": "b"}}}, group=group)
    assert labelled["metadata"]["generation"] == 1
    scaled = await api.patch(path, {"spec": {"replicas": 3}}, group=group)
    assert scaled["metadata"]["generation"] == 2
    # A Deployment's annotations go to its ReplicaSets: they are of what is wanted.
    noted = await api.patch(path, {"metadata": {"annotations": {"a": "b"}}}, group=group)
    assert noted["metadata"]["generation"] == 3


async def test_a_dry_run_leaves_nothing_behind(api: Api) -> None:
    shown = await api.create("configmaps", config_map("dry"), dryRun="All")
    assert shown["metadata"]["uid"]
    assert (await api.refused("GET", "configmaps/dry")).code == 404
    await api.create("configmaps", config_map("a", x="1"))
    await api.patch("configmaps/a", {"data": {"x": "2"}}, dryRun="All")
    await api.delete("configmaps/a", dryRun="All")
    assert (await api.get("configmaps/a"))["data"] == {"x": "1"}


async def test_unknown_fields_are_dropped_warned_of_or_refused(api: Api) -> None:
    body = {**config_map("a"), "datum": 1}
    if api.cluster.minor >= 25:
        refusal = await api.refused("POST", "configmaps", body, fieldValidation="Strict")
        assert 'unknown field "datum"' in refusal.message
        warned = await api.send("POST", "configmaps", body, fieldValidation="Warn", dryRun="All")
        assert warned.headers["Warning"] == '299 - "unknown field \\"datum\\""'
    assert "datum" not in await api.create("configmaps", body, fieldValidation="Ignore")


async def test_deleting_answers_with_what_was_deleted(api: Api) -> None:
    created = await api.create("configmaps", config_map("a"))
    status = await api.delete("configmaps/a")
    assert (status["kind"], status["status"]) == ("Status", "Success")
    assert status["details"] == {"name": "a", "kind": "configmaps", "uid": created["metadata"]["uid"]}
    assert (await api.refused("DELETE", "configmaps/a")).code == 404


async def test_a_deletion_can_be_meant_for_one_incarnation(api: Api) -> None:
    await api.create("configmaps", config_map("a"))
    refusal = await api.refused("DELETE", "configmaps/a", {"preconditions": {"uid": "another"}})
    assert (refusal.code, refusal.reason) == (409, "Conflict")
    assert await api.get("configmaps/a")


async def test_a_collection_is_deleted_by_selector(api: Api) -> None:
    for name, team in (("a", "x"), ("b", "x"), ("c", "y")):
        await api.create("configmaps", config_map(name, {"team": team}))
    await api.delete("configmaps", labelSelector="team=x")
    left = await api.get("configmaps", labelSelector="team")
    assert [item["metadata"]["name"] for item in left["items"]] == ["c"]


async def test_finalizers_hold_a_deleted_object(api: Api) -> None:
    body = config_map("a")
    body["metadata"]["finalizers"] = ["example.test/hold"]
    await api.create("configmaps", body)
    lingering = await api.delete("configmaps/a")
    assert lingering["metadata"]["deletionTimestamp"]
    refusal = await api.refused("PATCH", "configmaps/a", {"metadata": {"finalizers": ["x.test/new"]}}, type=MERGE)
    assert refusal.code == 422
    await api.patch("configmaps/a", {"metadata": {"finalizers": None}})
    assert (await api.refused("GET", "configmaps/a")).code == 404


async def test_foreground_deletion_waits_for_the_dependents(api: Api) -> None:
    owner = await api.create("configmaps", config_map("owner"))
    child = config_map("child")
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    child["metadata"] |= {"ownerReferences": [{**reference, "blockOwnerDeletion": True}], "finalizers": ["x.test/hold"]}
    await api.create("configmaps", child)
    lingering = await api.delete("configmaps/owner", propagationPolicy="Foreground")
    assert "foregroundDeletion" in lingering["metadata"]["finalizers"]
    await api.patch("configmaps/child", {"metadata": {"finalizers": None}})


async def test_a_pod_that_no_node_has_is_gone_at_once(api: Api) -> None:
    await api.create("pods", pod("p"))
    await api.delete("pods/p")
    assert (await api.refused("GET", "pods/p")).code == 404


async def test_a_services_address_is_its_own_and_stays(api: Api) -> None:
    first = await api.create("services", service("one"))
    second = await api.create("services", service("two"))
    addresses = {first["spec"]["clusterIP"], second["spec"]["clusterIP"]}
    assert len(addresses) == 2
    refusal = await api.refused("PATCH", "services/one", {"spec": {"clusterIP": "10.0.0.250"}}, type=MERGE)
    assert refusal.code == 422
    headless = await api.create("services", service("three", clusterIP="None"))
    assert headless["spec"]["clusterIP"] == "None"
    taken = await api.refused("POST", "services", service("four", clusterIP=first["spec"]["clusterIP"]))
    assert "provided IP is already allocated" in taken.message


async def test_an_answer_waits_for_no_acknowledgement(api: Api) -> None:
    """With Nagle's algorithm on, every answer on a kept connection takes 40 ms and more."""
    quick = tries = 0
    # The first answers of a connection are acknowledged at once; on a busy machine many more take their time.
    while quick < 10 and tries < 500:
        begun = time.monotonic()
        await api.get("/version")
        tries += 1
        quick += tries > 20 and time.monotonic() - begun < 0.035
    assert quick == 10


async def test_twenty_writers_at_once_lose_nothing(api: Api) -> None:
    await api.create("configmaps", config_map("busy"))
    patches = [api.patch("configmaps/busy", {"data": {f"k{number}": "v"}}) for number in range(20)]
    await asyncio.gather(*patches)
    assert len((await api.get("configmaps/busy"))["data"]) == 20
