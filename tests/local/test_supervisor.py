"""The supervised child: never left behind, whatever fails beside it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mcp_cli.local.supervisor import ChildProcess


def command_lines() -> list[str]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_text(errors="replace"))
        except OSError:
            continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_child_that_cannot_be_recorded_is_ended(tmp_path: Path) -> None:
    """As on a full disk: otherwise a second operator would be started beside the first."""
    command = [sys.executable, "-c", "import time; time.sleep(60)", str(tmp_path)]
    child = ChildProcess(command, tmp_path / "child.log", tmp_path)
    (tmp_path / "processes").rmdir()
    with pytest.raises(FileNotFoundError, match="processes"):
        await child.run()
    assert not [line for line in command_lines() if str(tmp_path) in line]
