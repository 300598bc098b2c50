"""The on-disk index: every entry of every source in one SQLite file with full-text search (FTS5).

Role: `search`, `entries` and `get` answer from here and never touch a network. A source's entries are replaced in one
transaction, so a refresh that is killed leaves the old ones. Callers: `catalogue.py`.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mcp_operator.catalog.errors import CatalogError
from mcp_operator.catalog.model import ServerEntry

# A file of another layout is built anew from its sources, which are the truth.
_LAYOUT = 2
_TABLES = """
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
  document TEXT NOT NULL, raw TEXT NOT NULL, UNIQUE (source, name, version));
CREATE INDEX entries_by_name ON entries (name);
CREATE VIRTUAL TABLE words USING fts5 (name, title, description, tags, tokenize = 'unicode61 remove_diacritics 2');
CREATE TABLE sources (name TEXT PRIMARY KEY, stamp TEXT NOT NULL, refreshed REAL NOT NULL);
"""
_RANK = "bm25(words, 10.0, 5.0, 1.0, 2.0)"


class Index:
    """An open index. Raises CatalogError where the file cannot be used; close it after use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = self._open()

    def close(self) -> None:
        self._connection.close()

    def replace(self, source: str, entries: Iterable[ServerEntry], stamp: str) -> int:
        """Make `entries` all that the index holds of `source`, and say how many; `stamp` is what they came from."""
        with self._writing() as connection:
            self._forget(connection, source)
            count = sum(self._add(connection, entry) for entry in entries)
            row = (source, stamp, time.time())
            connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?, ?)", row)
        return count

    def remove(self, source: str) -> None:
        with self._writing() as connection:
            self._forget(connection, source)

    def stamp(self, source: str) -> tuple[str, float] | None:
        """`(stamp, seconds since the epoch of the refresh)` of a source, None when it was never refreshed."""
        found = self._connection.execute("SELECT stamp, refreshed FROM sources WHERE name = ?", (source,)).fetchone()
        return (found[0], found[1]) if found else None

    def counts(self) -> dict[str, int]:
        """How many entries each source has."""
        return dict(self._connection.execute("SELECT source, count(*) FROM entries GROUP BY source").fetchall())

    def names(self) -> list[str]:
        return [row[0] for row in self._connection.execute("SELECT DISTINCT name FROM entries")]

    def entries(self, source: str | None = None) -> list[ServerEntry]:
        """All entries, or those of one source, by name."""
        clause, values = ("WHERE source = ?", (source,)) if source else ("", ())
        query = f"SELECT document, raw FROM entries {clause} ORDER BY name, source"
        return [_entry(*row) for row in self._connection.execute(query, values)]

    def get(self, name: str) -> list[ServerEntry]:
        """Every entry of that name, whatever its source."""
        query = "SELECT document, raw FROM entries WHERE name = ? COLLATE NOCASE ORDER BY source"
        return [_entry(*row) for row in self._connection.execute(query, (name,))]

    def search(self, text: str, limit: int) -> list[ServerEntry]:
        """Entries that hold every word of `text` (a word may be the beginning of one), best first."""
        expression = _expression(text)
        if not expression:
            return []
        query = (
            "SELECT document, raw FROM words JOIN entries ON entries.id = words.rowid "
            f"WHERE words MATCH ? ORDER BY lower(entries.name) <> ?, {_RANK}, entries.name LIMIT ?"
        )
        values = (expression, text.strip().lower(), limit)
        return [_entry(*row) for row in self._connection.execute(query, values)]

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=30)
            self._prepare(connection)
        except (sqlite3.DatabaseError, OSError) as error:
            hint = f"if the file is damaged, remove it: rm {self.path}"
            raise CatalogError(f"cannot use the catalogue's index {self.path}: {error}", hint) from error
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if connection.execute("PRAGMA user_version").fetchone()[0] == _LAYOUT:
            return
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA user_version").fetchone()[0] != _LAYOUT:
            for table in ("entries", "words", "sources"):
                connection.execute(f"DROP TABLE IF EXISTS {table}")
            for statement in _TABLES.strip().split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_LAYOUT}")
        connection.execute("COMMIT")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise CatalogError(
                f"cannot write the catalogue's index {self.path}: {error}", "is the disk full?"
            ) from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    @staticmethod
    def _forget(connection: sqlite3.Connection, source: str) -> None:
        connection.execute("DELETE FROM words WHERE rowid IN (SELECT id FROM entries WHERE source = ?)", (source,))
        connection.execute("DELETE FROM entries WHERE source = ?", (source,))
        connection.execute("DELETE FROM sources WHERE name = ?", (source,))

    @staticmethod
    def _add(connection: sqlite3.Connection, entry: ServerEntry) -> int:
        row = (entry.source, entry.name, entry.version, json.dumps(entry.to_json()), entry.raw)
        fields = "source, name, version, document, raw"
        added = connection.execute(f"INSERT OR IGNORE INTO entries ({fields}) VALUES (?, ?, ?, ?, ?)", row)
        if added.rowcount != 1:
            return 0
        tags = " ".join((*entry.tags, *entry.categories))
        words = (added.lastrowid, entry.name, entry.title, entry.description, tags)
        connection.execute("INSERT INTO words (rowid, name, title, description, tags) VALUES (?, ?, ?, ?, ?)", words)
        return 1


def _entry(document: str, raw: str) -> ServerEntry:
    return ServerEntry.from_json(json.loads(document), raw)


def _expression(text: str) -> str:
    """Each word of `text` as a quoted FTS5 prefix, so that no character of it is an operator."""
    return " ".join(f'"{word}"*' for word in re.findall(r"\w+", text))
