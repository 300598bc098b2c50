"""The end of a server: nothing is left, and what is not ours stays."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.api import names
from mcp_operator.controllers import finalize
from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.runtime.resources import CONFIGMAPS, DEPLOYMENTS, PODS, REPLICASETS, SERVICEACCOUNTS, SERVICES

from tests.controller.harness import COLLECTED, Operated, until

CHILDREN = ((SERVICES, "demo"), (SERVICEACCOUNTS, "demo"), (CONFIGMAPS, "demo-config"), (DEPLOYMENTS, "demo"))
HOLD = {"metadata": {"finalizers": ["test.allbeone.io/hold"]}}
LET_GO = {"metadata": {"finalizers": None}}


async def gone(op: Operated) -> bool:
    return await op.get(MCPSERVERS, "demo") is None


async def made(op: Operated, **spec: Any) -> None:
    await op.create("demo", config={"level": 3}, **spec)
    await op.deployment("demo")
    await op.pods("demo", 1)
    await op.calm()


async def test_it_is_gone_only_when_every_child_and_pod_is(op: Operated) -> None:
    await made(op)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)
    await until(lambda: gone(op), "the server is gone", COLLECTED)
    assert [await op.get(resource, name) for resource, name in CHILDREN] == [None] * 4
    assert (await op.kube.list(PODS, op.namespace))["items"] == []


@pytest.mark.parametrize(
    ("resource", "words"), [(DEPLOYMENTS, "Deployment, ReplicaSet, pods"), (PODS, "pods")], ids=["a child", "a pod"]
)
async def test_it_is_terminating_while_something_is_left_and_says_what(op: Operated, resource: Any, words: str) -> None:
    await made(op)
    name = "demo" if resource is DEPLOYMENTS else (await op.pods("demo", 1))[0]["metadata"]["name"]
    await op.kube.patch(resource, name, HOLD, op.namespace)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)

    async def waits() -> bool:
        status = await op.status("demo")
        return status.get("phase") == "Terminating" and status["message"] == f"waiting for the end of: {words}"

    await until(waits, f"the status waits for {words} and for nothing else", COLLECTED)
    await op.calm()
    op.sent.clear()
    await op.calm(1.0)
    assert op.writes() == {}
    await op.kube.patch(resource, name, LET_GO, op.namespace)
    await until(lambda: gone(op), "the server is gone", COLLECTED)


@pytest.mark.parametrize("control_plane", ["embedded"], indirect=True)
async def test_a_stopped_server_goes_with_its_last_replicaset(op: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pod is there whose end would tell the operator to look again."""
    monkeypatch.setattr("mcp_operator.controllers.mcpserver.NOT_READY_SECONDS", 3600.0)
    await op.create("demo", replicas=0)
    await op.phase("demo", "Stopped")
    await op.calm()
    (replicaset,) = (await op.kube.list(REPLICASETS, op.namespace))["items"]
    await op.kube.patch(REPLICASETS, replicaset["metadata"]["name"], HOLD, op.namespace)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)

    async def waits() -> bool:
        return (await op.status("demo")).get("message") == "waiting for the end of: ReplicaSet"

    await until(waits, "the status waits for the ReplicaSet and for nothing else")
    await op.calm()
    await op.kube.patch(REPLICASETS, replicaset["metadata"]["name"], LET_GO, op.namespace)
    await until(lambda: gone(op), "the server is gone")


async def test_with_cascade_orphan_the_children_stay(op: Operated) -> None:
    await made(op)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace, propagation="Orphan")
    await until(lambda: gone(op), "the server is gone", COLLECTED)
    assert all([await op.get(resource, name) for resource, name in CHILDREN])


@pytest.mark.parametrize("control_plane", ["embedded"], indirect=True)
async def test_the_children_stay_too_where_the_collector_was_faster_than_the_operator(op: Operated) -> None:
    """Then nothing on the server says any more that they were to stay."""
    await made(op)
    await op.stop()
    await op.kube.delete(MCPSERVERS, "demo", op.namespace, propagation="Orphan")

    async def orphaned() -> bool:
        server = await op.kube.get(MCPSERVERS, "demo", op.namespace)
        return bool(server["metadata"]["finalizers"] == [names.FINALIZER])

    await until(orphaned, "the garbage collector has done its part")
    await op.start()
    await until(lambda: gone(op), "the server is gone")
    assert all([await op.get(resource, name) for resource, name in CHILDREN])
    await op.pods("demo", 1)


async def test_a_child_that_was_orphaned_since_it_came_into_the_cache_stays(op: Operated) -> None:
    """The caches of servers and children are two: one may know of the end of the other's story first."""
    await made(op)
    assert op.operator is not None
    await op.change("demo", suspend=True)
    await op.calm()
    world, key = op.operator.world, (op.namespace, "demo-config")
    server, stale = world.server((op.namespace, "demo")), world.child(CONFIGMAPS, key)
    assert server is not None and stale is not None
    await op.kube.patch(CONFIGMAPS, "demo-config", {"metadata": {"ownerReferences": None}}, op.namespace)
    await finalize._remove(world, server, stale)
    assert await op.get(CONFIGMAPS, "demo-config") is not None


# A real garbage collector starts over whenever a definition comes or goes, which other tests do to a shared one.
@pytest.mark.parametrize("control_plane", ["embedded"], indirect=True)
async def test_orphans_of_the_same_name_are_taken_in_again(op: Operated) -> None:
    await made(op)
    before = (await op.deployment("demo"))["metadata"]["uid"]
    await op.kube.delete(MCPSERVERS, "demo", op.namespace, propagation="Orphan")
    await until(lambda: gone(op), "the server is gone", COLLECTED)

    async def free() -> bool:
        return not (await op.deployment("demo"))["metadata"].get("ownerReferences")

    await until(free, "the Deployment has no owner")
    server = await op.create("demo", config={"level": 3})

    async def taken_in() -> bool:
        owners = (await op.deployment("demo"))["metadata"].get("ownerReferences") or [{}]
        return owners[0].get("uid") == server["metadata"]["uid"]

    await until(taken_in, "the Deployment belongs to the new server")
    assert (await op.deployment("demo"))["metadata"]["uid"] == before


async def test_deleted_and_made_again_at_once_it_starts_afresh(op: Operated) -> None:
    await made(op)
    before = (await op.deployment("demo"))["metadata"]["uid"]
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)
    await until(lambda: gone(op), "the server is gone", COLLECTED)
    await op.create("demo")
    assert (await op.deployment("demo"))["metadata"]["uid"] != before
    await op.phase("demo", "Pending")


async def test_what_belongs_to_someone_else_survives(op: Operated) -> None:
    mine = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "demo", "namespace": op.namespace}}
    await op.kube.create(SERVICES, {**mine, "spec": {"ports": [{"port": 1}], "clusterIP": "None"}})
    await op.create("demo")
    await op.phase("demo", "Failed", "NameTaken")
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)
    await until(lambda: gone(op), "the server is gone", COLLECTED)
    assert await op.get(SERVICES, "demo") is not None


async def test_a_suspended_server_can_be_deleted(op: Operated) -> None:
    await made(op)
    await op.change("demo", suspend=True)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)
    await until(lambda: gone(op), "the server is gone", COLLECTED)
    assert await op.get(DEPLOYMENTS, "demo") is None
