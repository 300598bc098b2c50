"""Deletion on every control plane: owner references in all three ways, and whole namespaces."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.runtime.errors import NotFound, TooManyRequests
from mcp_operator.runtime.resources import (
    CONFIGMAPS,
    CRDS,
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    REPLICASETS,
    SECRETS,
    SERVICEACCOUNTS,
    Resource,
)

from tests.support.waiting import COLLECTED, eventually
from tests.support.workloads import Workloads, deployment


def owned_by(owner: dict[str, Any], name: str, **more: Any) -> dict[str, Any]:
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        **more,
    }
    return {"metadata": {"name": name, "ownerReferences": [reference]}}


async def config_map(work: Workloads, name: str) -> dict[str, Any]:
    return await work.create(CONFIGMAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})


async def test_deleting_a_deployment_takes_its_sets_and_pods_along(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 2))
    (only,) = [await eventually(lambda: first_set(work), "the set")]
    pods = await work.pods("web", 2)
    await work.kube.delete(DEPLOYMENTS, "web", work.namespace, propagation="Background")
    with pytest.raises(NotFound):
        await work.get(DEPLOYMENTS, "web")
    await work.gone(REPLICASETS, only["metadata"]["name"])
    for pod in pods:
        await work.gone(PODS, pod["metadata"]["name"])


async def first_set(work: Workloads) -> dict[str, Any] | None:
    return next(iter(await work.replica_sets("web")), None)


async def test_in_the_foreground_the_owner_goes_last(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 1))
    (pod,) = await work.pods("web", 1)
    await work.patch(PODS, pod["metadata"]["name"], {"metadata": {"finalizers": ["test.example/hold"]}})
    await work.kube.delete(DEPLOYMENTS, "web", work.namespace, propagation="Foreground")

    async def pod_is_going() -> bool:
        return bool((await work.get(PODS, pod["metadata"]["name"]))["metadata"].get("deletionTimestamp"))

    await eventually(pod_is_going, "the pod is being deleted", COLLECTED)
    waiting = await work.get(DEPLOYMENTS, "web")
    assert waiting["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert (await first_set(work) or {})["metadata"]["finalizers"] == ["foregroundDeletion"]
    await work.patch(PODS, pod["metadata"]["name"], {"metadata": {"finalizers": None}})
    await work.gone(DEPLOYMENTS, "web")
    assert not await work.all(PODS, "web")


async def test_orphans_stay_and_forget_their_owner(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 1))
    await work.pods("web", 1)
    work.cluster.kubectl("delete", "deployment", "web", "--cascade=orphan")
    await work.gone(DEPLOYMENTS, "web")
    only = await first_set(work)
    assert only is not None
    assert "ownerReferences" not in only["metadata"]
    assert len(await work.pods("web", 1)) == 1


async def test_one_living_owner_saves_an_object(work: Workloads) -> None:
    first, second = await config_map(work, "first"), await config_map(work, "second")
    both = owned_by(first, "shared")
    both["metadata"]["ownerReferences"] += owned_by(second, "shared")["metadata"]["ownerReferences"]
    await work.create(SECRETS, both)
    await work.create(SECRETS, owned_by(first, "single"))
    await work.kube.delete(CONFIGMAPS, "first", work.namespace)
    await work.gone(SECRETS, "single")

    async def only_second() -> bool:
        owners = (await work.get(SECRETS, "shared"))["metadata"]["ownerReferences"]
        return [each["name"] for each in owners] == ["second"]

    await eventually(only_second, "the dead owner was forgotten", COLLECTED)
    await work.kube.delete(CONFIGMAPS, "second", work.namespace)
    await work.gone(SECRETS, "shared")


async def test_an_owner_of_the_same_name_and_another_uid_is_no_owner(work: Workloads) -> None:
    owner = await config_map(work, "owner")
    impostor = owned_by(owner, "child")
    impostor["metadata"]["ownerReferences"][0]["uid"] = "00000000-0000-0000-0000-000000000000"
    await work.create(SECRETS, impostor)
    await work.gone(SECRETS, "child")
    assert await work.get(CONFIGMAPS, "owner")


async def test_custom_resources_own_and_are_owned(work: Workloads) -> None:
    plural = f"things{work.namespace.removeprefix('test-')}"
    things = Resource("gc.test.example", "v1", plural, plural.capitalize())
    await work.kube.create(CRDS, definition(things))
    try:
        await eventually(lambda: is_served(work, things), "the new kind is served")
        body = {"apiVersion": things.api_version, "kind": things.kind, "metadata": {"name": "one"}}
        owner = await work.create(things, body)
        child = owned_by(owner, "two")
        await work.create(things, {**body, **child})
        grandchild = owned_by(await work.get(things, "two"), "three", blockOwnerDeletion=True)
        await work.create(CONFIGMAPS, grandchild)
        await work.kube.delete(things, "one", work.namespace)
        await work.gone(things, "two")
        await work.gone(CONFIGMAPS, "three")
    finally:
        await work.kube.delete(CRDS, f"{plural}.{things.group}")


async def is_served(work: Workloads, resource: Resource) -> bool:
    try:
        await work.kube.list(resource, work.namespace)
    except (NotFound, TooManyRequests):
        return False  # Not known yet, or its storage is being set up.
    return True


def definition(resource: Resource) -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {"plural": resource.plural, "kind": resource.kind, "singular": resource.kind.lower()}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{resource.plural}.{resource.group}"},
        "spec": {"group": resource.group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


async def test_a_namespace_has_its_service_account_and_the_ca(work: Workloads) -> None:
    async def account() -> Any:
        return [each["metadata"]["name"] for each in await work.all(SERVICEACCOUNTS)]

    assert await eventually(account, "a service account") == ["default"]

    async def bundle() -> Any:
        return {each["metadata"]["name"]: each["data"] for each in await work.all(CONFIGMAPS)}

    data = await eventually(bundle, "the CA")
    assert data["kube-root-ca.crt"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")
    await work.kube.delete(SERVICEACCOUNTS, "default", work.namespace)
    await eventually(account, "the service account is back")


async def test_a_deleted_namespace_is_emptied_before_it_goes(work: Workloads) -> None:
    name = f"{work.namespace}-gone"
    await work.kube.create(NAMESPACES, {"metadata": {"name": name}})
    await work.kube.create(DEPLOYMENTS, deployment("web", 2), name)
    held = {"metadata": {"name": "held", "finalizers": ["test.example/hold"]}}
    await work.kube.create(CONFIGMAPS, held, name)

    async def two_pods() -> bool:
        return len((await work.kube.list(PODS, name))["items"]) == 2

    await eventually(two_pods, "the pods of the namespace")
    await work.kube.delete(NAMESPACES, name)

    async def says_why() -> Any:
        found = await work.kube.get(NAMESPACES, name)
        conditions = {each["type"]: each for each in found["status"].get("conditions") or ()}
        waiting = conditions.get("NamespaceFinalizersRemaining")
        return waiting if waiting and waiting["status"] == "True" else None

    waiting = await eventually(says_why, "the condition that names the finalizer", COLLECTED)
    assert "test.example/hold in 1 resource instances" in waiting["message"]
    left = await work.kube.list(CONFIGMAPS, name)
    assert [each["metadata"]["name"] for each in left["items"]] == ["held"]
    assert not (await work.kube.list(DEPLOYMENTS, name))["items"]

    await work.kube.patch(CONFIGMAPS, "held", {"metadata": {"finalizers": None}}, name)

    async def gone() -> bool:
        try:
            await work.kube.get(NAMESPACES, name)
        except NotFound:
            return True
        return False

    await eventually(gone, "the namespace is gone", COLLECTED)
