"""The on-disk index: every entry of every source in one SQLite file with full-text search (FTS5).

Role: `search`, `select` and `get` answer from here and never touch a network; they read rows (`cards`), and the
document of an entry only when it is asked for by name. Not its job: writing entries (`staging`). Light: it is on the
path of every search. Callers: `catalogue.py`, `staging.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from mcp_operator.catalog import database
from mcp_operator.catalog.cards import LISTED, Card, card, name_words, unpacked, words_of
from mcp_operator.catalog.errors import CatalogError

if TYPE_CHECKING:
    from pathlib import Path

_LISTED = ", ".join(f"entries.{field}" for field in LISTED)
_RANK = "bm25(words, 10.0, 5.0, 1.0, 2.0)"
# A word that thousands of entries hold says little: so many of them are ranked, and names that are the word come first.
_RANKED = 2000
_GUESSES = 5


class SourceState(NamedTuple):
    """What the index knows of a source: what its entries came from, when, and what went wrong last."""

    stamp: str
    state: str
    refreshed: float
    generation: int
    failure: str


class Found(NamedTuple):
    """One version of an entry as it is stored: enough to choose by, and to read the document with."""

    id: int
    source: str
    name: str
    version: str
    status: str
    latest: int
    published: str
    layout: str
    shown: int


class Index:
    """An open index. Raises CatalogError where the file cannot be used; close it after use.

    `not_kept` says why what is written to it is not kept; empty where it is.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._connection, self.not_kept = database.open_at(self.path)

    def close(self) -> None:
        self._connection.close()

    def state(self, source: str) -> SourceState | None:
        """None for a source that was never refreshed."""
        query = "SELECT stamp, state, refreshed, generation, failure FROM sources WHERE name = ?"
        found = self._connection.execute(query, (source,)).fetchone()
        return SourceState(*found) if found else None

    def states(self) -> dict[str, SourceState]:
        query = "SELECT name, stamp, '', refreshed, generation, failure FROM sources ORDER BY name"
        return {row[0]: SourceState(*row[1:]) for row in self._connection.execute(query)}

    def counts(self) -> dict[str, int]:
        """How many servers each source has."""
        query = "SELECT source, count(*) FROM entries WHERE shown GROUP BY source"
        return dict(self._connection.execute(query).fetchall())

    def names(self, prefix: str, limit: int) -> list[str]:
        """Names that begin with `prefix`, whatever the case of its letters."""
        query = (
            "SELECT DISTINCT name FROM entries WHERE name >= ? COLLATE NOCASE AND name < ? COLLATE NOCASE AND shown "
            "ORDER BY name COLLATE NOCASE LIMIT ?"
        )
        return [row[0] for row in self._connection.execute(query, (prefix, prefix + "\U0010ffff", limit))]

    def words(self, column: str) -> list[str]:
        """What stands in a column that holds several words."""
        found = self._connection.execute(f"SELECT DISTINCT {column} FROM entries WHERE shown AND {column} <> ''")
        return sorted({word for row in found for word in unpacked(row[0])})

    def select(self, where: dict[str, str], order: str, limit: int) -> Iterator[Card]:
        """The entries whose columns have these values, in the order of a column and then of their names."""
        tests, values = ["shown"], []
        for column, value in where.items():
            several = column in ("categories", "tags")
            tests.append(f"instr(lower({column}), ?)" if several else f"{column} = ?")
            values.append(f"\n{value.lower()}\n" if several else value)
        ordered = "published DESC" if order == "published" else order
        query = f"SELECT {_LISTED} FROM entries WHERE {' AND '.join(tests)} ORDER BY {ordered}, name, source LIMIT ?"
        return map(card, self._connection.execute(query, (*values, limit or -1)))

    def versions(self, name: str) -> list[Found]:
        """Every version of every entry of that name, whatever its source."""
        columns = "id, source, name, version, status, latest, published, layout, shown"
        query = f"SELECT {columns} FROM entries WHERE name = ? COLLATE NOCASE ORDER BY source, id"
        return [Found(*row) for row in self._connection.execute(query, (name,))]

    def document(self, found: Found) -> str:
        """The source's own document of an entry."""
        import zlib

        row = self._connection.execute("SELECT raw FROM documents WHERE id = ?", (found.id,)).fetchone()
        if row is None:
            raise CatalogError(f"the index has lost {found.name} just now", "run the command again")
        return zlib.decompress(row[0]).decode()

    def search(self, text: str, limit: int) -> list[Card]:
        """Entries that hold every word of `text` (a word may be the beginning of one), best first."""
        expression = _expression(name_words(text.strip()))
        if not expression:
            return []
        ids = dict.fromkeys([*self._called(text), *self._ranked(expression, limit)])
        return self._cards(list(ids)[:limit])

    def similar(self, text: str, limit: int) -> list[str]:
        """Names that `text` may have meant: its words are replaced by known ones that look like them."""
        words = words_of(name_words(text))
        guesses = [self._guesses(word) for word in words]
        if not words or not all(guesses):
            return []
        found: dict[str, None] = {}
        for rank in range(max(map(len, guesses))):
            guess = " ".join(options[min(rank, len(options) - 1)] for options in guesses)
            found.update(dict.fromkeys(item["name"] for item in self.search(guess, limit)))
            if len(found) >= limit:
                break
        return list(found)[:limit]

    def _called(self, text: str) -> list[int]:
        """Entries whose whole name, or its last part, is the text."""
        plain = text.strip().lower()
        query = (
            "SELECT id FROM entries WHERE shown AND (name = :whole COLLATE NOCASE OR leaf IN (:whole, :leaf)) "
            "ORDER BY name <> :whole COLLATE NOCASE, leaf <> :whole, status <> 'active', name LIMIT 200"
        )
        return [row[0] for row in self._connection.execute(query, {"whole": plain, "leaf": "-".join(plain.split())})]

    def _ranked(self, expression: str, limit: int) -> list[int]:
        inner = f"SELECT rowid AS id, {_RANK} AS rank FROM words WHERE words MATCH ? LIMIT {_RANKED}"
        query = (
            f"SELECT entries.id FROM (SELECT * FROM ({inner}) ORDER BY rank LIMIT ?) AS best "
            "JOIN entries ON entries.id = best.id ORDER BY status <> 'active', best.rank, length(name), name"
        )
        return [row[0] for row in self._connection.execute(query, (expression, limit + 50))]

    def _cards(self, ids: list[int]) -> list[Card]:
        marks = ", ".join("?" * len(ids))
        query = f"SELECT id, {_LISTED} FROM entries WHERE id IN ({marks})"
        found = {row[0]: card(row[1:]) for row in self._connection.execute(query, ids)}
        return [found[id] for id in ids if id in found]

    def _guesses(self, word: str) -> list[str]:
        """The word itself where it is known, else the known words that look most like it."""
        from mcp_operator.catalog import spelling

        if self._ranked(_expression(word), 1) or len(word) < spelling.SHORTEST:
            return [word]
        shapes = list(spelling.shapes(word))
        marks = ", ".join("?" * len(shapes))
        query = f"SELECT DISTINCT word FROM vocabulary WHERE id IN (SELECT word FROM shapes WHERE shape IN ({marks}))"
        known = [row[0] for row in self._connection.execute(query, shapes)]
        return spelling.nearest(word, known, _GUESSES)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing, whatever happens to the process."""
        try:
            self._connection.execute(
                "PRAGMA synchronous = NORMAL"
            )  # with a WAL nothing breaks, at most a refresh is lost
            database.begin(self._connection, self.path)
            yield self._connection
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            hint = "is the disk full? what was there before goes on answering"
            raise CatalogError(f"cannot write the catalogue's index {self.path}: {error}", hint) from error
        except BaseException:
            self._roll_back()
            raise

    def must_be_kept(self) -> None:
        """Raises CatalogError where writing would be in vain."""
        if self.not_kept:
            raise CatalogError(
                f"cannot write the catalogue's index {self.path}: {self.not_kept}",
                "make its folder writable, or name another one in XDG_CACHE_HOME",
            )

    @property
    def connection(self) -> sqlite3.Connection:
        """For what writes beside a transaction of its own: temporary tables."""
        return self._connection

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def words_row(id: int, name: str, title: str, description: str, tags: str, categories: str) -> tuple[Any, ...]:
    """What full-text search knows of an entry; forgetting it needs the very same values."""
    return id, name_words(name), title, description, f"{tags} {categories}"


def _expression(text: str) -> str:
    """Each word of `text` as a quoted FTS5 prefix, so that no character of it is an operator."""
    return " ".join(f'"{word}"*' for word in words_of(text))
