"""Sources that behave badly: a slow one holds nobody up, and hostile words stay words."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from mcp_operator.runtime.errors import Unavailable

from tests.controller.harness import Operated
from tests.controller.registries import Registries, serving
from tests.support.registry_server import Fault, item


async def test_a_slow_source_holds_up_neither_servers_nor_other_registries(op: Operated) -> None:
    registries = Registries(op)
    asked, held = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        held.wait(300)

    with serving(item("io.example/a")) as server:
        server.fault("/list.json", Fault(drip=hold))
        await registries.create("slow", source={"type": "http"}, url=f"{server.url}/list.json")
        assert await asyncio.to_thread(asked.wait, 60)
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


async def test_a_reading_whose_first_word_cannot_be_written_is_given_up_before_the_next(
    op: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would go on unheard beside the next one, with the source and the memory paid twice."""
    registries = Registries(op)
    first, second, held = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        (second if first.is_set() else first).set()
        held.wait(300)

    statuses = op.operator.registries._statuses
    write, refused = statuses.write, []

    async def refuse(registry: dict[str, Any], status: dict[str, Any]) -> None:
        if status["phase"] == "Syncing" and not refused:
            refused.append(status)
            raise Unavailable(0, "Unavailable", "the API server does not answer")
        await write(registry, status)

    monkeypatch.setattr(statuses, "write", refuse)
    with serving(item("io.example/a")) as server:
        server.always("/list.json", Fault(drip=hold))
        await registries.create("slow", source={"type": "http"}, url=f"{server.url}/list.json")
        assert await asyncio.to_thread(first.wait, 60)
        assert not await asyncio.to_thread(second.wait, 4), "the source is read twice at a time"
        assert refused
        held.set()
        await registries.phase("slow", "Ready")
