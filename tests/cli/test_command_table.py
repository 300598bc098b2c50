"""The table of commands: it names what exists, and nothing else."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

import mcp_cli.commands
from mcp_cli import table
from mcp_cli.grouptexts import TEXTS
from tests.cli.running import mcp

pytestmark = pytest.mark.fast

ROWS = [row for row in table.COMMANDS if not row.is_group]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_every_row_has_its_module(row: table.Row) -> None:
    assert find_spec(f"mcp_cli.commands.{row.module}"), f"{row.path}: no module {row.module}"


def test_every_module_has_its_row() -> None:
    folder = Path(mcp_cli.commands.__path__[0])
    files = [p.relative_to(folder).with_suffix("") for p in folder.rglob("*.py") if not p.name.startswith("_")]
    with_command = {
        ".".join(p.parts) for p in files if "\ncommand = " in _text(folder, p) or "def command(" in _text(folder, p)
    }
    assert with_command == {row.module for row in ROWS}


def _text(folder: Path, path: Path) -> str:
    return folder.joinpath(path).with_suffix(".py").read_text()


def test_names_are_unique_and_groups_have_texts() -> None:
    paths = [row.path for row in table.COMMANDS]
    assert len(paths) == len(set(paths))
    assert {row.path for row in table.COMMANDS if row.is_group} == set(TEXTS)
    assert all(row.parent == "" or row.parent in TEXTS for row in table.COMMANDS)


def test_top_commands_have_sections() -> None:
    assert all(row.section in table.SECTIONS for row in table.visible(""))


def test_an_alias_is_the_same_command() -> None:
    assert mcp("list", "--help").stdout.replace("mcp list", "mcp get") == mcp("get", "--help").stdout


@pytest.mark.parametrize(
    "arguments", [["get", "-o", ""], ["server"], ["registry", "s"]], ids=lambda words: "-".join(words)
)
def test_completion_needs_no_cluster(arguments: list[str]) -> None:
    done = mcp("__complete", *arguments)
    assert done.code == 0
    assert done.stdout.splitlines()[-1] == ":4"
    assert len(done.stdout.splitlines()) > 1


def test_help_is_completed_with_the_commands_it_explains() -> None:
    assert mcp("__complete", "help", "registry", "re").stdout == "remove\nrefresh\n:4\n"


def test_a_completion_without_a_cluster_offers_nothing_and_starts_nothing(isolated_home: Path) -> None:
    done = mcp("__complete", "status", "")
    assert (done.code, done.stdout) == (0, ":4\n")
    assert not (isolated_home / ".local/state/mcp").exists()


@pytest.mark.parametrize(("word", "meant"), table.HABITS.items())
def test_the_words_of_other_programs_are_answered(word: str, meant: str) -> None:
    assert word not in table.children("")
    assert meant.split()[0] in table.children("")
    done = mcp(word)
    assert done.code == 2
    assert f"`mcp {meant}`" in done.stderr
