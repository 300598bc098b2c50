"""Deleting the embedded cluster's folder: what a reset leaves alone, what it leaves behind. No daemon runs here."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from mcp_cli.commands.local.reset import command as reset_command
from mcp_cli.local import client_side
from mcp_cli.local.lock import DaemonLock, is_held, read_pid
from mcp_cli.local.paths import STATE_DIR_VARIABLE, ClusterPaths

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


def interrupted(paths: ClusterPaths, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What Ctrl-C in the middle of a reset leaves."""

    def interrupt(folder: Path, *rest: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "rmtree", interrupt)
        client_side.reset(paths)
    (left,) = (file for file in paths.root.parent.iterdir() if (file / "token").exists())
    return left


def test_the_next_reset_finishes_one_that_was_interrupted(
    paths: ClusterPaths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(paths, monkeypatch)
    monkeypatch.setenv(STATE_DIR_VARIABLE, str(paths.root))
    for said in ("The embedded cluster is deleted.\n", "There is no embedded cluster.\n"):
        reset_command.main([], standalone_mode=False)
        assert capsys.readouterr().err == said
        assert list(paths.root.parent.iterdir()) == []


def test_a_reset_of_a_new_cluster_deletes_the_rest_of_the_old_one_and_nothing_else(
    paths: ClusterPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = interrupted(paths, monkeypatch)
    left.rename(left.with_name("state.deleted-1"))
    kept = [paths.root.with_name(name) for name in ("other.deleted-1", "state.deleted-by-me", "state.deleted-2")]
    for folder in kept[:2]:
        folder.mkdir()
    kept[2].symlink_to(kept[0])
    paths.root.mkdir()
    paths.lock_file.touch()
    assert client_side.reset(paths)
    assert sorted(paths.root.parent.iterdir()) == sorted(kept)


def test_a_folder_behind_a_link_is_deleted_and_the_link_stays_good(paths: ClusterPaths) -> None:
    disk = paths.root.rename(paths.root.with_name("disk"))
    paths.root.symlink_to(disk)
    assert client_side.reset(paths)
    assert sorted(paths.root.parent.iterdir()) == [disk, paths.root]
    assert list(paths.root.iterdir()) == []
    # As the next start does it.
    paths.root.mkdir(parents=True, exist_ok=True)
