"""Starting, stopping and deleting the embedded cluster in each other's way, and Ctrl-C in the middle."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcp_cli.local import client_side
from mcp_cli.local.lock import DaemonLock, is_held, read_pid
from mcp_cli.local.node import procfs
from mcp_cli.local.node.orphans import state_mark
from mcp_cli.local.paths import STATE_DIR_VARIABLE, ClusterPaths
from tests.local.node.harness import Node, schedulable_node, shell
from tests.local.node.waiting import until
from tests.support.api import PlainApi
from tests.support.tinydisk import tiny_disk

HOLDER = """
import fcntl, os, signal, sys
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(lock, fcntl.LOCK_EX)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("held", flush=True)
signal.pause()
"""


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClusterPaths]:
    monkeypatch.setenv(STATE_DIR_VARIABLE, str(tmp_path / "state"))
    # As long as a process of a busy machine may take.
    monkeypatch.setattr(client_side, "START_SECONDS", 300.0)
    monkeypatch.setattr(client_side, "STOP_SECONDS", 300.0)
    paths = ClusterPaths.default()
    yield paths
    # Not only a stop: a test that failed may leave the operator of a daemon that it killed.
    client_side.reset(paths)


def alive(pid: int) -> bool:
    found = procfs.facts(pid)
    return found is not None and found.state != "Z"


def halted_start(paths: ClusterPaths) -> tuple[subprocess.Popen[str], int]:
    """A command that starts a cluster, and the daemon, stopped before it is ready."""
    command = [sys.executable, "-m", "mcp_cli.main", "local", "start"]
    for _ in range(5):
        starting = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
        daemon = until(lambda: is_held(paths) and read_pid(paths.pid_file), "the daemon has begun")
        assert daemon
        os.kill(daemon, signal.SIGSTOP)
        if not paths.ready_file.exists():
            return starting, daemon
        os.kill(daemon, signal.SIGCONT)
        starting.communicate()
        client_side.reset(paths)
    pytest.fail("the daemon was always ready before it could be stopped")


def test_ctrl_c_during_a_start_ends_what_was_being_started(paths: ClusterPaths) -> None:
    starting, daemon = halted_start(paths)
    starting.send_signal(signal.SIGINT)
    assert starting.stderr is not None
    assert "Interrupted: ending the embedded cluster" in starting.stderr.readline()
    os.kill(daemon, signal.SIGCONT)
    assert starting.wait(120) == 130
    assert "Traceback" not in starting.stderr.read()
    assert not alive(daemon)
    assert not is_held(paths)


def test_a_stop_waits_for_a_daemon_that_has_not_said_who_it_is(paths: ClusterPaths) -> None:
    paths.root.mkdir(parents=True)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(paths.lock_file)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    stopped: list[Any] = []
    stopping = threading.Thread(target=lambda: stopped.append(client_side.stop(paths)))
    stopping.start()
    paths.pid_file.write_text(f"{holder.pid}\n")
    assert holder.wait(60) == 0
    stopping.join(60)
    assert stopped == [True]


def test_nobody_starts_a_cluster_in_a_folder_that_is_being_deleted(
    paths: ClusterPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_side.start(paths)
    there: list[bool] = []
    remove = shutil.rmtree

    def look_and_remove(folder: Path, *rest: Any, **options: Any) -> None:
        there.append(paths.root.exists())
        remove(folder, *rest, **options)

    monkeypatch.setattr(shutil, "rmtree", look_and_remove)
    assert client_side.reset(paths)
    assert there == [False]
    assert not paths.root.exists()


def test_a_lock_on_a_deleted_file_is_none(paths: ClusterPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    paths.root.mkdir(parents=True)
    flock, first = fcntl.flock, [True]

    def delete_first(descriptor: int, how: int) -> None:
        if first:
            first.clear()
            paths.lock_file.unlink()
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", delete_first)
    lock = DaemonLock(paths)
    lock.acquire()
    assert is_held(paths)
    lock.release()


def test_a_stop_while_pods_start_leaves_no_process(paths: ClusterPaths) -> None:
    for _ in range(3):
        client_side.start(paths)
        node = _node(paths)
        for number in range(10):
            if node.pod(f"p{number}") is None:
                node.run(f"p{number}", shell("sleep 600 & sleep 600"), initContainers=[shell("sleep 0.2", "init")])
        until(lambda: _processes(paths), "the first process")
        daemon = read_pid(paths.pid_file)
        assert client_side.stop(paths)
        assert _processes(paths) == []
        assert daemon and not alive(daemon)
    client_side.start(paths)
    node = _node(paths)
    for number in range(10):
        node.until_ready(f"p{number}")


def test_kills_in_the_middle_of_starts_lose_nothing_and_leave_nobody(paths: ClusterPaths) -> None:
    client_side.start(paths)
    node = _node(paths)
    node.config_map("kept", text="before")
    node.run("runs", shell("exec sleep 600"))
    until(lambda: _processes(paths), "it runs")
    for reached in (paths.pid_file.exists, lambda: _processes(paths), paths.ready_file.exists):
        daemon = read_pid(paths.pid_file)
        assert daemon
        os.kill(daemon, signal.SIGKILL)
        until(lambda daemon=daemon: not alive(daemon), "it is dead")
        starting = threading.Thread(target=_start_in_vain, args=(paths,))
        starting.start()
        another = until(lambda daemon=daemon: _another(paths, daemon), "another daemon says who it is")
        until(reached, "it has come this far")
        os.kill(another, signal.SIGKILL)
        until(lambda another=another: not alive(another), "that one is dead, too")
        starting.join()
        client_side.start(paths)
        # The status of before says that it is ready, until the new process has been told of.
        node = _node(paths)
        until(lambda: len(_processes(paths)) == 1, "one process, and nobody of before")
    assert node.get("configmaps", "kept")["data"] == {"text": "before"}  # type: ignore[index]


def _another(paths: ClusterPaths, before: int) -> int | None:
    pid = read_pid(paths.pid_file)
    return pid if pid != before else None


def _start_in_vain(paths: ClusterPaths) -> None:
    with contextlib.suppress(client_side.LocalClusterError):
        client_side.start(paths)


def _node(paths: ClusterPaths) -> Node:
    api = PlainApi(paths.kubeconfig)
    return Node(api, "default", until(lambda: schedulable_node(api), "the node is ready"))


def _processes(paths: ClusterPaths) -> list[int]:
    mark = state_mark(paths.root)
    return [found.pid for found in procfs.all_facts() if found.state != "Z" and procfs.marked(found.pid, mark)]


def test_a_wait_ends_with_words_when_the_cluster_is_deleted(paths: ClusterPaths, tmp_path: Path) -> None:
    client_side.start(paths)
    manifest = tmp_path / "server.yaml"
    manifest.write_text(
        "apiVersion: mcp.allbeone.io/v1\nkind: MCPServer\nmetadata: {name: never}\nspec: {image: example.test/never}\n"
    )
    command = [sys.executable, "-m", "mcp_cli.main", "--local", "deploy", "-f", str(manifest), "--wait"]
    waiting = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    path = "/apis/mcp.allbeone.io/v1/namespaces/default/mcpservers"
    api = PlainApi(paths.kubeconfig)
    until(lambda: api.call("GET", path)["items"], "the server is written")
    assert client_side.reset(paths)
    _, said = waiting.communicate(timeout=120)
    assert waiting.returncode == 1
    assert "Traceback" not in said
    # What it was told first depends on what it was about to ask: nobody listens, or the answer breaks off.
    assert "error: " in said and ("refuses the connection" in said or "cannot be reached" in said)


async def test_several_resets_at_once_do_no_harm(paths: ClusterPaths) -> None:
    client_side.start(paths)
    results = await asyncio.gather(*(asyncio.to_thread(client_side.reset, paths) for _ in range(5)))
    assert True in results
    assert list(paths.root.parent.iterdir()) == []


def test_a_state_folder_that_is_a_mount_point_is_emptied(paths: ClusterPaths) -> None:
    with tiny_disk(paths.root, 12 * 1024):
        client_side.start(paths)
        assert client_side.reset(paths)
        assert list(paths.root.iterdir()) == []
