"""MCPRegistries under test: made, looked at, read back from their ConfigMaps."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from mcp_operator.api import names
from mcp_operator.catalog import stored
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.controllers.registry_world import MCPREGISTRIES
from mcp_operator.runtime.resources import CONFIGMAPS, EVENTS

from tests.controller.harness import PATIENCE, Operated, until
from tests.support.registry_server import RegistryServer

Object = dict[str, Any]


def document(*items: Object) -> dict[str, tuple[str, bytes]]:
    """One list of entries at `/list.json`."""
    return {"/list.json": ("application/json", json.dumps({"servers": list(items)}).encode())}


def serving(*items: Object) -> RegistryServer:
    """A server of that one list."""
    server = RegistryServer()
    server.files.update(document(*items))
    return server


@dataclass(frozen=True)
class Registries:
    """Those in the namespace of the test."""

    op: Operated
    patience: float = PATIENCE

    async def create(self, name: str, **spec: Any) -> Object:
        body = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND_REGISTRY,
            "metadata": {"name": name, "namespace": self.op.namespace},
            "spec": {"refreshInterval": "1h", **spec},
        }
        return await self.op.kube.create(MCPREGISTRIES, body)

    async def change(self, name: str, **spec: Any) -> None:
        await self.op.kube.patch(MCPREGISTRIES, name, {"spec": spec}, self.op.namespace)

    async def trigger(self, name: str, value: str) -> None:
        note = {"metadata": {"annotations": {names.ANNOTATION_SYNC_TRIGGER: value}}}
        await self.op.kube.patch(MCPREGISTRIES, name, note, self.op.namespace)

    async def delete(self, name: str) -> None:
        await self.op.kube.delete(MCPREGISTRIES, name, self.op.namespace)

    async def status(self, name: str) -> Object:
        registry = await self.op.get(MCPREGISTRIES, name)
        return (registry or {}).get("status") or {}

    async def phase(self, name: str, phase: str, **wanted: Any) -> Object:
        """The status once its phase and these fields are the wanted ones, for the current generation."""
        seen: Object = {}

        async def there() -> Object | None:
            nonlocal seen
            registry = await self.op.get(MCPREGISTRIES, name) or {"metadata": {}}
            seen = registry.get("status") or {}
            current = seen.get("observedGeneration") == registry["metadata"].get("generation")
            fits = all(seen.get(key) == value for key, value in wanted.items())
            return seen if current and seen.get("phase") == phase and fits else None

        try:
            return await until(there, f"{name} is {phase} {wanted or ''}", self.patience)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {seen}") from None

    async def condition(self, name: str, kind: str, status: str, reason: str) -> Object:
        """The condition once it is as wanted."""

        async def there() -> Object | None:
            found = (await self.status(name)).get("conditions") or []
            return next((c for c in found if (c["type"], c["status"], c["reason"]) == (kind, status, reason)), None)

        return await until(there, f"{name} has {kind}={status} {reason}")

    async def shards(self, name: str) -> dict[str, bytes]:
        """The shards that the index names, by name."""
        index = stored.index_of(await self.op.kube.get(CONFIGMAPS, stored.index_name(name), self.op.namespace))
        assert index is not None
        found = {}
        for shard in index.shards:
            live = await self.op.kube.get(CONFIGMAPS, shard, self.op.namespace)
            found[shard] = base64.b64decode(live["binaryData"][stored.ENTRIES_KEY])
        return found

    async def entries(self, name: str) -> list[ServerEntry]:
        return [stored.entry_of(line) for data in (await self.shards(name)).values() for line in stored.lines(data)]

    async def names(self, name: str) -> set[str]:
        return {entry.name for entry in await self.entries(name)}

    async def events(self, name: str) -> list[Object]:
        found = await self.op.kube.list(EVENTS, self.op.namespace, field_selector=f"involvedObject.name={name}")
        return [event for event in found["items"] if event["involvedObject"]["kind"] == names.KIND_REGISTRY]
