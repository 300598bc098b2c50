"""More pins than one reading looks for: those that are in vain keep no other from its answer, and nothing runs on."""

from __future__ import annotations

import asyncio

import pytest
from mcp_operator.controllers import registry_pins

from tests.controller.harness import Operated
from tests.controller.registries import Registries
from tests.controller.test_registry_completes_servers import ENTRY, condition, installed, named
from tests.controller.test_registry_pins import PATH, official, older
from tests.support.registry_server import RegistryServer, item

IN_VAIN = [f"0.{number}.0" for number in range(5)]


async def test_pins_in_vain_keep_no_other_from_its_version(op: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_pins, "MAX_ASKED", 2)
    registries = Registries(op)
    with RegistryServer(entries=[item(ENTRY, "2.0.0"), older("1.0.0")]) as server:
        await official(registries, server)
        for number, version in enumerate(IN_VAIN):
            await named(op, f"vain-{number}", registry={"version": version})
        for number in range(len(IN_VAIN)):
            await op.phase(f"vain-{number}", "Failed", "VersionMissing")
        await named(op, "weather", registry={"version": "1.0.0"})
        await condition(op, "weather", "True", "RegistryFetched")
        assert await installed(op, "weather") == "weather@1.0.0"
        await op.calm(1.0)
        asked = server.count()
        op.sent.clear()
        await asyncio.sleep(2.0)
        assert (server.count(), dict(op.sent)) == (asked, {})
        assert len([one for one in server.asked if one.path == PATH]) <= asked - len(IN_VAIN)


async def test_each_pin_in_vain_gets_another_turn(op: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_pins, "MAX_ASKED", 2)
    registries = Registries(op)
    with RegistryServer(entries=[item(ENTRY, "2.0.0")]) as server:
        await official(registries, server)
        for number, version in enumerate(IN_VAIN):
            await named(op, f"vain-{number}", registry={"version": version})
        for number in range(len(IN_VAIN)):
            await op.phase(f"vain-{number}", "Failed", "VersionMissing")
        server.entries.extend(older(version) for version in IN_VAIN)
        for turn in range(40):
            if all([(await op.status(f"vain-{number}")).get("registry") for number in range(len(IN_VAIN))]):
                return
            await registries.trigger("default", str(turn))
            await registries.phase("default", "Ready", syncTrigger=str(turn))
        pytest.fail("a pin never got its turn")
