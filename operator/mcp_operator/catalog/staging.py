"""A refresh of one source on its way into the index: staged beside it, then merged in one transaction.

Role: entries stream into a temporary table of this connection, so that a slow network holds no lock and a killed
process leaves nothing behind; `commit` changes only what differs. Where another process has refreshed the source
meanwhile its result stays. Callers: `catalogue.py`.
"""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcp_operator.catalog import spelling
from mcp_operator.catalog.cards import FIELDS, leaf, row_of, words_of
from mcp_operator.catalog.index import Index, words_row
from mcp_operator.catalog.model import ServerEntry

_STATUSES = {"active": 2, "deprecated": 1}
_STAGED = f"""
CREATE TEMP TABLE staged ({", ".join(f"{field} NOT NULL" for field in FIELDS)}, raw BLOB, PRIMARY KEY (name, version))
"""
_MARKS = ", ".join("?" * len(FIELDS))
_GONE = """
SELECT id, name, shown FROM entries WHERE source = ? AND NOT EXISTS (
  SELECT 1 FROM temp.staged WHERE staged.name = entries.name AND staged.version = entries.version)
"""


@dataclass(slots=True)
class Changes:
    """What a refresh changed, in versions of entries."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0


class Staging:
    """The entries of one refresh. `anew` rewrites them all, whatever they were."""

    def __init__(self, index: Index, source: str, *, anew: bool) -> None:
        self._index = index
        self._source = source
        self._anew = anew
        self._connection = index.connection
        before = index.state(source)
        self._generation = before.generation if before else 0
        self._connection.execute("DROP TABLE IF EXISTS temp.staged")
        self._connection.execute(_STAGED)
        self.count = 0

    def add(self, entry: ServerEntry) -> bool:
        """Whether it is the first of its name and version; only what differs from the index is kept whole."""
        same = not self._anew and self._digest(entry) == entry.digest
        raw = None if same else zlib.compress(entry.raw.encode("utf-8", "replace"), 1)
        return self._stage((*row_of(entry), raw))

    def _digest(self, entry: ServerEntry) -> str | None:
        """The digest of what the index holds under the entry's name and version."""
        query = "SELECT digest FROM entries WHERE source = ? AND name = ? AND version = ?"
        known = self._connection.execute(query, (entry.source, entry.name, entry.version)).fetchone()
        return known[0] if known else None

    def keep(self, name: str, version: str) -> None:
        """An entry of the index that has not changed, without reading it again."""
        self._stage((self._source, name, version, *[""] * (len(FIELDS) - 3), None))

    def commit(self, stamp: str, state: str, *, whole: bool) -> Changes | None:
        """Merge; `whole` says that what was not staged is gone. None where another refresh came first."""
        changes = Changes()
        with self._index.writing() as connection:
            before = self._index.state(self._source)
            if (before.generation if before else 0) != self._generation:
                return None
            merge = _Merge(connection, self._source)
            if whole:
                changes.removed = merge.remove(connection.execute(_GONE, (self._source,)).fetchall())
            changes.added, changes.changed = merge.write()
            merge.choose()
            changes.unchanged = self.count - changes.added - changes.changed
            row = (self._source, stamp, state, time.time(), self._generation + 1, "")
            connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?)", row)
        return changes

    def _stage(self, row: tuple[Any, ...]) -> bool:
        added = self._connection.execute(f"INSERT OR IGNORE INTO temp.staged VALUES ({_MARKS}, ?)", row).rowcount == 1
        self.count += added
        return added


def forget(index: Index, source: str) -> None:
    """Remove a source with all its entries."""
    with index.writing() as connection:
        rows = connection.execute("SELECT id, name, shown FROM entries WHERE source = ?", (source,)).fetchall()
        _Merge(connection, source).remove(rows)
        connection.execute("DELETE FROM sources WHERE name = ?", (source,))


def note_failure(index: Index, source: str, failure: str) -> None:
    """Remember why a source could not be read, for the warning that its entries are old."""
    with index.writing() as connection:
        connection.execute("UPDATE sources SET failure = ? WHERE name = ?", (failure, source))


def note_unchanged(index: Index, source: str) -> None:
    """The source was asked and has nothing new."""
    with index.writing() as connection:
        connection.execute("UPDATE sources SET refreshed = ?, failure = '' WHERE name = ?", (time.time(), source))


