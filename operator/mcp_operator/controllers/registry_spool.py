"""The entries of one sync on their way into ConfigMaps: on disk where they are many, sorted, each name once.

Role: takes entries in any order, keeps what the last set had where the reader says so, and gives shards of bounded
size. Its SQLite database has no name: it is gone with the process. Not its job: reading or writing. Called by the sync,
from a thread.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby

from mcp_operator.catalog import stored
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.catalog.staging import version_key

# Before compression; entries shrink to a fifth or less.
_SHARD_TEXT = 1536 * 1024
_MAX_ENTRY = 256 * 1024
# A server keeps its entry in a ConfigMap of its own, without the source document that makes half of a line.
_MAX_LINE = 1024 * 1024
_MAX_SHARDS = 8192
_TABLES = """
CREATE TABLE fresh (hash INTEGER, name TEXT PRIMARY KEY, version TEXT, latest INTEGER, line BLOB);
CREATE TABLE old (name TEXT PRIMARY KEY, line BLOB);
"""


class Spool:
    """Make it in the thread that fills it; `close` frees the disk."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA cache_size = -8192")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        self._db.close()

    @property
    def count(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM fresh").fetchone()[0])

    def load_old(self, lines: Iterable[bytes]) -> None:
        """Entries of the set that is stored now."""
        rows = ((stored.entry_of(line).name, line) for line in lines)
        self._db.executemany("INSERT OR REPLACE INTO old VALUES (?, ?)", rows)

    def keep(self, name: str) -> None:
        """An entry that is as it was. One that the stored set lacks was filtered out then too."""
        found = self._db.execute("SELECT line FROM old WHERE name = ?", (name,)).fetchone()
        if found:
            self._put(stored.entry_of(found[0]), found[0])

    def keep_rest(self) -> None:
        """Everything of the stored set that was not said to be other."""
        rows = self._db.execute("SELECT line FROM old WHERE name NOT IN (SELECT name FROM fresh)").fetchall()
        for (line,) in rows:
            self._put(stored.entry_of(line), line)

    def forget(self, name: str) -> None:
        """An entry that was deleted from its registry."""
        self._db.execute("DELETE FROM old WHERE name = ?", (name,))
        self._db.execute("DELETE FROM fresh WHERE name = ?", (name,))

    def add(self, entry: ServerEntry) -> str | None:
        """Takes the entry, of several versions the latest; else says why it cannot be taken."""
        line = stored.line_of(entry)
        if len(line) > _MAX_LINE or len(zlib.compress(line, 1)) > _MAX_ENTRY:
            limits = f"{_MAX_LINE // 1024} KiB, or {_MAX_ENTRY // 1024} KiB compressed"
            return f"{entry.name[:200]}: the entry is larger than {limits}"
        known = self._db.execute("SELECT version, latest FROM fresh WHERE name = ?", (entry.name,)).fetchone()
        if known and known[0] == entry.version:
            return f"{entry.name}: the name stands more than once; the first one is taken"
        if known is None or (entry.latest, version_key(entry.version)) > (bool(known[1]), version_key(known[0])):
            self._put(entry, line)
        return None

    def shards(self) -> Iterator[bytes]:
        """Compressed shards in order; each holds the names of an equal part of all hashes, so some may be empty."""
        number = 1
        size = int(self._db.execute("SELECT coalesce(sum(length(line)), 0) FROM fresh").fetchone()[0])
        while number * _SHARD_TEXT < size:
            number *= 2
        while number <= _MAX_SHARDS:
            if all(len(shard) <= stored.MAX_SHARD for shard in self._packed(number)):
                yield from self._packed(number)
                return
            number *= 2
        raise ValueError("the entries do not fit into ConfigMaps")

    def _packed(self, number: int) -> Iterator[bytes]:
        rows = self._db.execute("SELECT hash * ? >> 32 AS shard, line FROM fresh ORDER BY hash, name", (number,))
        expected = 0
        for shard, group in groupby(rows, key=lambda row: int(row[0])):
            yield from (stored.pack(()) for _ in range(expected, shard))
            yield stored.pack(line for _, line in group)
            expected = shard + 1
        yield from (stored.pack(()) for _ in range(expected, number))

    def _put(self, entry: ServerEntry, line: bytes) -> None:
        row = (stored.hash_of(entry.name), entry.name, entry.version, int(entry.latest), line)
        self._db.execute("INSERT OR REPLACE INTO fresh VALUES (?, ?, ?, ?, ?)", row)
