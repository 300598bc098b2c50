"""Run the command line as a function: CliRunner's isolation around the whole program, error boundary included."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from mcp_cli.errors import boundary
from mcp_cli.main import run

GOLDEN = Path(__file__).parent / "golden"


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


def golden(name: str, text: str, *, update: bool) -> None:
    """Compare with a file of `golden/`; `MCP_UPDATE_GOLDEN=1` writes it."""
    path = GOLDEN / name
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert path.is_file(), f"{name} has no golden file; write it with MCP_UPDATE_GOLDEN=1"
    assert text == path.read_text(), f"{name} differs from its golden file; MCP_UPDATE_GOLDEN=1 writes it again"
