"""What stands where a registry would store: an earlier registry's entries, a stranger's ConfigMap; whom it serves."""

from __future__ import annotations

from typing import Any

from mcp_operator.catalog import stored
from mcp_operator.controllers.registry_world import MCPREGISTRIES
from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.runtime.errors import NotFound
from mcp_operator.runtime.resources import CONFIGMAPS, NAMESPACES

from tests.controller.harness import COLLECTED, NOWHERE, Operated, until
from tests.controller.registries import Registries, serving
from tests.support.registry_server import item

ENTRY = "io.example/weather"


async def test_a_registry_made_again_at_once_waits_for_no_garbage_collector(op: Operated) -> None:
    """What the earlier one left has the same names: it is removed, and the source is read once for each."""
    registries = Registries(op)
    with serving(item(ENTRY)) as server:
        source: dict[str, Any] = {"source": {"type": "http"}, "url": f"{server.url}/list.json"}
        await registries.create("default", **source)
        await registries.phase("default", "Ready")
        await op.calm()
        before = await op.kube.list(CONFIGMAPS, op.namespace, label_selector=stored.SELECTOR)
        await registries.delete("default")
        again = await registries.create("default", **source)
        await registries.phase("default", "Ready", serversDiscovered=1)
        await op.calm(1.5)
        # An older collector that looked before the takeover deletes after it: what went is read once more.
        taken = again["metadata"]["uid"] in await owners_of_deleted(op, before["metadata"]["resourceVersion"])
        assert server.count() == 2 or taken
        found = (await op.kube.list(CONFIGMAPS, op.namespace, label_selector=stored.SELECTOR))["items"]
        assert len(found) == 2
        assert {one["metadata"]["ownerReferences"][0]["uid"] for one in found} == {again["metadata"]["uid"]}
        assert await registries.names("default") == {ENTRY}


async def owners_of_deleted(op: Operated, since: str) -> set[str]:
    """The uids of whom the stored ConfigMaps belonged to that are gone."""
    last = {"name": "last", "namespace": op.namespace, "labels": dict([stored.SELECTOR.split("=")])}
    await op.kube.create(CONFIGMAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": last})
    await op.kube.delete(CONFIGMAPS, "last", op.namespace)
    owners: set[str] = set()
    watch = op.kube.watch(CONFIGMAPS, op.namespace, label_selector=stored.SELECTOR, resource_version=since, timeout=60)
    async for event in watch:
        if event["type"] == "DELETED":
            owners |= {owner["uid"] for owner in event["object"]["metadata"].get("ownerReferences", ())}
            if event["object"]["metadata"]["name"] == "last":
                break
    return owners


async def test_a_config_map_of_someone_else_is_left_alone_and_named(op: Operated) -> None:
    registries = Registries(op)
    metadata = {"name": stored.index_name("default"), "namespace": op.namespace}
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mine": "yes"}}
    await op.kube.create(CONFIGMAPS, theirs)
    with serving(item(ENTRY)) as server:
        await registries.create("default", source={"type": "http"}, url=f"{server.url}/list.json")
        status = await registries.phase("default", "Failed")
        assert "ConfigMap mcpregistry-default-index is there already and belongs to someone else" in status["message"]
        assert server.count() == 0
    live = await op.kube.get(CONFIGMAPS, metadata["name"], op.namespace)
    assert (live["data"], live["metadata"].get("ownerReferences")) == ({"mine": "yes"}, None)


async def test_the_numbers_of_a_registry_go_with_it(op: Operated) -> None:
    assert op.operator is not None
    registries = Registries(op)
    await registries.create("default", source={"type": "builtin"})
    await registries.phase("default", "Ready")
    assert 'registry_server="default"' in op.operator.metrics.render().decode()
    await registries.delete("default")

    async def gone() -> bool:
        assert op.operator is not None
        return 'registry_server="default"' not in op.operator.metrics.render().decode()

    await until(gone, "the metrics forget it")


async def test_registries_of_the_operators_own_namespace_serve_the_others(op: Operated) -> None:
    other = f"{op.namespace}-team"
    await op.kube.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}})
    await op.stop()
    op.namespaces, op.system_namespace = (other, op.namespace), op.namespace
    await op.start()
    try:
        server = {"apiVersion": "mcp.allbeone.io/v1", "kind": "MCPServer", "spec": {"registry": {"name": ENTRY}}}
        server["spec"]["nodeSelector"] = NOWHERE
        await op.kube.create(MCPSERVERS, {**server, "metadata": {"name": "weather", "namespace": other}})
        with serving(item(ENTRY, "1.0.0")) as shared, serving(item(ENTRY, "2.0.0")) as own:
            await Registries(op).create("default", source={"type": "http"}, url=f"{shared.url}/list.json")
            await until(lambda: comes_from(op, other, f"{op.namespace}/default"), "the shared registry completes it")
            body = {"apiVersion": "mcp.allbeone.io/v1", "kind": "MCPRegistry"}
            spec = {"source": {"type": "http"}, "url": f"{own.url}/list.json"}
            metadata = {"name": "default", "namespace": other}
            await op.kube.create(MCPREGISTRIES, {**body, "metadata": metadata, "spec": spec})
            await until(lambda: comes_from(op, other, f"{other}/default"), "the one of its own namespace comes first")
    finally:
        await op.kube.delete(MCPSERVERS, "weather", other)
        await until(lambda: gone_from(op, other), "the server is gone", COLLECTED)
        await op.kube.delete(NAMESPACES, other)


async def comes_from(op: Operated, namespace: str, registry: str) -> bool:
    status = (await op.kube.get(MCPSERVERS, "weather", namespace)).get("status") or {}
    return bool((status.get("registry") or {}).get("name") == registry)


async def gone_from(op: Operated, namespace: str) -> bool:
    try:
        await op.kube.get(MCPSERVERS, "weather", namespace)
    except NotFound:
        return True
    return False
