"""An MCPServer that names a registry entry and nothing to run: completed from an MCPRegistry, or waiting for it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from mcp_operator.api import names
from mcp_operator.catalog import stored
from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.runtime.resources import CONFIGMAPS, DEPLOYMENTS

from tests.controller.harness import NOWHERE, Operated, until
from tests.controller.registries import Registries
from tests.support.registry_server import item

Object = dict[str, Any]
ENTRY = "io.example/weather"


@pytest.fixture
def registries(op: Operated) -> Registries:
    return Registries(op)


async def named(op: Operated, name: str, entry: str = ENTRY, **spec: Any) -> Object:
    """A server that says no more than its entry."""
    registry = {"name": entry, **spec.pop("registry", {})}
    body = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_SERVER,
        "metadata": {"name": name, "namespace": op.namespace},
        "spec": {"registry": registry, "nodeSelector": NOWHERE, **spec},
    }
    return await op.kube.create(MCPSERVERS, body)


async def offer(op: Operated, *items: Object) -> None:
    """What the ConfigMap `entries` says from now on."""
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "entries", "namespace": op.namespace},
        "data": {"servers.json": json.dumps({"servers": list(items)})},
    }
    await op.kube.apply(CONFIGMAPS, body, field_manager="test")


async def registry_of(registries: Registries, *items: Object) -> None:
    await offer(registries.op, *items)
    await registries.create("default", source={"type": "configMap", "configMap": {"name": "entries"}})
    await registries.phase("default", "Ready")


async def condition(op: Operated, name: str, status: str, reason: str) -> Object:
    async def there() -> Object | None:
        found = (await op.status(name)).get("conditions") or []
        wanted = ("RegistryFetched", status, reason)
        return next((c for c in found if (c["type"], c["status"], c["reason"]) == wanted), None)

    return await until(there, f"{name} has RegistryFetched={status} {reason}, not {await op.status(name)}")


async def installed(op: Operated, name: str) -> str:
    deployment = await op.deployment(name)
    (container,) = deployment["spec"]["template"]["spec"]["initContainers"]
    words = [*container["command"], *container.get("args", [])]
    return str(words[words.index("--package") + 1])


async def test_a_server_is_completed_and_its_spec_stays_as_it_was(op: Operated, registries: Registries) -> None:
    await registry_of(registries, item(ENTRY, "1.0.0", repository={"url": "https://example.test/weather"}))
    made = await named(op, "weather")
    await condition(op, "weather", "True", "RegistryFetched")
    assert await installed(op, "weather") == "weather@1.0.0"
    status = await op.status("weather")
    assert status["registry"]["version"] == "1.0.0"
    assert status["registry"]["repository"] == "https://example.test/weather"
    assert len(status["registry"]["digest"]) == 64
    assert status["resolvedHash"]
    live = await op.kube.get(MCPSERVERS, "weather", op.namespace)
    assert live["spec"] == made["spec"]


async def test_a_server_waits_for_its_registry_and_for_its_entry(op: Operated, registries: Registries) -> None:
    await named(op, "weather")
    status = await op.phase("weather", "Pending", "RegistryMissing")
    assert "MCPRegistry default" in status["message"]
    await condition(op, "weather", "False", "RegistryMissing")
    await registry_of(registries, item("io.example/other"))
    status = await op.phase("weather", "Pending", "EntryMissing")
    assert ENTRY in status["message"]
    await offer(op, item("io.example/other"), item(ENTRY))
    await condition(op, "weather", "True", "RegistryFetched")
    await op.deployment("weather")


async def test_a_registry_that_was_never_read_is_waited_for(op: Operated, registries: Registries) -> None:
    await registries.create("default", source={"type": "configMap", "configMap": {"name": "nowhere"}})
    await named(op, "weather")
    await registries.phase("default", "Failed")
    status = await op.phase("weather", "Pending", "RegistryNotReady")
    assert "default" in status["message"]
    await condition(op, "weather", "False", "RegistryNotReady")


async def test_a_waiting_server_is_not_looked_at_again_and_again(op: Operated, registries: Registries) -> None:
    await registry_of(registries)
    await named(op, "weather")
    await op.phase("weather", "Pending", "EntryMissing")
    await op.calm(1.0)
    op.sent.clear()
    await asyncio.sleep(3.0)
    assert dict(op.sent) == {}


async def test_a_changed_entry_reaches_the_server_unless_it_is_pinned(op: Operated, registries: Registries) -> None:
    await registry_of(registries, item(ENTRY, "1.0.0"))
    await named(op, "floating")
    await named(op, "pinned", registry={"version": "1.0.0"})
    for name in ("floating", "pinned"):
        await condition(op, name, "True", "RegistryFetched")
        assert await installed(op, name) == "weather@1.0.0"
    await offer(op, item(ENTRY, "2.0.0", description="Another one"))

    async def changed() -> bool:
        return await installed(op, "floating") == "weather@2.0.0"

    await until(changed, "the new version is installed")
    await op.calm()
    assert (await op.status("floating"))["registry"]["description"] == "Another one"
    assert await installed(op, "pinned") == "weather@1.0.0"
    assert (await op.status("pinned"))["registry"]["version"] == "1.0.0"


async def test_an_operator_that_starts_again_writes_nothing_and_reads_no_shard(
    op: Operated, registries: Registries
) -> None:
    await registry_of(registries, item(ENTRY))
    await named(op, "weather")
    await condition(op, "weather", "True", "RegistryFetched")
    await op.pods_wait("weather", 1)
    await op.calm(1.0)
    await op.stop()
    await op.start()
    await op.calm(1.5)
    assert op.writes() == {}
    assert [path for method, path, _ in op.requests() if "/configmaps/" in path] == []


async def test_a_server_goes_on_when_its_registry_is_gone(op: Operated, registries: Registries) -> None:
    await registry_of(registries, item(ENTRY, "1.0.0"))
    await named(op, "weather")
    await condition(op, "weather", "True", "RegistryFetched")
    await op.deployment("weather")
    await registries.delete("default")
    await condition(op, "weather", "False", "RegistryMissing")
    await op.change("weather", replicas=2)

    async def scaled() -> bool:
        return bool((await op.deployment("weather"))["spec"]["replicas"] == 2)

    await until(scaled, "the change is applied without the registry")
    assert await installed(op, "weather") == "weather@1.0.0"


async def test_what_the_spec_says_wins_over_the_entry(op: Operated, registries: Registries) -> None:
    needs = {"name": "TOKEN", "isRequired": True, "isSecret": True}
    entry = item(ENTRY)
    entry["server"]["packages"][0]["environmentVariables"] = [needs, {"name": "MODE", "value": "fast"}]
    await registry_of(registries, entry)
    await named(op, "weather")
    status = await op.phase("weather", "Failed", "MissingValues")
    assert "TOKEN" in status["message"]
    secret = {"valueFrom": {"secretKeyRef": {"name": "keys", "key": "weather"}}}
    await op.change("weather", env=[{"name": "TOKEN", **secret}, {"name": "MODE", "value": "slow"}], args=["--loud"])
    await condition(op, "weather", "True", "RegistryFetched")
    deployment = await op.deployment("weather")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    env = {one["name"]: one.get("value") or one.get("valueFrom") for one in container["env"]}
    assert (env["TOKEN"], env["MODE"]) == (secret["valueFrom"], "slow")
    assert "--loud" in [*container["command"], *container.get("args", [])]


async def test_an_entry_that_cannot_run_in_a_cluster_says_so(op: Operated, registries: Registries) -> None:
    entry = item(ENTRY)
    entry["server"]["packages"] = [{"registryType": "nuget", "identifier": "Weather", "version": "1.0.0"}]
    await registry_of(registries, entry)
    await named(op, "weather")
    status = await op.phase("weather", "Failed", "NotDeployable")
    assert "nuget" in status["message"]
    await condition(op, "weather", "False", "NotDeployable")


async def test_the_entry_that_is_kept_goes_with_the_server(op: Operated, registries: Registries) -> None:
    await registry_of(registries, item(ENTRY))
    await named(op, "weather")
    await condition(op, "weather", "True", "RegistryFetched")
    await op.deployment("weather")
    assert await op.get(CONFIGMAPS, "weather-registry") is not None
    await op.change("weather", image="example.test/weather:1", transport={"type": "http"})

    async def gone() -> bool:
        return await op.get(CONFIGMAPS, "weather-registry") is None

    await until(gone, "a server that says what runs keeps no entry")
    assert await op.get(DEPLOYMENTS, "weather") is not None
    assert await op.get(CONFIGMAPS, stored.index_name("default")) is not None
