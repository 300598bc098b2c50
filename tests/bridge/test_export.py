"""`mcp-bridge export`: the copy runs where there is neither Python nor a C library."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = ["--library-path", "lib", "./python", "-I", "-m", "mcp_operator.bridge.main"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "bridge"
    command = [sys.executable, "-m", "mcp_operator.bridge.main", "export", "--into", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_copy_runs_without_an_environment(copy: Path) -> None:
    done = subprocess.run(["./ld.so", *COMMAND, "--version"], cwd=copy, env={}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mcp-bridge ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change the root folder")
def test_copy_needs_nothing_of_the_image(copy: Path) -> None:
    done = subprocess.run(
        [shutil.which("chroot") or "chroot", str(copy), "/ld.so", *COMMAND, "--help"],
        env={},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--allowed-host" in done.stdout


def test_a_second_export_replaces_the_first(copy: Path) -> None:
    (copy / "lib" / f"python3.{sys.version_info.minor}" / "mcp_operator" / "version.py").write_text("broken(")
    command = [sys.executable, "-m", "mcp_operator.bridge.main", "export", "--into", str(copy)]
    assert subprocess.run(command, capture_output=True).returncode == 0
    test_copy_runs_without_an_environment(copy)


def test_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "mcp_operator.bridge.main", "export", "--into", str(tmp_path / "file" / "x")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "cannot copy" in done.stderr
