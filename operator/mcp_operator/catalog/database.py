"""The file of the index: its tables, how it is opened, and how long one process waits for another.

Role: a file of another layout is built anew from its sources, which are the truth; a folder that cannot be written
still answers. Light: it is on the path of every search. Called by `index.py`.
"""

from __future__ import annotations

import os
import sqlite3
import time

from mcp_operator.catalog.cards import FIELDS
from mcp_operator.catalog.errors import CatalogError

LAYOUT = 6
_TABLES = f"""
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, {", ".join(f"{field} NOT NULL" for field in FIELDS)},
  leaf TEXT NOT NULL, shown INTEGER NOT NULL DEFAULT 0, UNIQUE (source, name, version));
CREATE INDEX entries_by_name ON entries (name COLLATE NOCASE);
CREATE INDEX entries_by_leaf ON entries (leaf);
CREATE TABLE documents (id INTEGER PRIMARY KEY, raw BLOB NOT NULL);
CREATE VIRTUAL TABLE words USING fts5 (
  name, title, description, tags, content = '', prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2');
CREATE TABLE vocabulary (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE TABLE shapes (shape INTEGER NOT NULL, word INTEGER NOT NULL, PRIMARY KEY (shape, word)) WITHOUT ROWID;
CREATE TABLE sources (
  name TEXT PRIMARY KEY, stamp TEXT NOT NULL, state TEXT NOT NULL, refreshed REAL NOT NULL,
  generation INTEGER NOT NULL, failure TEXT NOT NULL);
"""
# Waits of SQLite hear no Ctrl-C, so each is short; a refresh of another process may write for a minute.
_BUSY_SECONDS = 0.5
_PATIENCE_SECONDS = 300.0
_PAUSE_SECONDS = 0.05
# Codes of SQLite: https://www.sqlite.org/rescode.html
_BUSY, _READ_ONLY, _IO, _FULL, _CANNOT_OPEN = 5, 8, 10, 13, 14
_NOT_WRITABLE = (_READ_ONLY, _IO, _FULL, _CANNOT_OPEN)


def open_at(path: str) -> tuple[sqlite3.Connection, str]:
    """A connection, and why what it writes is not kept; empty where it is. Raises CatalogError."""
    try:
        connection = _connect(path)
        _prepare(connection, path)
    except (sqlite3.Error, OSError) as error:
        if getattr(error, "sqlite_errorcode", _CANNOT_OPEN) & 0xFF not in _NOT_WRITABLE:
            raise unusable(path, error) from error
        return _as_it_is(path) or _in_memory(path), _why(path, error)
    return connection, ""


def unusable(path: str, error: Exception) -> CatalogError:
    """The words for a file that SQLite cannot use."""
    hint = f"if the file is damaged, remove it and read the sources again: rm {path}* && mcp registry refresh"
    return CatalogError(f"cannot use the catalogue's index {path}: {error}", hint)


def begin(connection: sqlite3.Connection, path: str) -> None:
    """Begin to write, once no other process does. Raises sqlite3.Error, and CatalogError where that takes too long."""
    _patiently(connection, "BEGIN IMMEDIATE", path)


def _patiently(connection: sqlite3.Connection, statement: str, path: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != _BUSY:
                raise
        # A change of the journal's mode is refused at once, without the time-out of the connection.
        time.sleep(_PAUSE_SECONDS)
    hint = "wait until the other `mcp registry refresh` has ended, and run the command again"
    raise CatalogError(f"another process has been writing the catalogue's index {path} for minutes", hint)


def _connect(path: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path, isolation_level=None, timeout=_BUSY_SECONDS)
    except sqlite3.OperationalError:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  (pathlib costs start-up)
        return sqlite3.connect(path, isolation_level=None, timeout=_BUSY_SECONDS)


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    if _layout(connection) == LAYOUT:
        return
    _patiently(connection, "PRAGMA journal_mode = WAL", path)
    begin(connection, path)
    if _layout(connection) != LAYOUT:
        for table in ("entries", "documents", "words", "vocabulary", "shapes", "sources"):
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        for statement in _TABLES.strip().split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {LAYOUT}")
    connection.execute("COMMIT")


def _layout(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _as_it_is(path: str) -> sqlite3.Connection | None:
    """The index in a folder that only can be read; None where there is none that can be used."""
    from urllib.parse import quote

    try:
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro&immutable=1", uri=True, isolation_level=None)
        return connection if _layout(connection) == LAYOUT else None
    except sqlite3.Error:
        return None


def _in_memory(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _prepare(connection, path)
    return connection


def _why(path: str, error: Exception) -> str:
    """What the system says of the folder, for SQLite only says that it could not."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    folder = os.path.dirname(path)  # noqa: PTH120  (pathlib costs start-up)
    return "its folder can only be read" if not os.access(folder, os.W_OK) else str(error)
