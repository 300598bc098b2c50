"""The end of a server: nothing is left, and what is not ours stays."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.runtime.resources import CONFIGMAPS, DEPLOYMENTS, PODS, SERVICEACCOUNTS, SERVICES

from tests.controller.harness import Operated, until

CHILDREN = ((SERVICES, "demo"), (SERVICEACCOUNTS, "demo"), (CONFIGMAPS, "demo-config"), (DEPLOYMENTS, "demo"))
HOLD = {"metadata": {"finalizers": ["test.allbeone.io/hold"]}}
LET_GO = {"metadata": {"finalizers": None}}


# The garbage collector of a real control plane learns of a new kind only every 30 s, and starts over when more come.
ORPHANED = 240.0


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
    await until(lambda: gone(op), "the server is gone")
    assert [await op.get(resource, name) for resource, name in CHILDREN] == [None] * 4
    assert (await op.kube.list(PODS, op.namespace))["items"] == []


@pytest.mark.parametrize(("resource", "words"), [(DEPLOYMENTS, "Deployment"), (PODS, "pods")], ids=["a child", "a pod"])
async def test_it_is_terminating_while_something_is_left_and_says_what(op: Operated, resource: Any, words: str) -> None:
    await made(op)
    name = "demo" if resource is DEPLOYMENTS else (await op.pods("demo", 1))[0]["metadata"]["name"]
    await op.kube.patch(resource, name, HOLD, op.namespace)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)

    async def waits() -> bool:
        status = await op.status("demo")
        return status.get("phase") == "Terminating" and words in status["message"]

    await until(waits, f"the status waits for {words}")
    await op.calm()
    op.sent.clear()
    await op.calm(1.0)
    assert op.writes() == {}
    await op.kube.patch(resource, name, LET_GO, op.namespace)
    await until(lambda: gone(op), "the server is gone")


async def test_with_cascade_orphan_the_children_stay(op: Operated) -> None:
    await made(op)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace, propagation="Orphan")
    await until(lambda: gone(op), "the server is gone", ORPHANED)
    assert all([await op.get(resource, name) for resource, name in CHILDREN])


# A real garbage collector starts over whenever a definition comes or goes, which other tests do to a shared one.
@pytest.mark.parametrize("control_plane", ["embedded"], indirect=True)
async def test_orphans_of_the_same_name_are_taken_in_again(op: Operated) -> None:
    await made(op)
    before = (await op.deployment("demo"))["metadata"]["uid"]
    await op.kube.delete(MCPSERVERS, "demo", op.namespace, propagation="Orphan")
    await until(lambda: gone(op), "the server is gone", ORPHANED)

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
    await until(lambda: gone(op), "the server is gone")
    await op.create("demo")
    assert (await op.deployment("demo"))["metadata"]["uid"] != before
    await op.phase("demo", "Pending")


async def test_what_belongs_to_someone_else_survives(op: Operated) -> None:
    mine = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "demo", "namespace": op.namespace}}
    await op.kube.create(SERVICES, {**mine, "spec": {"ports": [{"port": 1}], "clusterIP": "None"}})
    await op.create("demo")
    await op.phase("demo", "Failed", "NameTaken")
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)
    await until(lambda: gone(op), "the server is gone")
    assert await op.get(SERVICES, "demo") is not None


async def test_a_suspended_server_can_be_deleted(op: Operated) -> None:
    await made(op)
    await op.change("demo", suspend=True)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)
    await until(lambda: gone(op), "the server is gone")
    assert await op.get(DEPLOYMENTS, "demo") is None
