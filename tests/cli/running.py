"""Run the command line as a function: CliRunner's isolation around the whole program, error boundary included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from mcp_cli.errors import boundary
from mcp_cli.main import run

GOLDEN = Path(__file__).parent / "golden"
PATIENCE = 120.0


@dataclass(frozen=True)
class Result:
    """How a command ended and what it said, where."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


def mcp(*arguments: str, input: str = "", env: dict[str, str | None] | None = None, width: int = 100) -> Result:
    """`mcp ARGUMENTS`, without a terminal, at a fixed width."""
    runner = CliRunner()
    with runner.isolation(input=input, env={"COLUMNS": str(width), **(env or {})}) as (out, err, _):
        code = boundary(lambda: run(list(arguments)))
        return Result(code, out.getvalue().decode(), err.getvalue().decode())


@contextmanager
def started(*arguments: str, env: dict[str, str | None]) -> Iterator[subprocess.Popen[str]]:
    """`mcp ARGUMENTS` as a process of its own, for what does not end by itself; it is gone after the block."""
    merged = {key: value for key, value in {**os.environ, **env}.items() if value is not None}
    command = [sys.executable, "-m", "mcp_cli.main", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=merged) as process:
        try:
            yield process
        finally:
            process.kill()


def lines_until(process: subprocess.Popen[str], fits: Callable[[str], bool]) -> list[str]:
    """The lines that it prints, up to the first one that fits; the test fails where it ends before that."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if fits(lines[-1]):
            return lines
    raise AssertionError(f"it ended with {process.wait()} after: {lines}")


def until(ask: Callable[[], Result], fits: Callable[[Result], bool]) -> Result:
    """The first answer that fits."""
    deadline = time.monotonic() + PATIENCE
    while True:
        result = ask()
        if fits(result):
            return result
        assert time.monotonic() < deadline, result
        time.sleep(0.1)


def in_time(ask: Callable[[str], Result], words: str) -> Result:
    """What a command says whose time runs out: on a busy machine a short one is over before it got so far."""
    for seconds in (1, 4, 16):
        result = ask(f"{seconds}s")
        if words in result.stderr:
            break
    return result


def golden(name: str, text: str, *, update: bool) -> None:
    """Compare with a file of `golden/`; `MCP_UPDATE_GOLDEN=1` writes it."""
    path = GOLDEN / name
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert path.is_file(), f"{name} has no golden file; write it with MCP_UPDATE_GOLDEN=1"
    assert text == path.read_text(), f"{name} differs from its golden file; MCP_UPDATE_GOLDEN=1 writes it again"
