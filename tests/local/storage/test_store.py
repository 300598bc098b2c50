"""The store alone: revisions, conflicts, pages as of a revision, watches from the log, compaction, restarts."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_cli.local.storage import (
    Compacted,
    Conflict,
    DatabaseBroken,
    Exists,
    Missing,
    StorageError,
    StorageFull,
    Store,
)
from mcp_cli.local.storage.store import CHECKPOINT_BYTES

pytestmark = pytest.mark.fast


def thing(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, **more}


@pytest.fixture
def store() -> Store:
    return Store(":memory:")


def keys(store: Store, **options: Any) -> list[str]:
    return [row.key for row in store.page("/things", **options).rows]


def test_every_write_gets_the_next_revision(store: Store) -> None:
    first = store.create("/things", "a/x", thing("x"))
    second = store.create("/others", "y", thing("y"))
    assert [first["metadata"]["resourceVersion"], second["metadata"]["resourceVersion"]] == ["1", "2"]
    assert store.revision == 2


def test_a_name_is_taken_once(store: Store) -> None:
    store.create("/things", "a/x", thing("x"))
    with pytest.raises(Exists):
        store.create("/things", "a/x", thing("x"))
    store.create("/things", "b/x", thing("x"))


def test_an_update_from_an_old_revision_is_a_conflict(store: Store) -> None:
    store.create("/things", "a/x", thing("x"))
    store.update("/things", "a/x", thing("x", n=1), expected="1")
    with pytest.raises(Conflict):
        store.update("/things", "a/x", thing("x", n=2), expected="1")
    with pytest.raises(Missing):
        store.update("/things", "a/y", thing("y"), expected="1")
    found = store.get("/things", "a/x")
    assert found is not None
    assert found["n"] == 1


def test_a_prefix_is_one_namespace(store: Store) -> None:
    for key in ("a/x", "a-b/x", "ab/x", "a/y"):
        store.create("/things", key, thing(key))
    assert keys(store, prefix="a/") == ["a/x", "a/y"]
    assert store.count("/things", "a/") == 2


def test_pages_show_the_state_of_the_first_one(store: Store) -> None:
    for name in "bdf":
        store.create("/things", name, thing(name))
    first = store.page("/things", limit=1)
    store.create("/things", "c", thing("c"))
    store.delete("/things", "d", expected=None)
    store.update("/things", "f", thing("f", changed=True), expected=None)
    rest = store.page("/things", at=first.revision, after=first.rows[-1].key)
    assert (first.more, [row.key for row in rest.rows]) == (True, ["d", "f"])
    assert "changed" not in rest.rows[-1].value
    assert keys(store) == ["b", "c", "f"]


async def test_a_watch_begins_in_the_log_and_goes_on_live(store: Store) -> None:
    store.create("/things", "a/x", thing("x"))
    store.update("/things", "a/x", thing("x", n=1), expected=None)
    watcher = store.watch("/things", "a/", since=1)
    store.create("/things", "b/other", thing("other"))
    store.delete("/things", "a/x", expected=None)
    seen = [await watcher.next(1), await watcher.next(1)]
    assert [(change.type, change.revision) for change in seen if change] == [("MODIFIED", 2), ("DELETED", 4)]
    assert await watcher.next(0.01) is None


async def test_a_closed_watcher_wakes_its_reader(store: Store) -> None:
    watcher = store.watch("/things", since=0)
    store.end_watches("/things")
    assert await watcher.next(5) is None
    assert watcher.closed


def test_history_that_is_gone_is_said_to_be(store: Store) -> None:
    for name in "abc":
        store.create("/things", name, thing(name))
    assert store.compact(keep_seconds=0, keep_rows=0) == 3
    with pytest.raises(Compacted, match="too old resource version: 1"):
        store.watch("/things", since=1)
    with pytest.raises(Compacted):
        store.page("/things", at=2)
    assert keys(store) == ["a", "b", "c"]
    assert store.watch("/things", since=3).pending() == 0


def test_recent_history_survives_compaction(store: Store) -> None:
    store.create("/things", "a", thing("a"))
    assert store.compact() == 0
    assert store.watch("/things", since=0).pending() == 1


def test_compaction_forgets_by_age_what_is_older(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for second in range(1, 41):
        monkeypatch.setattr("time.time", lambda second=second: 1000.0 + second)
        store.create("/things", f"a{second}", thing(f"a{second}"))
    for keep, gone in ((45.0, 0), (39.0, 1), (10.5, 29), (10.5, 29), (1.0, 39), (0.0, 40)):
        assert store.compact(keep_seconds=keep) == gone
    assert len(keys(store)) == 40


def test_compaction_goes_in_steps_that_others_see(store: Store) -> None:
    for number in range(250):
        store.create("/things", f"a{number}", thing(f"a{number}"))
    steps = []
    for step in store.compaction(keep_seconds=0, keep_rows=0):
        steps.append((step, store.watch("/things", since=step).pending()))
        store.create("/others", f"b{step}", thing("b"))
    assert steps == [(100, 150), (200, 50), (250, 0)]
    assert store.compacted == 250


def test_a_checkpoint_brings_what_was_written_into_the_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    file, text = tmp_path / "db", "x" * 100_000
    for number in range(30):
        store.create("/things", f"a{number}", thing("a", text=text))
    before = file.stat().st_size
    store.checkpoint()
    assert file.stat().st_size == before, "a log that is still short is left alone"
    for number in range(30, 60):
        store.create("/things", f"a{number}", thing("a", text=text))
    assert file.stat().st_size == before, "a writer does not wait for the disk"
    store.checkpoint()
    assert file.stat().st_size > before + 2 * 60 * len(text)
    assert len(keys(store)) == 60
    store.create("/things", "b", thing("b"))
    store.close()
    assert len(keys(Store(file))) == 61


def test_a_restart_keeps_objects_revisions_and_history(tmp_path: Path) -> None:
    first = Store(tmp_path / "db")
    first.create("/things", "a", thing("a"))
    first.delete("/things", "a", expected=None)
    first.create("/things", "b", thing("b"))
    first.compact(keep_seconds=0, keep_rows=1)
    first.close()
    second = Store(tmp_path / "db")
    assert (second.revision, second.compacted, keys(second)) == (3, 3, ["b"])
    assert second.create("/things", "c", thing("c"))["metadata"]["resourceVersion"] == "4"


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "db"
    file.write_bytes(b"no database at all" * 500)
    with pytest.raises(DatabaseBroken, match="mcp local reset"):
        Store(file)
    assert file.read_bytes().startswith(b"no database")


def test_a_database_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "db").close()
    with sqlite3.connect(tmp_path / "db") as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(DatabaseBroken, match="newer version"):
        Store(tmp_path / "db")


def test_a_full_disk_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    store = Store(tmp_path / "db")
    store.create("/things", "a", thing("a"))
    # SQLite's own limit of pages stands for the disk's: the same error comes out.
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFull, match="free some disk space"):
        store.create("/things", "b", thing("b", text="x" * 100_000))
    assert (keys(store), store.revision) == (["a"], 1)
    store._db.execute(f"PRAGMA max_page_count = {pages + 1000}")
    store.create("/things", "b", thing("b"))
    assert keys(store) == ["a", "b"]


def test_upkeep_that_sqlite_refuses_is_an_error_of_storage(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    store = Store(folder / "db")
    store.create("/things", "a", thing("a", text="x" * CHECKPOINT_BYTES))
    store._db.set_progress_handler(lambda: 1, 1)
    with pytest.raises(StorageError, match="the cluster's database: interrupted"):
        store.compact()
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="unable to open database file"):
        store.checkpoint()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("cud"), st.sampled_from("xyz")), max_size=25))
def test_every_past_state_can_be_read_and_replayed(writes: list[tuple[str, str]]) -> None:
    store = Store(":memory:")
    states: dict[int, dict[str, Any]] = {0: {}}
    now: dict[str, Any] = {}
    for step, (kind, name) in enumerate(writes):
        try:
            if kind == "c":
                now = {**now, name: store.create("/things", name, thing(name, step=step))}
            elif kind == "u":
                now = {**now, name: store.update("/things", name, thing(name, step=step), expected=None)}
            else:
                store.delete("/things", name, expected=None)
                now = {key: value for key, value in now.items() if key != name}
        except (Exists, Missing):
            continue
        states[store.revision] = now
    for revision, state in states.items():
        assert keys(store, at=revision) == sorted(state)
        _replay(store, revision, dict(state), now)


def _replay(store: Store, revision: int, state: dict[str, Any], last: dict[str, Any]) -> None:
    """The changes after a revision lead from its state to the last one."""
    watcher = store.watch("/things", since=revision)
    for change in tuple(watcher._queue):
        if change.type == "DELETED":
            del state[change.key]
        else:
            state[change.key] = change.object
    assert state == last
