"""Many slow sources at once: the others are read all the same, and each slow one gets its turn."""

from __future__ import annotations

import threading

import pytest
from mcp_operator.controllers import mcpregistry, registry_places

from tests.controller.harness import Operated, until
from tests.controller.registries import Registries, serving
from tests.support.registry_server import Fault, item


async def test_slow_sources_hold_up_no_other_registry(op: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_places, "QUICK_SECONDS", 0.3)
    monkeypatch.setattr(mcpregistry, "PLACE_SECONDS", 0.2)
    registries, held = Registries(op), threading.Event()
    slow = [f"slow-{number}" for number in range(registry_places.QUICK + registry_places.SLOW + 2)]
    with serving(item("io.example/a")) as server:
        server.always("/list.json", Fault(drip=lambda: held.wait(60)))
        for name in slow:
            await registries.create(name, source={"type": "http"}, url=f"{server.url}/list.json")

        async def held_up() -> bool:
            return server.count("/list.json") >= registry_places.QUICK + registry_places.SLOW

        await until(held_up, "the slow sources are being read")
        await registries.create("quick", source={"type": "builtin"})
        await registries.phase("quick", "Ready")
        held.set()
        for name in slow:
            await registries.phase(name, "Ready")
