"""The catalogue on machines that are not as one would wish: full, read-only, damaged, shared, half configured."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_cli.views.watched import UNTOUCHED
from tests.cli.running import mcp
from tests.cli.terminal import Terminal
from tests.support.registry_server import Fault, RegistryServer, item

API = "/v0.1/servers"
PROGRAM = f"{sys.executable} -m mcp_cli.main"
BUILTIN = 7


@pytest.fixture
def database() -> Path:
    return Path(os.environ["XDG_CACHE_HOME"], "mcp", "catalogue.db")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in the Docker layout with entries enough to fill a small disk."""
    for number in range(300):
        place = tmp_path / "registry" / "servers" / f"s{number}"
        place.mkdir(parents=True)
        about = f"about: {{description: '{os.urandom(700).hex()}'}}"
        (place / "server.yaml").write_text(f"name: s{number}\nimage: x/s{number}:1\n{about}\n")
    return tmp_path / "registry"


Mounted = Callable[[str, str], subprocess.CompletedProcess[str]]


@pytest.fixture
def mounted() -> Mounted:
    """Runs a script of the shell after a mount that only it sees."""
    unshare = shutil.which("unshare")
    spaces = ["--mount"] if os.geteuid() == 0 else ["--map-root-user", "--mount"]
    probe = [unshare or "false", *spaces, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("needs the right to mount in a namespace of its own")

    def run(mount: str, script: str) -> subprocess.CompletedProcess[str]:
        words = [str(unshare), *spaces, "sh", "-c", f"{mount} && {script}"]
        return subprocess.run(words, capture_output=True, text=True, timeout=120)

    return run


def test_folder_that_can_only_be_read_answers_all_the_same(mounted: Mounted, folder: Path, database: Path) -> None:
    assert mcp("registry", "add", "d", "--dir", str(folder)).code == 0
    cache = database.parent.parent
    read_only = f"mount --bind {cache} {cache} && mount -o remount,ro,bind {cache}"
    search = mounted(read_only, f"{PROGRAM} registry search s299 -o name && {PROGRAM} registry inspect s299 -o name")
    assert (search.returncode, search.stdout, search.stderr) == (0, "s299\ns299\n", "")
    refresh = mounted(read_only, f"{PROGRAM} registry refresh")
    assert refresh.returncode == 1
    assert "its folder can only be read" in refresh.stderr
    assert "XDG_CACHE_HOME" in refresh.stderr


def test_without_a_place_for_the_index_the_builtin_servers_answer() -> None:
    env = {"XDG_CACHE_HOME": "/dev/null/cache"}
    listed = mcp("registry", "list", "-o", "name", env=env)
    assert (listed.code, len(listed.stdout.split())) == (0, BUILTIN)
    assert "note: only builtin servers are known: /dev/null/cache/mcp/catalogue.db cannot be kept: " in listed.stderr
    assert mcp("registry", "inspect", "time", "-o", "jsonpath={.license}", env=env).stdout == "MIT"
    added = mcp("registry", "add", "o", "--type", "official", "--url", "http://127.0.0.1:9", env=env)
    assert (added.code, added.stdout) == (1, "")
    assert "cannot write the catalogue's index /dev/null/cache/mcp/catalogue.db: not a directory" in added.stderr


def test_full_disk_loses_nothing(mounted: Mounted, folder: Path, database: Path) -> None:
    cache = database.parent.parent
    cache.mkdir(parents=True, exist_ok=True)
    full = f"mount -t tmpfs -o size=400k tmpfs {cache}"
    add = f"{PROGRAM} registry list -o name && {PROGRAM} registry add d --dir {folder}"
    done = mounted(full, f"{add}; echo $?; {PROGRAM} registry list -o name; {PROGRAM} registry sources -o name")
    names = mcp("registry", "list", "-o", "name").stdout
    assert done.stdout == f"{names}1\n{names}builtin\n"
    assert "database or disk is full" in done.stderr
    tiny = mounted(f"mount -t tmpfs -o size=16k tmpfs {cache}", f"{PROGRAM} registry search time -o name")
    assert (tiny.returncode, tiny.stdout) == (0, "time\n")
    assert "only builtin servers are known" in tiny.stderr


def test_source_whose_configuration_cannot_be_written_leaves_nothing(mounted: Mounted, folder: Path) -> None:
    config = Path(os.environ["XDG_CONFIG_HOME"])
    config.mkdir(parents=True, exist_ok=True)
    fill = f"mkdir {config}/mcp && (head -c 9999 /dev/zero > {config}/x || true)"
    full = f"mount -t tmpfs -o size=4k tmpfs {config} && {fill}"
    done = mounted(full, f"{PROGRAM} registry add d --dir {folder}")
    assert done.returncode == 1
    assert "registries.yaml: No space left on device" in done.stderr
    assert len(mcp("registry", "list", "-o", "name").stdout.split()) == BUILTIN
    assert mcp("registry", "list").stderr == ""


def test_damaged_index_says_how_it_is_made_anew(folder: Path, database: Path) -> None:
    mcp("registry", "add", "d", "--dir", str(folder))
    size = database.stat().st_size
    with database.open("r+b") as file:
        for place in range(8192, size, 4096):
            file.seek(place)
            file.write(b"\xff" * 2000)
    for words in (("list",), ("search", "s7"), ("inspect", "s7"), ("refresh",)):
        done = mcp("registry", *words)
        assert done.code == 1
        assert "malformed" in done.stderr
        assert f"rm {database}* && mcp registry refresh" in done.stderr
    for file_of_it in database.parent.glob(f"{database.name}*"):
        file_of_it.unlink()
    assert mcp("registry", "refresh").stdout == f"builtin: {BUILTIN} servers\nd: 300 servers\n"


def test_source_that_the_index_does_not_hold_is_said_to_be_unread(folder: Path, database: Path) -> None:
    mcp("registry", "add", "d", "--dir", str(folder))
    database.unlink()
    note = "d: not read yet (mcp registry refresh)"
    for words in (("list",), ("search", "s7"), ("inspect", "s7"), ("versions", "s7")):
        assert note in mcp("registry", *words).stderr
    assert mcp("registry", "search", "time").stderr == ""


def test_entries_of_a_source_that_is_gone_are_named_and_removed(folder: Path) -> None:
    mcp("registry", "add", "d", "--dir", str(folder))
    Path(os.environ["XDG_CONFIG_HOME"], "mcp", "registries.yaml").unlink()
    assert "d is no source any more (mcp registry remove d)" in mcp("registry", "list").stderr
    assert mcp("registry", "rm", "d").stdout == "source d removed\n"
    assert mcp("registry", "list").stderr == ""
    assert mcp("registry", "rm", "d").code == 1


def test_broken_configuration_is_said_beside_the_answer(folder: Path) -> None:
    mcp("registry", "add", "d", "--dir", str(folder))
    config = Path(os.environ["XDG_CONFIG_HOME"], "mcp", "registries.yaml")
    config.write_text("sources:\n- {name: d\n")
    listed = mcp("registry", "list", "--limit", "1", "-o", "name")
    assert (listed.code, len(listed.stdout.split())) == (0, 1)
    assert f"note: {config}, line " in listed.stderr
    for words in (("sources",), ("refresh",), ("add", "e", "--dir", str(folder)), ("remove", "d")):
        done = mcp("registry", *words)
        assert done.code == 1
        assert f"error: {config}, line " in done.stderr
    assert config.read_text() == "sources:\n- {name: d\n"
    config.write_text("")
    assert mcp("registry", "sources").code == 0


def test_sources_that_are_added_at_once_are_both_kept() -> None:
    """The first one reads its configuration, and then waits for its registry while the second one is added."""
    go_on, asked = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        go_on.wait(120)

    with RegistryServer(entries=[item("x/slow")]) as slow, RegistryServer(entries=[item("x/quick")]) as quick:
        slow.fault(API, Fault(drip=hold))
        command = [
            sys.executable,
            "-m",
            "mcp_cli.main",
            "registry",
            "add",
            "slow",
            "--type",
            "official",
            "--url",
            slow.url,
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert asked.wait(120)
        assert mcp("registry", "add", "quick", "--type", "official", "--url", quick.url).code == 0
        go_on.set()
        said, told = process.communicate(timeout=120)
    assert (process.returncode, said) == (0, b"slow: 1 server\n")
    # Where the machine takes long it is told that the wait goes on, and nothing else.
    assert [line for line in told.splitlines() if b" s for 127.0.0.1:" not in line] == []
    assert mcp("registry", "sources", "-o", "name").stdout.split() == ["builtin", "quick", "slow"]


def test_refresh_waits_for_the_one_that_writes_and_can_be_interrupted(database: Path) -> None:
    mcp("registry", "list")
    with sqlite3.connect(database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with Terminal("registry", "refresh", env={}) as terminal:
            terminal.until(f"builtin: writing {BUILTIN} entries to the index")
            assert mcp("registry", "search", "time", "-o", "name").stdout == "time\n"
            terminal.interrupt()
            assert terminal.end() == 130
            assert f"interrupted; {UNTOUCHED}" in terminal.shown
        with Terminal("registry", "refresh", env={}) as terminal:
            terminal.until(f"builtin: writing {BUILTIN} entries to the index")
            other.execute("ROLLBACK")
            terminal.until(f"builtin: {BUILTIN} servers")
            assert terminal.end() == 0
    other.close()


def _killed_while_it_writes(folder: Path) -> bool:
    for document in folder.glob("servers/*/server.yaml"):
        document.write_text(document.read_text() + "# edited\n")
    with Terminal("registry", "refresh", "--name", "d", env={}) as terminal:
        terminal.until("d: writing 300 entries to the index")
        os.kill(terminal.pid, signal.SIGKILL)
        return terminal.end() == -signal.SIGKILL


def test_process_that_is_killed_while_it_writes_leaves_all_or_nothing(folder: Path) -> None:
    mcp("registry", "add", "d", "--dir", str(folder))
    # Where it was quicker than we, what it wrote is edited again.
    edits = next(number for number in range(1, 50) if _killed_while_it_writes(folder))
    raw = [mcp("registry", "inspect", f"s{number}", "--raw").stdout for number in range(0, 300, 60)]
    assert {text.count("# edited\n") for text in raw} in ({edits - 1}, {edits})
    assert len(mcp("registry", "list", "--source", "d", "-o", "name").stdout.split()) == 300
    assert mcp("registry", "search", "s299", "-o", "name").stdout == "s299\n"
    assert mcp("registry", "refresh", "--name", "d").code == 0
    assert mcp("registry", "inspect", "s7", "--raw").stdout.count("# edited\n") == edits


def test_a_relative_base_folder_counts_as_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG specification asks: else each folder that one stands in gets a catalogue of its own."""
    monkeypatch.chdir(tmp_path)
    env: dict[str, str | None] = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": "rel", "XDG_CONFIG_HOME": "rel"}
    assert mcp("registry", "list", env=env).code == 0
    assert [one.name for one in tmp_path.iterdir()] == ["home"]
