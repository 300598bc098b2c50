"""completions/ and man/ are what the table and the commands say now, and the shells can read them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_cli import generating
from tests.cli.running import mcp

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", generating.files())
def test_a_generated_file_is_current(name: str) -> None:
    path = ROOT / name
    assert path.is_file(), f"{name} is missing; run `make generate`"
    assert path.read_text() == generating.files()[name], f"{name} is not current; run `make generate`"


def test_nothing_is_left_of_commands_that_are_gone() -> None:
    there = {str(p.relative_to(ROOT)) for folder in ("completions", "man") for p in (ROOT / folder).glob("*")}
    assert there == set(generating.files())


@pytest.mark.parametrize(("shell", "name"), [("bash", "mcp.bash"), ("zsh", "_mcp"), ("fish", "mcp.fish")])
def test_the_shell_reads_its_script(shell: str, name: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    subprocess.run([shell, "-n", str(ROOT / "completions" / name)], check=True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "kubectl"])
def test_the_command_prints_the_script(shell: str) -> None:
    name = next(name for name, known in generating.COMPLETIONS.items() if known == shell)
    assert mcp("completion", shell).stdout == (ROOT / "completions" / name).read_text()


def test_bash_completes_both_names(tmp_path: Path) -> None:
    for program in ("mcp", "kubectl-mcp"):
        script = tmp_path / program
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -m mcp_cli.main "$@"\n')
        script.chmod(0o755)
        function = f"_{program.replace('-', '_')}_completion"
        code = (
            f"source {ROOT}/completions/mcp.bash; COMP_WORDS=({program} tools ''); COMP_CWORD=2; "
            f"{function} {program}; echo ${{COMPREPLY[@]}}"
        )
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, env=environment)
        assert done.stdout.split() == ["list", "call"], done.stderr
