"""`mcp registry ...` over a network as a user sees it: a real server on this machine, in an empty home."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import in_time, mcp
from tests.cli.terminal import Terminal
from tests.support.registry_server import REPO, Fault, RegistryServer, item

API = "/v0.1/servers"
TOKEN = "ghp_very-secret-token"


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    entries = [item(f"io.github.example/clock-{n}", description=f"Clock number {n}") for n in range(120)]
    documents = {"grafana": "name: grafana\nimage: example.test/grafana:1\nabout: {description: Dashboards}\n"}
    with RegistryServer(documents, entries) as running:
        yield running


@pytest.fixture
def official(server: RegistryServer) -> RegistryServer:
    assert mcp("registry", "add", "official", "--type", "official", "--url", server.url).code == 0
    return server


def aged(days: float) -> None:
    """Make every source that old."""
    database = Path(os.environ["XDG_CACHE_HOME"]) / "mcp" / "catalogue.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE sources SET refreshed = refreshed - ?", (days * 86400,))


def test_added_registry_is_searched_without_a_network(official: RegistryServer) -> None:
    asked = len(official.asked)
    assert mcp("registry", "search", "clock-7", "-o", "name").stdout.splitlines()[0] == "io.github.example/clock-7"
    assert len(official.asked) == asked


def test_refresh_says_what_changed(official: RegistryServer) -> None:
    official.entries.append(item("io.github.example/new", meta={"updatedAt": "2026-05-05T00:00:00Z"}))
    done = mcp("registry", "refresh", "--name", "official")
    assert (done.code, done.stdout) == (0, "official: 121 servers (1 new)\n")
    again = mcp("registry", "refresh", "--all", "-o", "json").json["items"]
    assert {source["name"]: source["added"] for source in again} == {"builtin": 0, "official": 0}


def test_dead_registry_leaves_the_old_entries_and_says_how_old_they_are(official: RegistryServer) -> None:
    official.always(API, Fault(404))
    aged(2.5)
    failed = mcp("registry", "refresh")
    assert (failed.code, failed.stdout) == (1, "builtin: 7 servers\n")
    assert "error: official: " in failed.stderr
    assert "404" in failed.stderr
    assert "its 120 servers of 2 days ago still answer" in failed.stderr
    found = mcp("registry", "search", "clock-7")
    assert found.code == 0
    assert "clock-7" in found.stdout
    assert re.search(r"note: the entries of official are 2 days old; its last refresh failed: .*404", found.stderr)
    assert mcp("registry", "search", "clock-7", "-o", "json").json["items"]


def test_entries_of_a_forgotten_registry_come_with_their_age(official: RegistryServer) -> None:
    assert mcp("registry", "list", "--limit", "1").stderr == ""
    aged(30)
    assert (
        "the entries of official are 30 days old (mcp registry refresh --name official)"
        in mcp("registry", "list", "--limit", "1").stderr
    )


def test_long_wait_is_said_and_the_timeout_ends_it(official: RegistryServer) -> None:
    official.always(API, Fault(429, {"Retry-After": "900"}))
    refresh = ("registry", "refresh", "--name", "official", "--timeout")
    done = in_time(lambda time: mcp(*refresh, time), "rate limit reached")
    assert done.code == 124
    assert re.search(r"rate limit reached; asking again in 1\d min \(1 of 3\)", done.stderr)
    assert "did not end within " in done.stderr
    assert done.stderr.endswith("what was not read to the end is as it was.\n")


def test_source_that_cannot_be_read_is_not_added(server: RegistryServer) -> None:
    server.always("/", Fault(401))
    done = mcp("registry", "add", "bad", "--type", "official", "--url", server.url)
    assert done.code == 1
    assert "401" in done.stderr
    assert "bad" not in mcp("registry", "sources").stdout


def test_token_is_used_and_never_seen(server: RegistryServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEAM_TOKEN", TOKEN)
    add = ("registry", "add", "team", "--repo", REPO, "--url", server.url, "--token-env", "TEAM_TOKEN")
    shown = [mcp(*add, "-v"), mcp("registry", "refresh", "-v"), mcp("registry", "sources", "-o", "yaml")]
    assert [one.code for one in shown] == [0, 0, 0]
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    server.always("/", Fault(401))
    shown.append(mcp("registry", "refresh", "-v"))
    assert not any(TOKEN in one.stdout + one.stderr for one in shown)
    kept = [path for path in Path(os.environ["HOME"]).rglob("*") if path.is_file()]
    assert any(path.name == "registries.yaml" for path in kept)
    assert not any(TOKEN.encode() in path.read_bytes() for path in kept)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("add", "a"), "needs a type or a place"),
        (("add", "a", "--dir", "/tmp", "--url", "http://x"), "name different places"),
        (("add", "a", "--type", "official", "--token-env", "A", "--token-file", "b"), "exclude each other"),
        (("add", "A B", "--type", "official"), "is no name for a source"),
        (("add", "a", "--url", "ftp://example.test/x"), "is no address"),
        (("add", "builtin", "--dir", "/tmp"), "is taken"),
        (("refresh", "--name", "a", "--all"), "exclude each other"),
        (("refresh", "--name", "nobody"), "there is no source 'nobody'"),
        (("list", "--source", "nobody"), "there is no source 'nobody'"),
        (("versions", "nobody"), "there is no server 'nobody'"),
        (("versions", "nobody@1.0"), "there is no server 'nobody'"),
        (("inspect", "time", "--source", "nobody"), "there is no source 'nobody'"),
    ],
)
def test_wrong_words_are_said_before_anything_is_asked(words: tuple[str, ...], message: str) -> None:
    done = mcp("registry", *words)
    assert done.code in (1, 2)
    assert message in done.stderr
    assert done.stdout == ""


def test_versions_and_one_of_them(server: RegistryServer) -> None:
    old = item("x/clock", "1.0.0", description="The old one", meta={"isLatest": False})
    server.entries = [old, item("x/clock", "2.0.0")]
    mcp("registry", "add", "o", "--type", "official", "--url", server.url)
    lines = [line.split() for line in mcp("registry", "versions", "x/clock").stdout.splitlines()]
    assert lines[0] == ["VERSION", "SOURCE", "STATUS", "PUBLISHED", "IN", "USE"]
    assert [(line[0], line[-1]) for line in lines[1:]] == [("2.0.0", "yes"), ("1.0.0", "no")]
    name = mcp("registry", "versions", "x/clock", "-o", "name").stdout.split()[1]
    assert mcp("registry", "inspect", name, "-o", "json").json["description"] == "The old one"
    assert mcp("registry", "inspect", "x/clock", "-o", "jsonpath={.version}").stdout == "2.0.0"
    assert mcp("registry", "versions", name, "-o", "name").stdout.split() == ["x/clock@2.0.0", "x/clock@1.0.0"]
    elsewhere = mcp("registry", "inspect", "x/clock", "--source", "builtin")
    assert (elsewhere.code, elsewhere.stdout) == (1, "")
    assert "the source builtin has no server 'x/clock'" in elsewhere.stderr
    assert "it is in: o" in elsewhere.stderr


def test_list_filters_and_sorts(official: RegistryServer) -> None:
    official.servers["web"] = (
        "name: web\nimage: x/web:1\nmeta: {category: Browsing, tags: [Chrome]}\nabout: {description: A browser}\n"
    )
    mcp("registry", "add", "docker", "--repo", REPO, "--url", official.url)
    assert mcp("registry", "list", "--category", "browsing", "-o", "name").stdout == "web\n"
    assert mcp("registry", "list", "--tag", "chrome", "-o", "name").stdout == "web\n"
    assert mcp("registry", "list", "--tag", "chrom", "-o", "name").stdout == ""
    assert len(mcp("registry", "list", "--source", "official", "--runtime", "node", "-o", "name").stdout.split()) == 120
    newest = item("x/newest", meta={"publishedAt": "2026-09-09T00:00:00Z", "updatedAt": "2026-09-09T00:00:00Z"})
    official.entries.append(newest)
    mcp("registry", "refresh")
    assert mcp("registry", "list", "--sort", "published", "--limit", "1", "-o", "name").stdout == "x/newest\n"


@pytest.mark.parametrize(
    "command", [("list",), ("search", "clock-7"), ("versions", "time"), ("sources",), ("refresh",)]
)
@pytest.mark.parametrize(
    "output", ["json", "yaml", "name", "wide", "jsonpath={.items[0].name}", "custom-columns=N:.name"]
)
def test_every_list_has_every_format(official: RegistryServer, command: tuple[str, ...], output: str) -> None:
    done = mcp("registry", *command, "-o", output)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_search_marks_what_it_found_on_a_terminal(official: RegistryServer) -> None:
    with Terminal("registry", "search", "clock", env={}) as terminal:
        assert terminal.end() == 0
        assert "\x1b[1;33mclock\x1b[0m-" in terminal.shown
    with Terminal("registry", "search", "clock", "--no-color", env={}) as terminal:
        assert terminal.end() == 0
        assert "\x1b[" not in terminal.shown


def test_refresh_shows_a_bar_on_a_terminal(server: RegistryServer) -> None:
    server.servers = {f"s{n}": f"name: s{n}\nimage: x/s{n}\n" for n in range(8)}
    go_on, asked = threading.Event(), f"/repos/{REPO}/contents/servers/s4"
    server.fault(asked, Fault(drip=lambda: _held(go_on)))
    env: dict[str, str | None] = {"T": "token"}
    words = ("registry", "add", "team", "--repo", REPO, "--url", server.url, "--token-env", "T")
    with Terminal(*words, env=env) as terminal:
        terminal.until(f"team: asking {REPO}")
        terminal.until("] 5 of 8")
        go_on.set()
        terminal.until("team: 8 servers")
        assert terminal.end() == 0


def test_hostile_texts_of_a_registry_are_harmless(server: RegistryServer) -> None:
    name = "x/\x1b[2J../../evil"
    server.entries = [item(name, description="\x1b]0;owned\x07 wipes \u202ethings", title="\x9b31m")]
    mcp("registry", "add", "o", "--type", "official", "--url", server.url)
    shown = [
        mcp("registry", *words) for words in (("list",), ("search", "wipes"), ("versions", name), ("inspect", name))
    ]
    text = "".join(one.stdout + one.stderr for one in shown)
    assert all(one.code == 0 for one in shown)
    assert "wipes" in text
    assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert json.loads(mcp("registry", "search", "wipes", "-o", "json").stdout)["items"]


def _held(until: threading.Event) -> None:
    assert until.wait(120)


def test_search_imports_nothing_that_it_does_not_need(official: RegistryServer) -> None:
    """Start-up is most of what a search costs."""
    program = (
        "import sys; from mcp_cli.main import run; run(['registry', 'search', 'clock-7', '-o', 'name']); "
        "print(*sorted({name.partition('.')[0] for name in sys.modules} & {'yaml', 'httpx', 'kubernetes', 'rich'})); "
        "print(*{'mcp_operator.catalog.model', 'mcp_operator.catalog.spelling', 'mcp_cli.output.table', "
        "'mcp_cli.kinds', 'mcp_operator.runtime.resources', 'dataclasses', 'json'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "io.github.example/clock-7"
    assert [line for line in done.stdout.splitlines()[-2:] if line] == []
