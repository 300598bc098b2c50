"""The figures of the sample run, and how a package is started by hand."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "tools"))

from catalogue_figures import Run, figures, met
from catalogue_reference import ByHand, Start, by_hand, mended, start_of

BROKEN, WORKS = ByHand(None, "Error: boom | exit code 1"), ByHand(3, "")
CRASH = "Failed CrashLoopBackOff: container mcp-server ended with exit code 1: Error: boom"


def runs(answered: int, *failed: ByHand | None) -> list[Run]:
    good = [Run(f"good{at}", "p", 1, "", 1) for at in range(answered)]
    return good + [Run(f"bad{at}", "p", None, CRASH, 1, one) for at, one in enumerate(failed)]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("sample", "verdict"),
    [
        (runs(4, BROKEN), True),
        (runs(4, BROKEN, BROKEN, WORKS), True),
        (runs(3, BROKEN, WORKS), False),
        (runs(3, BROKEN, None), False),
        (runs(0, BROKEN), False),
    ],
)
def test_the_verdict_is_over_those_that_start_for_anybody(sample: list[Run], verdict: bool) -> None:
    assert met(sample) == verdict


@pytest.mark.fast
def test_the_report_names_what_works_by_hand_only() -> None:
    text = "\n".join(figures(runs(4, BROKEN, BROKEN, WORKS), 5))
    assert text.startswith(
        "run: 4 of 5 that start at all answer tools/list (target 4: met)\n  4 of the first 5 picks answer"
    )
    assert "\n2 do not answer when started by hand (uvx, npx) either" in text
    assert "  bad0 (p) 1 s: " + CRASH + "\n      by hand: Error: boom | exit code 1\n" in text
    assert text.endswith("works by hand and not here, which is ours to mend: bad2 (p)")


@pytest.mark.fast
def test_the_plain_figure_is_of_the_first_picks_in_the_order_of_the_seed() -> None:
    late = [replace(run, turn=9) for run in runs(2)]
    text = "\n".join(figures([*late, *runs(0, BROKEN), *runs(1)], 2))
    assert text.startswith("run: 3 of 3 that start at all answer tools/list (target 3: met)\n  1 of the first 2 picks")


@pytest.mark.fast
def test_one_that_wants_a_key_is_passed_over_unless_it_works_by_hand() -> None:
    wants = "Failed CrashLoopBackOff: container mcp-server ended with exit code 1: Error: API_KEY is required"
    assert Run("x", "p", None, wants, 1, BROKEN).passed_over
    assert not Run("x", "p", None, wants, 1, WORKS).passed_over
    assert "1 passed over: it wants a value" in "\n".join(figures([Run("x", "p", None, wants, 1, BROKEN)], 40))


@pytest.mark.fast
def test_one_that_ran_as_another_version_says_so() -> None:
    run = Run("x", "p", None, CRASH, 1, BROKEN, stands_for="1.0")
    text = "\n".join(figures([run, *runs(1)], 40))
    assert "1 of 2 ran as the newest version, since theirs is gone from the package registry: 0 of these" in text
    assert "  x (p, for 1.0 which is gone) 1 s: Failed" in text


@pytest.mark.fast
def test_a_package_is_started_as_a_person_would() -> None:
    python = start_of({"type": "python", "package": "pkg[cli]==1.0", "args": ["--a", "b"]})
    assert python.command()[1:] == ["tool", "run", "--from", "pkg[cli]==1.0", "pkg", "--a", "b"]
    node = start_of({"type": "node", "package": "@a/b@1.0", "args": ["run"]})
    assert node.command() == ["npx", "-y", "@a/b@1.0", "run"]
    chosen = start_of({"type": "node", "package": "b", "command": ["other", "sub"]})
    assert chosen.command() == ["npx", "-y", "-p", "b", "other", "sub"]


@pytest.mark.fast
def test_what_the_tool_complains_of_is_mended() -> None:
    start = Start("python", "pkg", "pkg", ())
    older = mended(start, "Because the current Python version (3.11.7) does not satisfy Python>=3.12,<3.13 and pkg")
    assert older is not None
    assert older.python == ">=3.12,<3.13"
    other = mended(start, "The following executables are available:\n- pkg-admin\n- pkg-mcp\n\nUse `x` instead.")
    assert other is not None
    assert other.program == "pkg-mcp"
    assert mended(start, "Error: boom") is None


@pytest.mark.parametrize(
    ("script", "tools", "words"),
    [
        ("import json,sys\nprint('hi')\nfor line in sys.stdin:\n  m=json.loads(line)\n  if 'id' in m: print(json.dumps("
         "{'jsonrpc':'2.0','id':m['id'],'result':{'tools':[{},{}]}}), flush=True)", 2, ""),
        ("raise SystemExit('no database')", None, "no database | exit code 1"),
        ("print('Hello!')", None, "Hello! | exit code 0"),
        ("import time; time.sleep(60)", None, "no answer within 1 s"),
    ],
)  # fmt: skip
async def test_a_program_is_asked_on_a_plain_pipe(tmp_path: Path, script: str, tools: int | None, words: str) -> None:
    """`npx` is a program of ours here: what counts is the pipe."""
    stand_in = tmp_path / "npx"
    stand_in.write_text(f"#!{sys.executable}\n{script}\n")
    stand_in.chmod(0o755)
    environment = {"PATH": os.pathsep.join([str(tmp_path), os.defpath])}
    found = await by_hand({"runtime": {"type": "node", "package": "x"}}, environment, 1 if "no answer" in words else 20)
    assert (found.tools, found.words if tools is None else "") == (tools, words)
