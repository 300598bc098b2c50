"""What only a person at a terminal sees: colour, the live line, redrawing, prompts, Ctrl-C."""

from __future__ import annotations

import re
import sys

import pytest
import yaml

from tests.cli.running import Result, mcp, until
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

Env = dict[str, str | None]


def settled(env: Env) -> None:
    """The server as the other tests expect it: two pods, both ready, and none that still ends."""

    def fits(page: Result) -> bool:
        running = re.search(r"^Phase: +Running$", page.stdout, re.MULTILINE)
        return bool(running) and page.stdout.count("1/1") == 2 and "Terminating" not in page.stdout

    until(lambda: mcp("describe", "asking", env=env), fits)


def test_phases_are_coloured_and_can_be_plain(asking: Env) -> None:
    settled(asking)
    with Terminal("get", "servers", env=asking) as term:
        assert term.end() == 0
        assert "\x1b[32mRunning\x1b[0m" in term.shown
    for plain in (("get", "servers", "--no-color"), ("get", "servers")):
        with Terminal(*plain, env={**asking, "NO_COLOR": "1" if len(plain) == 2 else None}) as term:
            assert term.end() == 0
            assert "\x1b[" not in term.shown


def test_the_live_line_is_rewritten_and_gone_at_the_end(asking: Env) -> None:
    with Terminal("scale", "asking", "--replicas", "3", "--wait", env=asking) as term:
        assert term.end() == 0
    assert "\r\x1b[2Kasking: " in term.shown
    assert "\r\x1b[2Kasking is ready: 3/3 replicas" in term.shown
    assert mcp("scale", "asking", "--replicas", "2", "--wait", env=asking).code == 0
    settled(asking)


def test_a_restart_replaces_every_pod(asking: Env) -> None:
    def pods() -> set[str]:
        lines = mcp("logs", "asking", "--all-pods", "--tail", "1", env=asking).stdout.splitlines()
        return {line.partition("]")[0] for line in lines}

    before = pods()
    assert len(before) == 2
    done = mcp("restart", "asking", "--wait", env=asking)
    assert (done.code, done.stdout) == (0, "mcpserver.mcp.allbeone.io/asking restarted\n")
    assert "asking is restarted" in done.stderr
    settled(asking)
    assert not before & pods()


def test_a_watched_status_is_redrawn_in_place_until_interrupted(asking: Env) -> None:
    with Terminal("status", "asking", "--watch", env=asking) as term:
        term.until("✓")
        shown = term.until("\x1b[J")
        assert "\x1b[" in shown
        assert shown.count("Name: asking") >= 1
        term.interrupt()
        assert term.end() == 130
    assert "Traceback" not in term.shown


def test_a_question_is_prompted_for(asking: Env) -> None:
    with Terminal("tools", "call", "asking", "greet", env=asking) as term:
        term.until("Who is there?")
        term.until("Answer?")
        term.type("y\n")
        term.until("name")
        term.type("Ada\n")
        term.until("age")
        term.type("7\n")
        assert term.end() == 0
    assert 'accept: {"name": "Ada", "age": 7}' in term.shown


def test_a_question_can_be_declined(asking: Env) -> None:
    with Terminal("tools", "call", "asking", "greet", env=asking) as term:
        term.until("Answer?")
        term.type("n\n")
        assert term.end() == 0
    assert "decline: null" in term.shown


def test_delete_all_asks_first(own_cluster: Env) -> None:
    """In a namespace of its own: other tests deploy servers beside `asking`."""
    place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "asked"}}
    spec = {"image": "example.test/kept:1", "transport": {"type": "http"}, "replicas": 0}
    server = {"apiVersion": "mcp.allbeone.io/v1", "kind": "MCPServer", "metadata": {"name": "kept"}, "spec": spec}
    env = {**own_cluster, "MCP_NAMESPACE": "asked"}
    deployed = mcp("deploy", "-f", "-", input=yaml.safe_dump_all([place, server]), env=env)
    assert deployed.code == 0, deployed.stderr
    with Terminal("delete", "--all", env=env) as term:
        term.until("Delete 1 servers (kept)?")
        term.type("n\n")
        assert term.end() == 1
        assert term.shown.endswith("nothing was deleted\n")
    assert mcp("get", "server", "kept", env=env).code == 0


def test_an_interrupted_wait_ends_with_130_and_an_empty_line(asking: Env) -> None:
    with Terminal(
        "deploy", "never", "--image", "example.invalid/never:1", "--transport", "http", "--wait", env=asking
    ) as term:
        term.until("\r\x1b[2Knever: ")
        term.interrupt()
        assert term.end() == 130
    assert "Traceback" not in term.shown
    assert term.shown.rstrip("\n").endswith("\r\x1b[2K")
    assert mcp("delete", "never", "--wait", env=asking).code == 0