class _Merge:
    """The writes of one transaction; names whose versions changed are collected for `choose`."""

    def __init__(self, connection: sqlite3.Connection, source: str) -> None:
        self._connection = connection
        self._source = source
        self._touched: set[str] = set()
        self._learnt: set[str] = set()

    def remove(self, rows: Iterable[tuple[int, str, int]]) -> int:
        count = 0
        for id, name, shown in rows:
            self._touched.add(name)
            if shown:
                self._unword(id)
            self._connection.execute("DELETE FROM documents WHERE id = ?", (id,))
            self._connection.execute("DELETE FROM entries WHERE id = ?", (id,))
            count += 1
        return count

    def write(self) -> tuple[int, int]:
        added = changed = 0
        fields = ", ".join(FIELDS)
        staged = self._connection.execute(f"SELECT {fields}, raw FROM temp.staged WHERE raw IS NOT NULL")
        for *row, raw in staged:
            name, version = row[1], row[2]
            self._touched.add(name)
            known = self._connection.execute(
                "SELECT id, shown, digest FROM entries WHERE source = ? AND name = ? AND version = ?",
                (self._source, name, version),
            ).fetchone()
            if known:
                self._update(known[0], known[1], row, raw)
                changed += known[2] != row[FIELDS.index("digest")]
            else:
                self._insert(row, raw)
                added += 1
        return added, changed

    def choose(self) -> None:
        """Of the versions of each touched name show one: the latest that is not deleted."""
        columns = "id, version, status, latest, published, shown, name, title, description, tags, categories"
        query = f"SELECT {columns} FROM entries WHERE source = ? AND name = ? COLLATE NOCASE"
        for name in self._touched:
            rows = self._connection.execute(query, (self._source, name)).fetchall()
            usable = [row for row in rows if row[2] in _STATUSES]
            best = max(usable, key=_preference)[0] if usable else None
            for id, _, _, _, _, shown, *texts in rows:
                if shown and id != best:
                    self._unword(id)
                    self._connection.execute("UPDATE entries SET shown = 0 WHERE id = ?", (id,))
                elif not shown and id == best:
                    self._word(words_row(id, *texts))
                    self._connection.execute("UPDATE entries SET shown = 1 WHERE id = ?", (id,))

    def _update(self, id: int, shown: int, row: list[Any], raw: bytes) -> None:
        if shown:
            self._unword(id)
        values = ", ".join(f"{field} = ?" for field in FIELDS)
        self._connection.execute(f"UPDATE entries SET {values}, shown = 0 WHERE id = ?", (*row, id))
        self._connection.execute("UPDATE documents SET raw = ? WHERE id = ?", (raw, id))

    def _insert(self, row: list[Any], raw: bytes) -> None:
        fields = ", ".join(FIELDS)
        query = f"INSERT INTO entries ({fields}, leaf) VALUES ({_MARKS}, ?)"
        id = self._connection.execute(query, (*row, leaf(row[1]))).lastrowid
        self._connection.execute("INSERT INTO documents VALUES (?, ?)", (id, raw))

    def _word(self, words: tuple[Any, ...]) -> None:
        query = "INSERT INTO words (rowid, name, title, description, tags) VALUES (?, ?, ?, ?, ?)"
        self._connection.execute(query, words)
        for word in set(words_of(f"{words[1]} {words[2]} {words[4]}")) - self._learnt:
            self._learn(word)

    def _unword(self, id: int) -> None:
        known = "SELECT name, title, description, tags, categories FROM entries WHERE id = ?"
        words = words_row(id, *self._connection.execute(known, (id,)).fetchone())
        query = "INSERT INTO words (words, rowid, name, title, description, tags) VALUES ('delete', ?, ?, ?, ?, ?)"
        self._connection.execute(query, words)

    def _learn(self, word: str) -> None:
        """Make a word known to the guesses; words are never unlearned, for a guess is checked by a search."""
        self._learnt.add(word)
        shapes = spelling.shapes(word)
        if not shapes:
            return
        added = self._connection.execute("INSERT OR IGNORE INTO vocabulary (word) VALUES (?)", (word,))
        if added.rowcount == 1:
            rows = [(shape, added.lastrowid) for shape in shapes]
            self._connection.executemany("INSERT OR IGNORE INTO shapes VALUES (?, ?)", rows)


def _preference(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """What makes one version better than another: its status, then what the registry says, its date, its number."""
    _, version, status, latest, published = row[:5]
    return _STATUSES[status], latest, published, version_key(version)


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Versions in their order: numbers as numbers, and a release after its pre-releases."""
    parts = version.lower().removeprefix("v").partition("+")[0].replace("-", ".~").split(".")
    return (*map(_part_key, parts), (1, 0, ""))


def _part_key(part: str) -> tuple[int, int, str]:
    if part.isdecimal() and len(part) < 19:
        return 2, int(part), ""
    return int(part[:1] != "~"), 0, part
