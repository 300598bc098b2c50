"""The file of the index, while several processes make it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from mcp_operator.catalog import database

pytestmark = pytest.mark.fast


def test_a_first_use_waits_for_another_that_is_making_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal's mode cannot be changed meanwhile, and SQLite refuses that without waiting."""
    path = tmp_path / "catalogue.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE t (x)")
    other.execute("BEGIN IMMEDIATE")
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            other.execute("COMMIT")

    monkeypatch.setattr(database.time, "sleep", pause)
    connection, problem = database.open_at(str(path))
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert (len(pauses), problem) == (3, "")
