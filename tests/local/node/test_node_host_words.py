"""Words of a command below a mount: whose file is meant, the machine's or the mount's."""

from __future__ import annotations

from pathlib import Path

import pytest
from mcp_operator.api.names import HOST_IMAGE_REPOSITORY, RUNNER_IMAGE_REPOSITORY

from mcp_cli.local.node.launch import host_word
from mcp_cli.local.node.rewrite import PathMap

pytestmark = pytest.mark.fast


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A folder that a mount covers, with a program in it, and the mount's own folder."""
    covered, mounted = tmp_path / "covered", tmp_path / "mounted"
    for folder in (covered, mounted):
        folder.mkdir()
    (covered / "program").write_text("")
    return covered, mounted


def test_a_program_of_the_machine_below_a_mount_is_itself(folders: tuple[Path, Path]) -> None:
    covered, mounted = folders
    paths = PathMap({str(covered): str(mounted)})
    word = str(covered / "program")
    assert host_word(word, paths, HOST_IMAGE_REPOSITORY) == word
    assert host_word(word, paths, f"{RUNNER_IMAGE_REPOSITORY}:1") == str(mounted / "program")


def test_what_the_mount_brings_wins(folders: tuple[Path, Path]) -> None:
    covered, mounted = folders
    (mounted / "program").write_text("")
    paths = PathMap({str(covered): str(mounted)})
    assert host_word(str(covered / "program"), paths, HOST_IMAGE_REPOSITORY) == str(mounted / "program")


def test_what_is_not_there_yet_and_the_mount_itself_belong_to_the_pod(folders: tuple[Path, Path]) -> None:
    covered, mounted = folders
    paths = PathMap({str(covered): str(mounted)})
    assert host_word(str(covered / "new"), paths, HOST_IMAGE_REPOSITORY) == str(mounted / "new")
    assert host_word(str(covered), paths, HOST_IMAGE_REPOSITORY) == str(mounted)
