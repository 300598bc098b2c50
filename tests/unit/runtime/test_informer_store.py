"""The informer against a scripted API server: the turns that a real one takes too rarely to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from mcp_operator.runtime.errors import Gone, Unavailable
from mcp_operator.runtime.informer import Informer
from mcp_operator.runtime.resources import CONFIGMAPS

from tests.unit.runtime.virtual import now, run

pytestmark = pytest.mark.fast

Object = dict[str, Any]
GONE = Gone(410, "Expired", "too old resource version")
DEAD = Unavailable(0, "Unavailable", "connection refused")


def obj(name: str, version: int, uid: str = "", **labels: str) -> Object:
    metadata = {"namespace": "ns", "name": name, "uid": uid or name, "resourceVersion": str(version), "labels": labels}
    return {"metadata": {**metadata, "managedFields": [{"manager": "x"}]}}


class Script:
    """Answers lists and watches in the order given; a watch that ran out stays open until the test ends."""

    def __init__(self, lists: list[Any], watches: list[list[Any]]) -> None:
        self.lists = lists
        self.watches = watches
        self.asked: list[str | None] = []
        self.times: list[float] = []
        self.idle = asyncio.Event()

    def took(self) -> float:
        return now() - self.times[0]

    async def list(self, *_: Any, **options: Any) -> Object:
        self.times.append(now())
        answer = self.lists.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def watch(self, *_: Any, resource_version: str | None, **__: Any) -> AsyncIterator[Object]:
        self.asked.append(resource_version)
        if not self.watches:
            self.idle.set()
            await asyncio.Event().wait()
        for event in self.watches.pop(0):
            if isinstance(event, Exception):
                raise event
            yield event


def page(version: int, *items: Object, more: str = "") -> Object:
    return {"metadata": {"resourceVersion": str(version), "continue": more}, "items": list(items)}


def event(type_: str, item: Object) -> Object:
    return {"type": type_, "object": item}


def watched(script: Script, check: Callable[[Informer, list[tuple[str, str]]], None]) -> None:
    """Runs an informer on the script until it has nothing more to do, then checks what it holds and told."""

    async def work() -> None:
        informer = Informer(script, CONFIGMAPS)  # type: ignore[arg-type]
        informer.add_index("team", lambda item: [item["metadata"]["labels"].get("team", "")])
        told: list[tuple[str, str]] = []
        informer.add_handler(lambda kind, old, new: told.append((kind, (new or old or {})["metadata"]["name"])))
        task = asyncio.ensure_future(informer.run())
        await script.idle.wait()
        check(informer, told)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work())


def test_pages_are_followed_and_the_watch_starts_where_the_list_ended() -> None:
    script = Script([page(7, obj("a", 1), more="x"), page(9, obj("b", 2))], [])

    def check(informer: Informer, told: list[tuple[str, str]]) -> None:
        assert [item["metadata"]["name"] for item in informer.list()] == ["a", "b"]
        assert script.asked == ["9"]
        assert informer.synced.is_set()
        assert informer.get("ns", "a") == {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"namespace": "ns", "name": "a", "uid": "a", "resourceVersion": "1", "labels": {}},
        }

    watched(script, check)


def test_a_list_after_410_tells_what_was_deleted_and_made_again_meanwhile() -> None:
    script = Script(
        [
            page(5, obj("gone", 1), obj("same", 2), obj("changed", 3), obj("again", 4, uid="old")),
            page(20, obj("same", 2), obj("changed", 11), obj("again", 12, uid="new"), obj("fresh", 13)),
        ],
        [[GONE]],
    )

    def check(informer: Informer, told: list[tuple[str, str]]) -> None:
        assert told[4:] == [
            ("DELETED", "gone"),
            ("MODIFIED", "changed"),
            ("DELETED", "again"),
            ("ADDED", "again"),
            ("ADDED", "fresh"),
        ]
        assert script.asked == ["5", "20"]

    watched(script, check)


def test_a_watch_that_breaks_goes_on_from_its_last_bookmark_without_a_list() -> None:
    bookmark = event("BOOKMARK", {"metadata": {"resourceVersion": "90"}})
    script = Script([page(5)], [[event("ADDED", obj("a", 6)), bookmark, DEAD], []])

    def check(informer: Informer, told: list[tuple[str, str]]) -> None:
        assert script.asked == ["5", "90", "90"]
        assert told == [("ADDED", "a")]

    watched(script, check)


def test_a_dead_api_server_is_asked_again_with_growing_pauses_and_nothing_is_forgotten() -> None:
    script = Script([page(5, obj("a", 1)), *[DEAD] * 9, page(6, obj("a", 1))], [[GONE]])

    def check(informer: Informer, told: list[tuple[str, str]]) -> None:
        pauses = [after - before for before, after in zip(script.times[1:], script.times[2:], strict=False)]
        assert pauses[0] < 0.5
        assert all(8 <= pause <= 12.1 for pause in pauses[-2:])
        assert told == [("ADDED", "a")]
        assert informer.error is None

    watched(script, check)


def test_an_index_follows_changes_and_deletions() -> None:
    changes = [event("MODIFIED", obj("a", 7, team="red")), event("DELETED", obj("b", 8, team="blue"))]
    script = Script([page(5, obj("a", 1, team="blue"), obj("b", 2, team="blue"))], [changes, []])

    def check(informer: Informer, told: list[tuple[str, str]]) -> None:
        assert informer.by_index("team", "blue") == []
        assert [item["metadata"]["name"] for item in informer.by_index("team", "red")] == ["a"]

    watched(script, check)


def test_the_answer_to_an_own_write_is_seen_at_once_and_a_late_event_does_not_undo_it() -> None:
    script = Script([page(5, obj("a", 5))], [])

    def check(informer: Informer, told: list[tuple[str, str]]) -> None:
        informer.observe(obj("a", 9, state="written"))
        assert (informer.get("ns", "a") or {})["metadata"]["labels"] == {"state": "written"}
        informer._take("MODIFIED", obj("a", 8, state="before"))
        informer._take("MODIFIED", obj("a", 9, state="written"))
        assert (informer.get("ns", "a") or {})["metadata"]["resourceVersion"] == "9"
        # The first event is a change of someone else's that the answer held already; the second one is our own.
        assert told == [("ADDED", "a"), ("MODIFIED", "a")]

    watched(script, check)


def test_the_answer_to_an_own_write_does_not_bring_a_deleted_object_back() -> None:
    script = Script([page(5, obj("a", 5))], [[event("DELETED", obj("a", 7))], []])

    def check(informer: Informer, told: list[tuple[str, str]]) -> None:
        informer.observe(obj("a", 6))
        assert informer.get("ns", "a") is None

    watched(script, check)


def test_a_server_that_ends_every_watch_at_once_is_not_asked_without_a_pause() -> None:
    script = Script([page(5)], [[], [], [], []])

    def check(informer: Informer, told: list[tuple[str, str]]) -> None:
        assert script.asked == ["5"] * 5
        assert script.took() > 2.0

    watched(script, check)


def test_one_failing_handler_keeps_neither_the_cache_nor_the_other_handlers_from_changes() -> None:
    async def work() -> None:
        script = Script([page(5, obj("a", 1))], [])
        informer = Informer(script, CONFIGMAPS)  # type: ignore[arg-type]
        told: list[str] = []

        def fails(*_: object) -> None:
            raise RuntimeError("handler")

        informer.add_handler(fails)
        informer.add_handler(lambda kind, old, new: told.append(kind))
        task = asyncio.ensure_future(informer.run())
        await informer.synced.wait()
        assert told == ["ADDED"]
        assert len(informer.list("ns")) == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work())


def test_an_answer_that_cannot_be_read_is_listed_again_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Half a line of a broken connection, an object without a version: the cache goes on."""
    broken: list[Any] = [ValueError("Unterminated string"), event("ADDED", {"metadata": {}})]
    script = Script([page(5), page(6), page(7, obj("a", 7))], [[one] for one in broken])

    def check(informer: Informer, told: list[tuple[str, str]]) -> None:
        assert told == [("ADDED", "a")]
        assert informer.error is None
        assert script.asked == ["5", "6", "7"]

    watched(script, check)
    assert "Unterminated string" in caplog.text


def test_a_server_that_calls_every_version_too_old_is_not_asked_without_a_pause() -> None:
    script = Script([page(5)] * 6, [[GONE]] * 5)

    def check(informer: Informer, told: list[tuple[str, str]]) -> None:
        assert script.took() > 2.0

    watched(script, check)


def test_an_index_that_cannot_take_an_object_does_not_keep_it_from_the_cache() -> None:
    async def work() -> None:
        script = Script([page(5, obj("a", 1))], [])
        informer = Informer(script, CONFIGMAPS)  # type: ignore[arg-type]
        informer.add_index("odd", lambda item: item["spec"]["missing"])
        task = asyncio.ensure_future(informer.run())
        await informer.synced.wait()
        assert informer.get("ns", "a") is not None
        assert informer.by_index("odd", "x") == []
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(work())
