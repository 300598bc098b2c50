"""What a bridge leaves behind when its server has ended: its log, and the container's termination message."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from mcp_operator.bridge.ending import UNANSWERED, UNASKED, words_of

from tests.bridge.bridge_testing import PATIENCE, SERVER, Bridge, Start


async def end_of(*command: str, **variables: str) -> tuple[int, str]:
    """Exit code and log of a bridge whose server ends by itself."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcp_operator.bridge.main", "--port", "0", *command),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **variables},
    )
    _, log = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode or 0, log.decode()


async def test_the_termination_message_has_the_telling_line(tmp_path: Path) -> None:
    left = tmp_path / "termination-log"
    script = "import json\nprint('Starting', flush=True)\njson.loads('x')"
    code, log = await end_of("--termination-log", str(left), "--", sys.executable, "-c", script)
    assert code == 1
    words = "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
    assert left.read_text() == words
    assert log.endswith(f"mcp-bridge: the server ended with exit code 1; it last said:\n  {words}\n")


async def test_a_program_that_only_greets_is_asked_whether_it_is_a_server(tmp_path: Path) -> None:
    """Exit code 0 and no message: what it wrote to its stdout is all that there is."""
    left = tmp_path / "termination-log"
    code, _ = await end_of("--termination-log", str(left), "--", sys.executable, "-c", "print('Hello from it!')")
    assert code == 0
    assert left.read_text().splitlines() == ["Hello from it!", UNASKED]


async def test_a_secret_is_not_repeated(tmp_path: Path) -> None:
    left = tmp_path / "termination-log"
    script = "import os, sys; sys.exit('no access as {LOGIN} with {MY_TOKEN}'.format(**os.environ))"
    flags = ("--secret-env", "LOGIN", "--termination-log", str(left))
    _, log = await end_of(*flags, "--", sys.executable, "-c", script, LOGIN="somebody-known", MY_TOKEN="hunter22")
    assert left.read_text() == "no access as *** with ***"
    assert log.endswith("  no access as *** with ***\n")


async def test_a_file_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    flags = ("--termination-log", str(tmp_path / "no" / "folder"))
    code, log = await end_of(*flags, "--", sys.executable, "-c", "import sys; sys.exit('boom')")
    assert code == 1
    assert log.endswith("it last said:\n  boom\n")


async def test_a_server_that_is_asked_to_stop_leaves_no_message(tmp_path: Path, start: Start) -> None:
    left = tmp_path / "termination-log"
    bridge: Bridge = await start("--termination-log", str(left), command=[sys.executable, str(SERVER)])
    bridge.process.terminate()
    assert await asyncio.wait_for(bridge.process.wait(), PATIENCE) == 0
    assert not left.exists()


async def test_a_server_that_never_answered_is_told_of_when_it_is_stopped(tmp_path: Path) -> None:
    """As one that serves HTTP although its entry says stdio: the probes wait in vain, and the kubelet stops it."""
    left = tmp_path / "termination-log"
    script = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit('Error: interrupted'))\n"
        "print('Running on http://127.0.0.1:8000', flush=True); time.sleep(600)"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcp_operator.bridge.main", "--port", "0", "--termination-log", str(left)),
        *("--", sys.executable, "-c", script),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE):
        while b"no message: Running on" not in await process.stderr.readline():
            pass
    process.terminate()
    assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    assert left.read_text().splitlines() == ["Running on http://127.0.0.1:8000", UNANSWERED]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("code", "output", "answered", "words"),
    [
        (0, "", False, [UNASKED]),
        (1, "", False, [UNASKED]),
        (1, "", True, []),
        (0, "bye", True, ["bye"]),
        (137, "", False, ["it was killed by SIGKILL"]),
        (1, "Error: no key", False, ["Error: no key"]),
    ],
)
def test_words_for_an_end(code: int, output: str, answered: bool, words: list[str]) -> None:
    assert words_of(code, output, answered, ()) == words
