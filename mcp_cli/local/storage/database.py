"""The SQLite file: opening, its tables, and errors in words. Used by the store only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from mcp_cli.local.storage.errors import DatabaseBroken, StorageError, StorageFull

LAYOUT = 1
OURS = "the cluster's database"
# Writers checkpoint only where `checkpoint` does not keep up: it waits for the disk, and they run on the event loop.
LAST_RESORT_PAGES = 16_000

TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (resource, key)
);
CREATE TABLE IF NOT EXISTS log (
    revision INTEGER PRIMARY KEY AUTOINCREMENT, resource TEXT NOT NULL, key TEXT NOT NULL, type TEXT NOT NULL,
    value TEXT NOT NULL, previous TEXT, at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS log_by_resource ON log (resource, revision);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value);
"""


def open_database(path: Path | str) -> sqlite3.Connection:
    """Open (and where needed lay out) the database; a file that is no sound database is an error with a way out."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        _configure(connection)
        _check_layout(connection, path)
    except sqlite3.DatabaseError as error:
        raise _in_words(error, path) from error
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    """Write-ahead log: readers never wait, and a killed process loses no committed write."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -4096")
    connection.execute(f"PRAGMA wal_autocheckpoint = {LAST_RESORT_PAGES}")
    connection.executescript(TABLES)


def _check_layout(connection: sqlite3.Connection, path: Path | str) -> None:
    """Refuse a file of a newer program instead of damaging it."""
    layout = connection.execute("PRAGMA user_version").fetchone()[0]
    if layout > LAYOUT:
        raise DatabaseBroken(f"{path} was written by a newer version of this program (layout {layout}); upgrade it")
    if layout < LAYOUT:
        connection.execute(f"PRAGMA user_version = {LAYOUT}")


def log_size(path: Path | str) -> int:
    """How long the write-ahead log of a database is."""
    log = Path(f"{path}-wal")
    return log.stat().st_size if log.exists() else 0


def checkpoint(path: Path | str) -> None:
    """Move what the write-ahead log of a database holds into its file, on a connection of its own."""
    with in_our_words(path), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


@contextmanager
def in_our_words(path: Path | str = OURS) -> Iterator[None]:
    """SQLite's errors come out as ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _in_words(error, path) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; SQLite's errors come out as ours."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        _roll_back(connection)
        raise _in_words(error, OURS) from error
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _in_words(error: sqlite3.DatabaseError, path: Path | str) -> StorageError:
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return StorageFull(f"{path} cannot be written ({text}); free some disk space, nothing stored before is lost")
    if "not a database" in text or "malformed" in text:
        return DatabaseBroken(
            f"{path} is damaged ({text}); move it away to keep it, or run `mcp local reset` for an empty cluster"
        )
    return StorageError(f"{path}: {text}")
