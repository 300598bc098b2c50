"""What an MCPServer becomes, and that it stays so whatever people do to it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp_operator.api import names
from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.runtime.resources import CONFIGMAPS, DEPLOYMENTS, SECRETS, SERVICEACCOUNTS, SERVICES

from tests.controller.harness import Operated, until

CHILDREN = ((SERVICES, "demo"), (SERVICEACCOUNTS, "demo"), (CONFIGMAPS, "demo-config"), (DEPLOYMENTS, "demo"))


async def all_there(op: Operated) -> dict[str, dict[str, Any]]:
    async def there() -> dict[str, dict[str, Any]] | None:
        found = {resource.kind: await op.get(resource, name) for resource, name in CHILDREN}
        return found if all(found.values()) else None  # type: ignore[return-value]

    return await until(there, "all children are there")


async def test_it_becomes_four_objects_that_are_owned_labelled_and_applied(op: Operated) -> None:
    await op.create("demo", config={"level": 3})
    server = await op.kube.get(MCPSERVERS, "demo", op.namespace)
    for child in (await all_there(op)).values():
        owner = child["metadata"]["ownerReferences"][0]
        assert (owner["kind"], owner["uid"], owner["controller"]) == ("MCPServer", server["metadata"]["uid"], True)
        assert child["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "mcp-operator"
        applied = [m for m in child["metadata"]["managedFields"] if m["operation"] == "Apply"]
        assert [manager["manager"] for manager in applied] == ["mcp-operator"]

    async def held() -> bool:
        server = await op.kube.get(MCPSERVERS, "demo", op.namespace)
        return server["metadata"].get("finalizers") == [names.FINALIZER]

    await until(held, "the finalizer is there")


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {"replicas": 5}},
        {"spec": {"template": {"spec": {"automountServiceAccountToken": True}}}},
        {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}},
        {"metadata": {"ownerReferences": None}},
    ],
    ids=["scaled", "less secure", "label taken", "owner taken"],
)
async def test_a_deployment_changed_by_hand_is_put_back(op: Operated, change: dict[str, Any]) -> None:
    await op.create("demo", replicas=1)
    before = await op.deployment("demo")
    await op.kube.patch(DEPLOYMENTS, "demo", change, op.namespace)

    async def back() -> bool:
        now = await op.deployment("demo")
        template = now["spec"]["template"]["spec"]
        return (
            now["spec"]["replicas"] == 1
            and template["automountServiceAccountToken"] is False
            and now["metadata"]["labels"] == before["metadata"]["labels"]
            and now["metadata"].get("ownerReferences") == before["metadata"]["ownerReferences"]
        )

    await until(back, "the Deployment is as before")
    assert (await op.deployment("demo"))["metadata"]["uid"] == before["metadata"]["uid"]


async def test_an_image_set_by_hand_is_put_back(op: Operated) -> None:
    await op.create("demo")
    container = (await op.deployment("demo"))["spec"]["template"]["spec"]["containers"][0]
    changed = {"spec": {"template": {"spec": {"containers": [{"name": container["name"], "image": "evil:1"}]}}}}
    await op.kube.patch(DEPLOYMENTS, "demo", changed, op.namespace, type="strategic")

    async def back() -> bool:
        containers = (await op.deployment("demo"))["spec"]["template"]["spec"]["containers"]
        return [item["image"] for item in containers] == ["example.test/server:1"]

    await until(back, "the image is as before")


async def test_children_deleted_by_hand_come_back(op: Operated) -> None:
    await op.create("demo", config={"level": 3})
    before = await all_there(op)
    for resource, name in CHILDREN:
        await op.kube.delete(resource, name, op.namespace)

    async def back() -> bool:
        for resource, name in CHILDREN:
            child = await op.get(resource, name)
            if child is None or child["metadata"]["uid"] == before[resource.kind]["metadata"]["uid"]:
                return False
        return True

    await until(back, "every child is there again")


async def test_what_is_no_longer_asked_for_goes_away(op: Operated) -> None:
    await op.create("demo", config={"level": 3}, priorityClassName="system-node-critical")
    await all_there(op)
    await op.change("demo", config=None, priorityClassName=None, serviceAccount="mine")

    async def gone() -> bool:
        objects = await op.get(CONFIGMAPS, "demo-config"), await op.get(SERVICEACCOUNTS, "demo")
        pod = (await op.deployment("demo"))["spec"]["template"]["spec"]
        return objects == (None, None) and "priorityClassName" not in pod and pod["serviceAccountName"] == "mine"

    await until(gone, "ConfigMap, ServiceAccount and the field of the pod are gone")


async def test_a_change_of_a_secret_that_it_names_rolls_the_pods_and_others_do_not(op: Operated) -> None:
    await op.create("demo", secretRefs=[{"name": "token"}])

    def mark(deployment: dict[str, Any]) -> str:
        return deployment["spec"]["template"]["metadata"]["annotations"][names.ANNOTATION_CONFIG_CHECKSUM]

    marks = [mark(await op.deployment("demo"))]

    async def rolled() -> str | None:
        now = mark(await op.deployment("demo"))
        return now if now != marks[-1] else None

    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token", "namespace": op.namespace}}
    await op.kube.create(SECRETS, {**secret, "stringData": {"TOKEN": "one"}})
    marks.append(await until(rolled, "the pods are rolled when the Secret is made"))
    await op.kube.patch(SECRETS, "token", {"stringData": {"TOKEN": "two"}}, op.namespace)
    marks.append(await until(rolled, "the pods are rolled when its data changes"))
    await op.kube.patch(SECRETS, "token", {"metadata": {"labels": {"a": "b"}}}, op.namespace)
    other = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other", "namespace": op.namespace}}
    await op.kube.create(SECRETS, {**other, "stringData": {"TOKEN": "three"}})
    await op.calm()
    assert mark(await op.deployment("demo")) == marks[-1]


async def test_an_object_of_someone_else_is_not_touched_and_the_status_says_so(op: Operated) -> None:
    mine = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "demo", "namespace": op.namespace}}
    await op.kube.create(SERVICES, {**mine, "spec": {"ports": [{"port": 1}], "clusterIP": "None"}})
    await op.create("demo")
    status = await op.phase("demo", "Failed", "NameTaken")
    assert "Service demo is there already and belongs to someone else" in status["message"]
    assert {"type": "Applied", "status": "False", "reason": "NameTaken"}.items() <= applied(status).items()
    assert await op.get(DEPLOYMENTS, "demo") is None
    service = await op.kube.get(SERVICES, "demo", op.namespace)
    assert (service["spec"]["ports"][0]["port"], service["metadata"].get("ownerReferences")) == (1, None)


async def test_suspended_leaves_everything_as_it_is_until_it_is_lifted(op: Operated) -> None:
    await op.create("demo", replicas=1)
    await op.deployment("demo")
    await op.calm()
    await op.change("demo", suspend=True)
    await until(lambda: reason(op, "Suspended"), "the status says so")
    await op.kube.patch(DEPLOYMENTS, "demo", {"spec": {"replicas": 3}}, op.namespace)
    await op.pods("demo", 3)
    await op.calm()
    assert (await op.deployment("demo"))["spec"]["replicas"] == 3
    await op.change("demo", suspend=False)
    await op.pods("demo", 1)


async def test_a_spec_that_cannot_be_rendered_fails_with_words_and_recovers_when_mended(op: Operated) -> None:
    await op.create("demo", image=None)
    status = await op.phase("demo", "Failed", "NothingToRun")
    assert "spec.image" in status["message"]
    assert await op.get(DEPLOYMENTS, "demo") is None
    await op.change("demo", image="example.test/server:2")
    await op.deployment("demo")
    await op.phase("demo", "Pending")


async def test_a_mistake_in_a_running_server_keeps_what_runs(op: Operated) -> None:
    await op.create("demo")
    before = await op.deployment("demo")
    await op.change("demo", tag="a", image="example.test/server:1")
    status = await op.phase("demo", "Failed", "InvalidSpec")
    assert "has a tag or digest already" in status["message"]
    assert (await op.deployment("demo"))["metadata"]["generation"] == before["metadata"]["generation"]


async def test_many_servers_at_once_all_get_there(op: Operated) -> None:
    await asyncio.gather(*(op.create(f"demo-{number}") for number in range(8)))
    for number in range(8):
        await op.deployment(f"demo-{number}")
        await op.phase(f"demo-{number}", "Pending")


def applied(status: dict[str, Any]) -> dict[str, Any]:
    return next(item for item in status["conditions"] if item["type"] == "Applied")


async def reason(op: Operated, wanted: str) -> bool:
    return (await op.status("demo")).get("reason") == wanted
