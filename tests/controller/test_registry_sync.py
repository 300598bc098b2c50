"""An MCPRegistry: when its source is read, what is stored, and what its status says."""

from __future__ import annotations

from mcp_operator.catalog import builtin, stored
from mcp_operator.runtime.resources import CONFIGMAPS

from tests.controller.harness import Operated
from tests.controller.registries import Registries


async def test_the_builtin_catalogue_is_stored_and_the_status_says_so(op: Operated) -> None:
    registries = Registries(op)
    await registries.create("default", source={"type": "builtin"})
    status = await registries.phase("default", "Ready")
    assert status["serversDiscovered"] == len(builtin.entries())
    assert status["lastSyncTime"] and status["observedRevision"]
    assert {one["type"]: one["status"] for one in status["conditions"]} == {
        "Ready": "True",
        "Synced": "True",
        "Reachable": "True",
        "RateLimited": "False",
    }
    assert await registries.names("default") == {entry.name for entry in builtin.entries()}
    assert [event["reason"] for event in await registries.events("default")] == ["Synced"]


async def test_what_is_stored_belongs_to_the_registry(op: Operated) -> None:
    registries = Registries(op)
    registry = await registries.create("default", source={"type": "builtin"})
    await registries.phase("default", "Ready")
    found = (await op.kube.list(CONFIGMAPS, op.namespace, label_selector=stored.SELECTOR))["items"]
    assert len(found) == 2
    for config_map in found:
        (owner,) = config_map["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == (registry["metadata"]["uid"], True)
