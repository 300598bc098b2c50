"""Long waits of `mcp registry refresh`: what a person sees meanwhile, and that Ctrl-C ends them at once."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest
from mcp_operator.catalog.fetch.waits import Wait

from mcp_cli.views.watched import SLOW_SECONDS, UNTOUCHED, Doing, countdown
from tests.cli.running import mcp
from tests.cli.terminal import Terminal
from tests.support.registry_server import REPO, Fault, RegistryServer, item

API = "/v0.1/servers"
LIMITED = Fault(429, {"Retry-After": "900"})
REFRESH = ("registry", "refresh", "--name", "official")


@pytest.fixture
def official() -> Iterator[RegistryServer]:
    """A registry with one server, added already."""
    with RegistryServer(entries=[item("x/old")]) as server:
        assert mcp("registry", "add", "official", "--type", "official", "--url", server.url).code == 0
        server.entries.append(item("x/new", meta={"updatedAt": "2026-05-05T00:00:00Z"}))
        yield server


def names() -> list[str]:
    return mcp("registry", "list", "--source", "official", "-o", "name").stdout.split()


def test_rate_limit_is_counted_down_on_a_terminal_and_interrupted_at_once(official: RegistryServer) -> None:
    official.always(API, LIMITED)
    with Terminal(*REFRESH, env={}) as terminal:
        terminal.until("rate limit reached")
        while len(set(re.findall(r"asking again in ([\d:]+) \(1 of 3\)", terminal.shown))) < 2:
            terminal.more()
        terminal.interrupt()
        assert terminal.end() == 130
        assert f"interrupted; {UNTOUCHED}" in terminal.shown
        assert "Traceback" not in terminal.shown
    assert names() == ["x/old"]
    official.mend()
    assert mcp(*REFRESH).stdout == "official: 2 servers (1 new)\n"


def test_interrupted_wait_of_a_log_ends_at_once(official: RegistryServer) -> None:
    official.always(API, LIMITED)
    command = [sys.executable, "-m", "mcp_cli.main", *REFRESH]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    line = process.stderr.readline()
    assert re.search(r"rate limit reached; asking again in 1[56] min \(1 of 3\), at \d\d:\d\d$", line)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err.strip()) == (130, "", f"interrupted; {UNTOUCHED}")


def test_slow_answer_is_said_to_be_waited_for(official: RegistryServer) -> None:
    go_on = threading.Event()
    official.fault(API, Fault(drip=lambda: go_on.wait(120)))
    with Terminal(*REFRESH, env={}) as terminal:
        seconds = int(terminal.until(" s for 127.0.0.1").partition(" s for 127.0.0.1")[0].rpartition("waiting ")[2])
        assert seconds >= SLOW_SECONDS
        go_on.set()
        terminal.until("official: 2 servers")
        assert terminal.end() == 0


def test_interrupt_waits_for_no_document_that_is_being_read() -> None:
    """Several are read at once, in threads; none of them keeps the process."""
    go_on = threading.Event()
    documents = {f"s{number}": f"name: s{number}\nimage: x/s\n" for number in range(20)}
    with RegistryServer(documents) as server:
        server.always(f"/repos/{REPO}/contents/servers/s", Fault(drip=lambda: go_on.wait(120)))
        words = ("registry", "add", "team", "--repo", REPO, "--url", server.url, "--token-env", "T")
        with Terminal(*words, env={"T": "token"}) as terminal:
            terminal.until("] 1 of 20")
            terminal.interrupt()
            assert terminal.end() == 130
            assert not go_on.is_set()
        go_on.set()
    assert "team" not in mcp("registry", "sources").stdout


def test_longest_wait_is_the_one_that_is_shown() -> None:
    doing = Doing()
    doing.words = "docker: 5 of 8"
    assert doing.now(100) == "docker: 5 of 8"
    doing.hear(1, "https://api.example.test/servers", 0, 100)
    assert doing.now(102) == "docker: 5 of 8"
    assert doing.now(112) == "waiting 12 s for api.example.test: docker: 5 of 8"
    doing.hear(1, "https://api.example.test/servers", 2_000_000, 112)
    assert doing.now(120) == "waiting 8 s for api.example.test (1953 KiB so far): docker: 5 of 8"
    doing.wait(2, Wait("api.example.test: 503", 4, 1, 5), 120)
    doing.wait(3, Wait("api.example.test: rate limit reached", 900, 2, 3), 120)
    assert doing.now(121) == "asking again in 14:59 (2 of 3): api.example.test: rate limit reached"
    doing.go_on(3)
    assert doing.now(121) == "asking again in 3 s (1 of 5): api.example.test: 503"
    doing.go_on(2)
    doing.hear(1, "https://api.example.test/servers", None, 121)
    assert doing.now(1000) == "docker: 5 of 8"


def test_countdown_falls() -> None:
    shown = [countdown(seconds) for seconds in (3723, 3600, 899, 60, 59, 0, -3)]
    assert shown == ["1:02:03", "1:00:00", "14:59", "1:00", "59 s", "0 s", "0 s"]
    assert all(one != two for one, two in pairwise(shown[:-1]))
