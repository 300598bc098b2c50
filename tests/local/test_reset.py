"""Deleting the embedded cluster's folder: what a reset leaves alone, what it leaves behind. No daemon runs here."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from mcp_cli.local import client_side
from mcp_cli.local.lock import DaemonLock, is_held, read_pid
from mcp_cli.local.paths import ClusterPaths

pytestmark = pytest.mark.fast


@pytest.fixture
def paths(tmp_path: Path) -> ClusterPaths:
    """A cluster that was stopped."""
    paths = ClusterPaths(tmp_path / "state")
    paths.root.mkdir()
    paths.lock_file.touch()
    paths.token.write_text("secret")
    return paths


def test_a_cluster_that_starts_while_the_old_one_is_deleted_stays_within_reach(
    paths: ClusterPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, remove = DaemonLock(paths), shutil.rmtree

    def start_and_remove(folder: Path, *rest: Any, **options: Any) -> None:
        paths.root.mkdir()
        started.acquire()
        paths.ready_file.touch()
        remove(folder, *rest, **options)

    monkeypatch.setattr(shutil, "rmtree", start_and_remove)
    assert client_side.reset(paths)
    assert is_held(paths)
    assert read_pid(paths.pid_file)
    assert paths.ready_file.exists()
    started.release()
    assert not paths.pid_file.exists()
    assert not paths.ready_file.exists()
