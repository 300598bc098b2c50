"""The finalizer is written once and taken once, on the object that was looked at and on no other."""

from __future__ import annotations

import pytest
from mcp_operator.api import names
from mcp_operator.controllers import finalize
from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.runtime.controller import DONE
from mcp_operator.runtime.errors import Conflict
from mcp_operator.runtime.resources import DEPLOYMENTS

from tests.controller.harness import Object, Operated, until

NOTE = {"metadata": {"annotations": {"someone.test/note": "1"}}}


def with_finalizer(server: Object) -> Object:
    return {**server, "metadata": {**server["metadata"], "finalizers": [names.FINALIZER]}}


async def test_a_server_that_somebody_changed_meanwhile_is_looked_at_again_first(op: Operated) -> None:
    """The list is replaced whole: a finalizer that another controller has just added must not get lost."""
    assert op.operator is not None
    stale = await op.create("demo", suspend=True)
    await op.kube.patch(MCPSERVERS, "demo", NOTE, op.namespace)
    with pytest.raises(Conflict):
        await finalize.ensure_finalizer(op.operator.world, stale)
    with pytest.raises(Conflict):
        await finalize.drop_finalizer(op.operator.world, with_finalizer(stale))


async def test_one_that_is_gone_already_needs_no_finalizer_taken(op: Operated) -> None:
    assert op.operator is not None
    stale = await op.create("demo", suspend=True)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)
    await finalize.drop_finalizer(op.operator.world, with_finalizer(stale))


async def test_a_server_deleted_before_its_first_reconcile_is_no_error_and_makes_nothing(op: Operated) -> None:
    assert op.operator is not None
    metadata = {"name": "ghost", "namespace": op.namespace, "uid": "ghost", "resourceVersion": "1", "generation": 1}
    ghost = {"apiVersion": names.API_VERSION, "kind": names.KIND_SERVER, "metadata": metadata}
    op.operator.world.observe({**ghost, "spec": {"image": "example.test/server:1"}})
    assert await op.operator.servers.reconcile((op.namespace, "ghost")) == DONE
    assert await op.get(DEPLOYMENTS, "ghost") is None


async def test_finalizers_of_others_stay_and_ours_is_written_once(op: Operated) -> None:
    await op.create("demo")
    await op.deployment("demo")
    theirs = {"metadata": {"finalizers": [names.FINALIZER, "someone.test/theirs"]}}
    await op.kube.patch(MCPSERVERS, "demo", theirs, op.namespace)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)

    async def left() -> bool:
        server = await op.kube.get(MCPSERVERS, "demo", op.namespace)
        return bool(server["metadata"]["finalizers"] == ["someone.test/theirs"])

    await until(left, "ours is gone and theirs is there")
    await op.calm()
    op.sent.clear()
    await op.kube.patch(MCPSERVERS, "demo", NOTE, op.namespace)
    await op.calm(1.0)
    assert op.writes() == {}
    await op.kube.patch(MCPSERVERS, "demo", {"metadata": {"finalizers": None}}, op.namespace)
