"""Help: every command has a long text and examples, and looks as its golden file."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from mcp_cli import generating, table
from mcp_cli.groups import Command, Group
from tests.cli.running import golden, mcp

pytestmark = pytest.mark.fast

PAGES = dict(generating.commands())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path or "root")
def test_every_command_has_a_long_text_and_examples(path: str) -> None:
    command = PAGES[path]
    text = " ".join((command.help or "").split())
    assert len(text) > 60, f"`mcp {path} --help` explains nothing"
    assert isinstance(command, Command | Group), f"`mcp {path}` is no command of ours"
    assert command.examples, f"`mcp {path} --help` has no examples"


@pytest.mark.parametrize("group", ["", *(row.path for row in table.COMMANDS if row.is_group)])
def test_a_group_alone_answers_with_its_help(group: str) -> None:
    words = group.split()
    done = mcp(*words)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == mcp(*words, "--help").stdout


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path or "root")
def test_an_example_shows_the_command(path: str) -> None:
    words = path.split()
    mentioned = [line for line in PAGES[path].examples.splitlines() if " ".join(["mcp", *words]) in line]
    assert mentioned, f"no example of `mcp {path}` shows it"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path or "root")
def test_help_looks_as_it_should(path: str, update_golden: bool) -> None:
    shown = mcp(*path.split(), "--help")
    assert (shown.code, shown.stderr) == (0, "")
    golden(f"help/{generating.page_name(path)}.txt", shown.stdout, update=update_golden)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path or "root")
def test_every_option_is_explained(path: str) -> None:
    for param in PAGES[path].params:
        if isinstance(param, click.Option) and not param.hidden:
            assert param.help, f"`mcp {path}`: {param.name} has no help"


def test_a_plugin_shows_its_own_name() -> None:
    from mcp_cli.errors import program_name

    assert program_name("/usr/local/bin/kubectl-mcp") == "kubectl mcp"
    assert program_name("/usr/local/bin/mcp") == "mcp"


def test_help_of_the_root_and_of_groups_imports_no_command() -> None:
    code = (
        "import sys; from mcp_cli.main import run\n"
        "run(['--help']); run(['tools', '--help'])\n"
        "heavy = {'kubernetes', 'httpx', 'rich', 'yaml', 'tabulate', 'starlette', 'jsonpath_ng', 'urllib3'}\n"
        "loaded = [m for m in sys.modules if m.startswith('mcp_cli.commands.') or m.partition('.')[0] in heavy]\n"
        "assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [row.path for row in table.COMMANDS if not row.is_group])
def test_the_help_of_a_command_imports_nothing_heavy(command: str) -> None:
    code = (
        f"import sys; from mcp_cli.main import run; run({command.split()!r} + ['--help'])\n"
        "heavy = {'kubernetes', 'httpx', 'rich', 'yaml', 'tabulate', 'starlette', 'jsonpath_ng', 'urllib3'}\n"
        "loaded = sorted({m.partition('.')[0] for m in sys.modules} & heavy)\n"
        "assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_unknown_command_is_wrong_usage_with_a_guess() -> None:
    done = mcp("deplyo")
    assert (done.code, done.stdout) == (2, "")
    assert 'no command "deplyo"' in done.stderr
    assert "deploy" in done.stderr
