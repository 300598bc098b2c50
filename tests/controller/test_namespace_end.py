"""A namespace that is deleted with everything in it: servers go with it, and nobody writes into it meanwhile."""

from __future__ import annotations

import logging

import pytest
from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.runtime.errors import NotFound
from mcp_operator.runtime.resources import CONFIGMAPS, DEPLOYMENTS, NAMESPACES, SERVICES

from tests.controller.harness import COLLECTED, Operated, until

HOLD = {"metadata": {"finalizers": ["test.allbeone.io/hold"]}}
LET_GO = {"metadata": {"finalizers": None}}


async def test_a_deleted_namespace_takes_its_servers_with_it(op: Operated, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for name in ("one", "two", "three"):
        await op.create(name, config={"level": 3})
        await op.deployment(name)
    await op.calm()
    await op.kube.delete(NAMESPACES, op.namespace)

    async def gone() -> bool:
        try:
            await op.kube.get(NAMESPACES, op.namespace)
        except NotFound:
            return True
        return False

    await until(gone, "the namespace is gone", COLLECTED)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("mcp_operator.runtime")] == []


async def test_a_server_that_outlives_its_children_in_a_dying_namespace_is_not_called_broken(
    op: Operated, caplog: pytest.LogCaptureFixture
) -> None:
    """Its children are deleted first, and none can be made again: that is nobody's fault, and no error."""
    caplog.set_level(logging.WARNING)
    await op.create("demo")
    await op.deployment("demo")
    await op.calm()
    holder = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "holder", "namespace": op.namespace}}
    await op.kube.create(CONFIGMAPS, {**holder, "metadata": {**holder["metadata"], **HOLD["metadata"]}})
    await op.stop()
    await op.kube.delete(NAMESPACES, op.namespace)

    async def emptied() -> bool:
        server = await op.get(MCPSERVERS, "demo")
        return bool(server and server["metadata"].get("deletionTimestamp")) and not await op.get(SERVICES, "demo")

    await until(emptied, "the children are gone", COLLECTED)
    await op.start()

    async def gone() -> bool:
        return await op.get(MCPSERVERS, "demo") is None

    await until(gone, "the server is gone", COLLECTED)
    assert await op.get(DEPLOYMENTS, "demo") is None
    assert [record.getMessage() for record in caplog.records if record.name.startswith("mcp_operator.runtime")] == []
    await op.kube.patch(CONFIGMAPS, "holder", LET_GO, op.namespace)
