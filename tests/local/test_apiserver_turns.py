"""Long requests leave the event loop to others in between: lists, watches, deletions of many, the store's upkeep."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Awaitable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from mcp_cli.local.apiserver import pace, server
from mcp_cli.local.apiserver.app import ApiServer, create_app
from mcp_cli.local.apiserver.config import ServerConfig
from mcp_cli.local.storage import Store
from tests.support.apiserver import serving
from tests.support.waiting import eventually

MANY = 300
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(autouse=True)
def _short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece is a turn of its own, so that what is counted does not depend on the machine's speed."""
    monkeypatch.setattr(pace, "TURN_SECONDS", 0.0)


@pytest.fixture
def app() -> ApiServer:
    store = Store(":memory:")
    app = create_app(store, ServerConfig("token", 1, "127.99.128.0/17", ""))
    for number in range(MANY):
        metadata = {"name": f"m{number}", "namespace": "default", "uid": str(number)}
        store.create(
            "/configmaps", f"default/m{number}", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        )
    return app


def client(app: ApiServer) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="https://api", headers={"Authorization": "Bearer token"})


async def turns_of_others(work: Awaitable[Any]) -> tuple[Any, int]:
    """What the work gives, and how often somebody else had the loop meanwhile."""
    task, turns = asyncio.ensure_future(work), 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    return task.result(), turns


async def test_a_long_list_is_whole_and_lets_others_in(app: ApiServer) -> None:
    async with client(app) as http:
        answer, turns = await turns_of_others(http.get(MAPS))
    listed = answer.json()
    assert (listed["kind"], len(listed["items"]), turns > MANY) == ("ConfigMapList", MANY, True)
    assert list(listed) == ["kind", "apiVersion", "metadata", "items"]


async def test_a_long_table_is_whole_and_lets_others_in(app: ApiServer) -> None:
    async with client(app) as http:
        answer, turns = await turns_of_others(http.get(MAPS, headers={"Accept": TABLE}))
    table = answer.json()
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert len({row["object"]["metadata"]["name"] for row in table["rows"]}) == MANY
    assert turns > MANY


async def test_an_empty_list_is_one(app: ApiServer) -> None:
    async with client(app) as http:
        assert (await http.get("/api/v1/secrets")).json()["items"] == []


async def test_deleting_many_lets_others_in(app: ApiServer) -> None:
    async with client(app) as http:
        answer, turns = await turns_of_others(http.delete(MAPS))
        assert (len(answer.json()["items"]), turns > 2 * MANY) == (MANY, True)
        assert (await http.get(MAPS)).json()["items"] == []


async def watched(app: ApiServer, wanted: int, **query: str) -> tuple[list[dict[str, Any]], int]:
    """The first events of a watch, and how often somebody else had the loop while they were made."""
    sent, turns, began = b"", 0, None
    done = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal sent, began
        began = turns if began is None else began
        sent += message.get("body", b"")
        if sent.count(b"\n") >= wanted:
            done.set()

    parts = {"method": "GET", "path": MAPS, "raw_path": MAPS.encode(), "query_string": urlencode(query).encode()}
    headers = [(b"authorization", b"Bearer token")]
    scope = {"type": "http", "http_version": "1.1", "scheme": "https", "headers": headers, **parts}
    task = asyncio.ensure_future(app(scope, receive, send))
    while not done.is_set():
        turns += 1
        await asyncio.sleep(0)
    passed = turns - (began or 0)
    await task
    return [json.loads(line) for line in sent.splitlines()], passed


@pytest.mark.parametrize("query", [{}, {"resourceVersion": "0"}, {"fieldSelector": "metadata.name!=m7"}])
async def test_a_watch_that_begins_with_many_lets_others_in(app: ApiServer, query: dict[str, str]) -> None:
    wanted = MANY - ("fieldSelector" in query)
    events, turns = await watched(app, wanted, watch="1", **query)
    assert [event["type"] for event in events] == ["ADDED"] * wanted
    assert turns >= wanted


async def test_a_watch_from_history_lets_others_in_and_keeps_the_order(app: ApiServer) -> None:
    async with client(app) as http:
        first = (await http.get(f"{MAPS}/m0")).json()["metadata"]["resourceVersion"]
    events, turns = await watched(app, MANY - 1, watch="1", resourceVersion=first)
    assert [event["object"]["metadata"]["name"] for event in events] == [f"m{number}" for number in range(1, MANY)]
    assert turns >= MANY - 1


async def test_upkeep_of_the_store_survives_a_disk_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "CHECKPOINT_SECONDS", 0.01)
    monkeypatch.setattr(server, "COMPACTION_TURNS", 1)
    caplog.set_level(logging.WARNING)
    async with serving(tmp_path) as served:
        store = served.store
        store._db.execute("UPDATE log SET at = 0")
        store._db.execute("PRAGMA query_only = 1")
        await eventually(lambda: "the store's history was not shortened" in caplog.text, "a refused compaction")
        assert store.compacted == 0
        store._db.execute("PRAGMA query_only = 0")
        await eventually(lambda: store.compacted == store.revision, "compaction, now that the disk takes it")


@pytest.mark.parametrize(
    "failure", [sqlite3.OperationalError("unable to open"), RuntimeError("can't start new thread")]
)
async def test_upkeep_of_the_store_survives_whatever_fails_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    monkeypatch.setattr(server, "CHECKPOINT_SECONDS", 0.01)
    async with serving(tmp_path) as served:
        checkpoint, failures, turns = served.store.checkpoint, [failure], list[int]()

        def fail_first() -> None:
            if failures:
                raise failures.pop()
            checkpoint()
            turns.append(1)

        monkeypatch.setattr(served.store, "checkpoint", fail_first)
        await eventually(lambda: turns, "a turn after the failed one")
    assert str(failure) in caplog.text


@pytest.mark.parametrize(
    ("stream", "instead"), [("exec", "processes"), ("attach", "logs"), ("portforward", "mcp port")]
)
@pytest.mark.parametrize("protocol", ["websocket", "SPDY/3.1"])
async def test_a_stream_that_is_not_served_leaves_one_line_that_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, stream: str, instead: str, protocol: str
) -> None:
    caplog.set_level(logging.INFO)
    async with serving(tmp_path) as served, httpx.AsyncClient(verify=False) as http:
        headers = {"Authorization": f"Bearer {served.token}", "Connection": "Upgrade", "Upgrade": protocol}
        url = f"https://127.0.0.1:{served.port}/api/v1/namespaces/default/pods/p/{stream}"
        answer = await http.get(url, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (501, "NotImplemented")
    assert instead in answer.json()["message"]
    # As the daemon sets them: warnings of uvicorn, all that is ours.
    said = [record for record in caplog.records if record.levelno >= logging.WARNING or "mcp_cli" in record.name]
    assert [record.getMessage() for record in said] == [f"refused {stream} of pod default/p: not served here"]
