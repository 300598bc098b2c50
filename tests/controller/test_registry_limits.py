"""Sources that behave badly: a slow one holds nobody up, and hostile words stay words."""

from __future__ import annotations

import asyncio
import threading

from tests.controller.harness import Operated
from tests.controller.registries import Registries, serving
from tests.support.registry_server import Fault, item


async def test_a_slow_source_holds_up_neither_servers_nor_other_registries(op: Operated) -> None:
    registries = Registries(op)
    asked, held = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        held.wait(20)

    with serving(item("io.example/a")) as server:
        server.fault("/list.json", Fault(drip=hold))
        await registries.create("slow", source={"type": "http"}, url=f"{server.url}/list.json")
        await asyncio.to_thread(asked.wait, 20)
        await registries.create("quick", source={"type": "builtin"})
        await registries.phase("quick", "Ready")
        await op.create("demo")
        await op.deployment("demo")
        assert (await registries.status("slow")).get("lastSyncTime") is None
        held.set()
        await registries.phase("slow", "Ready")


async def test_hostile_words_of_a_source_do_no_harm(op: Operated) -> None:
    registries = Registries(op)
    bad = item("io.example/bad\u001b[31m\nline")
    bad["server"]["packages"] = [{"registryType": "unknown\u0007", "identifier": "x"}]
    with serving(item("../../etc/passwd"), item("io.example/\u202egood"), bad) as server:
        await registries.create("default", source={"type": "http"}, url=f"{server.url}/list.json")
        status = await registries.phase("default", "Ready", serversRejected=1)
        assert all(text.isprintable() for text in status["errors"])
        assert "../../etc/passwd" in await registries.names("default")
