"""The store: objects by (resource, key), one revision counter for all, a log of every change, watches from a revision.

One writer: every call runs on the event loop's thread. A key is `namespace/name`, or `name` without a namespace.
Each value is kept as JSON with its own revision in `metadata.resourceVersion`. Not its job: what a valid object is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_cli.local.storage.database import checkpoint, in_our_words, log_size, open_database, transaction
from mcp_cli.local.storage.errors import Compacted, Conflict, Exists, Missing
from mcp_cli.local.storage.watch import ADDED, DELETED, MODIFIED, Change, Hub, Watcher

HISTORY_SECONDS = 600.0
HISTORY_ROWS = 50_000
COMPACTED_AT_ONCE, STEPS_A_CHECKPOINT = 100, 10
CHECKPOINT_BYTES = 4 * 1024 * 1024

_NOW = "SELECT key, revision, value FROM objects WHERE resource = :resource"
_THEN = (
    "SELECT key, revision, value FROM objects WHERE resource = :resource AND revision <= :at"
    " UNION ALL SELECT l.key, 0, l.previous FROM log l JOIN"
    " (SELECT key, MIN(revision) AS first FROM log WHERE resource = :resource AND revision > :at GROUP BY key) f"
    " ON l.revision = f.first WHERE l.previous IS NOT NULL"
)


@dataclass(slots=True, frozen=True)
class Row:
    """A stored object: its key and its JSON text."""

    key: str
    value: str


@dataclass(slots=True, frozen=True)
class Page:
    """Some rows of one resource as they were at one revision."""

    rows: list[Row]
    revision: int
    more: bool


class Store:
    """Objects and their history in one SQLite file."""

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._unsaved = log_size(path)
        self._db = open_database(path)
        self._hub = Hub()
        self._listeners: list[Callable[[Change], None]] = []
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'log'").fetchone()
        self._revision: int = row[0] if row else 0
        row = self._db.execute("SELECT value FROM meta WHERE name = 'compacted'").fetchone()
        self._compacted: int = row[0] if row else 0

    @property
    def revision(self) -> int:
        """The revision of the last write."""
        return self._revision

    @property
    def compacted(self) -> int:
        """History up to here is gone."""
        return self._compacted

    def close(self) -> None:
        self._hub.close()
        self._db.close()

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Have every change from now on passed to `listener`, right after it was written."""
        self._listeners.append(listener)

    # --- reading

    def get(self, resource: str, key: str) -> dict[str, Any] | None:
        row = self._db.execute("SELECT value FROM objects WHERE resource = ? AND key = ?", (resource, key)).fetchone()
        return json.loads(row[0]) if row else None

    def page(self, resource: str, prefix: str = "", *, at: int | None = None, after: str = "", limit: int = -1) -> Page:
        """Rows in key order, as of now or of revision `at`, behind key `after`."""
        if at is not None and at < self._compacted:
            raise Compacted(at, self._compacted)
        query = _NOW if at is None or at >= self._revision else _THEN
        bounds = {"resource": resource, "at": at, "after": after, "low": prefix, "high": prefix + "\U0010ffff"}
        rows = self._db.execute(
            f"SELECT key, value FROM ({query}) WHERE key > :after AND key >= :low AND key < :high"
            " ORDER BY key LIMIT :rows",
            {**bounds, "rows": limit + 1 if limit >= 0 else -1},
        ).fetchall()
        more = 0 <= limit < len(rows)
        return Page([Row(*row) for row in (rows[:limit] if more else rows)], at or self._revision, more)

    def count(self, resource: str, prefix: str = "", after: str = "") -> int:
        return self._db.execute(
            "SELECT count(*) FROM objects WHERE resource = ? AND key > ? AND key >= ? AND key < ?",
            (resource, after, prefix, prefix + "\U0010ffff"),
        ).fetchone()[0]

    def resources(self) -> list[str]:
        """The resources that have at least one object."""
        return [row[0] for row in self._db.execute("SELECT DISTINCT resource FROM objects")]

    # --- writing

    def create(self, resource: str, key: str, value: dict[str, Any]) -> dict[str, Any]:
        """Store a new object; returns it with its revision."""
        if self.get(resource, key) is not None:
            raise Exists(key)
        return self._write(ADDED, resource, key, value, None)

    def update(self, resource: str, key: str, value: dict[str, Any], *, expected: str | None) -> dict[str, Any]:
        """Replace an object that is still at revision `expected`."""
        return self._write(MODIFIED, resource, key, value, self._current(resource, key, expected))

    def delete(
        self, resource: str, key: str, *, expected: str | None, last: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Remove an object; `last` replaces what its watchers see as the final state."""
        current = self._current(resource, key, expected)
        return self._write(DELETED, resource, key, last if last is not None else current, current)

    def _current(self, resource: str, key: str, expected: str | None) -> dict[str, Any]:
        current = self.get(resource, key)
        if current is None:
            raise Missing(key)
        if expected is not None and current["metadata"]["resourceVersion"] != expected:
            raise Conflict(key)
        return current

    def _write(
        self, kind: str, resource: str, key: str, value: dict[str, Any], previous: dict[str, Any] | None
    ) -> dict[str, Any]:
        revision = self._revision + 1
        value = {**value, "metadata": {**value["metadata"], "resourceVersion": str(revision)}}
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        before = None if previous is None else json.dumps(previous, separators=(",", ":"), ensure_ascii=False)
        with transaction(self._db):
            self._db.execute(
                "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)",
                (revision, resource, key, kind, text, before, time.time()),
            )
            if kind == DELETED:
                self._db.execute("DELETE FROM objects WHERE resource = ? AND key = ?", (resource, key))
            else:
                self._db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", (resource, key, revision, text))
        self._revision = revision
        self._unsaved += len(text) + len(before or "")
        self._publish(Change(revision, kind, resource, key, text, before))
        return value

    def _publish(self, change: Change) -> None:
        self._hub.publish(change)
        for listener in self._listeners:
            listener(change)

    # --- watching and history

    def watch(self, resource: str, prefix: str = "", *, since: int) -> Watcher:
        """The changes after `since`, first from the log, then live. Close it with `unwatch`."""
        if since < self._compacted:
            raise Compacted(since, self._compacted)
        rows = self._db.execute(
            "SELECT revision, type, resource, key, value, previous FROM log WHERE resource = ? AND revision > ?"
            " AND key >= ? AND key < ? ORDER BY revision",
            (resource, since, prefix, prefix + "\U0010ffff"),
        )
        watcher = Watcher(resource, prefix, [Change(*row) for row in rows])
        self._hub.add(watcher)
        return watcher

    def unwatch(self, watcher: Watcher) -> None:
        self._hub.remove(watcher)

    def end_watches(self, resource: str | None = None) -> None:
        """Close the watches of one resource, or all of them."""
        if resource is None:
            self._hub.close()
        else:
            self._hub.close_resource(resource)

    def compact(self, *, keep_seconds: float = HISTORY_SECONDS, keep_rows: int = HISTORY_ROWS) -> int:
        """Forget history older than both bounds allow; returns the revision up to which it is gone."""
        for _ in self.compaction(keep_seconds=keep_seconds, keep_rows=keep_rows):
            pass
        return self._compacted

    def compaction(self, *, keep_seconds: float = HISTORY_SECONDS, keep_rows: int = HISTORY_ROWS) -> Iterator[int]:
        """The same in steps of a few milliseconds, between which others may read and write."""
        upto = max(self._written_before(time.time() - keep_seconds), self._revision - keep_rows)
        while self._compacted < upto:
            step = min(upto, self._compacted + COMPACTED_AT_ONCE)
            with transaction(self._db):
                self._db.execute("DELETE FROM log WHERE revision <= ?", (step,))
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('compacted', ?)", (step,))
            self._unsaved += CHECKPOINT_BYTES // STEPS_A_CHECKPOINT
            self._compacted = step
            yield step

    def _written_before(self, moment: float) -> int:
        """The last revision until then: halving, for to look at every row is to read the whole file."""
        low, high = self._compacted, self._revision
        while low < high:
            middle = (low + high + 1) // 2
            with in_our_words():
                row = self._db.execute("SELECT at FROM log WHERE revision = ?", (middle,)).fetchone()
            if row is None or row[0] <= moment:
                low = middle
            else:
                high = middle - 1
        return low

    def checkpoint(self) -> None:
        """Bring a write-ahead log that has grown into the file; for a thread of its own: it waits for the disk."""
        if self._unsaved >= CHECKPOINT_BYTES:
            self._unsaved = 0
            checkpoint(self._path)
