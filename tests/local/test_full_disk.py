"""A full disk: the API says so, nothing that was stored or runs is lost, and all goes on when there is room again."""

from __future__ import annotations

import json
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcp_cli.local.node import procfs
from mcp_cli.local.node.logfile import LogFile
from mcp_cli.local.node.orphans import state_mark
from mcp_cli.local.paths import STATE_DIR_VARIABLE, ClusterPaths
from tests.local.node.harness import Node, schedulable_node, shell, status_of
from tests.local.node.waiting import until
from tests.support.api import PlainApi
from tests.support.processes import Process
from tests.support.tinydisk import TinyDisk, tiny_disk

TALKING = "while :; do printf '%01000d\\n' 0; sleep 0.05; done"


class Daemon:
    """A daemon without operator whose state folder may be small."""

    def __init__(self, state: Path, log: Path) -> None:
        self.paths = ClusterPaths(state)
        argv = [sys.executable, "-m", "mcp_cli.local.daemon", "--no-operator"]
        self.process = Process("daemon", argv, log, {STATE_DIR_VARIABLE: str(state)})
        self.process.wait_until(self.paths.ready_file.exists, "ready", 180)
        self.api = PlainApi(self.paths.kubeconfig)
        self.node = Node(self.api, "default", until(lambda: schedulable_node(self.api), "the node is ready"))

    def processes(self) -> list[int]:
        """The processes of containers of this cluster, without what they started."""
        mark, leaders = state_mark(self.paths.root), (found for found in procfs.all_facts() if found.state != "Z")
        return [found.pid for found in leaders if found.session == found.pid and procfs.marked(found.pid, mark)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[TinyDisk]:
    with tiny_disk(tmp_path / "state", 12 * 1024) as disk:
        yield disk


@pytest.fixture
def daemon(disk: TinyDisk, tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(disk.folder, tmp_path / "daemon.log")
    yield daemon
    daemon.process.stop()


def refusal(daemon: Daemon, name: str) -> dict[str, Any]:
    """What a write is answered with while there is no room."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        for number in range(500):
            daemon.node.config_map(f"{name}-{number}", text="x" * 20_000)
    return {"http": caught.value.code, **json.loads(caught.value.read())}


def restarts(daemon: Daemon, pod: str) -> int:
    return status_of(daemon.node.pod(pod) or {"status": {}}).get("restartCount", 0)


def test_the_api_says_so_loses_nothing_and_recovers(daemon: Daemon, disk: TinyDisk) -> None:
    daemon.node.config_map("kept", text="before")
    daemon.node.run("talks", shell(TALKING))
    daemon.node.until_ready("talks")
    running = daemon.processes()
    disk.fill()
    status = refusal(daemon, "refused")
    assert (status["http"], status["code"], status["reason"]) == (507, 507, "InsufficientStorage")
    assert "free some disk space, nothing stored before is lost" in status["message"]
    assert daemon.node.get("configmaps", "kept")["data"] == {"text": "before"}  # type: ignore[index]
    until(lambda: "lines are missing in" in daemon.process.log.read_text(), "a line that was not written")
    disk.free()
    daemon.node.config_map("after", text="x")
    assert daemon.processes() == running, "a process that could not write its log has ended"
    assert restarts(daemon, "talks") == 0
    assert daemon.process.running()


def test_what_was_stored_is_there_after_a_kill_on_a_full_disk(daemon: Daemon, disk: TinyDisk, tmp_path: Path) -> None:
    daemon.node.config_map("kept", text="before")
    disk.fill()
    refusal(daemon, "refused")
    daemon.process._popen.kill()
    daemon.process.stop()
    daemon.paths.ready_file.unlink(missing_ok=True)
    disk.free()
    again = Daemon(disk.folder, tmp_path / "again.log")
    try:
        assert again.node.get("configmaps", "kept")["data"] == {"text": "before"}  # type: ignore[index]
        again.node.config_map("after", text="x")
    finally:
        again.process.stop()


def test_a_container_that_restarts_meanwhile_runs_again_afterwards(daemon: Daemon, disk: TinyDisk) -> None:
    signal = disk.folder.parent / "end"
    daemon.node.run("ends", shell(f"until [ -e {signal} ]; do sleep 0.05; done; rm {signal}; exit 3"))
    daemon.node.until_ready("ends")
    disk.fill()
    signal.touch()
    until(lambda: "status of pod ends not written" in daemon.process.log.read_text(), "the end of the run")
    disk.free()
    again = daemon.node.until_pod("ends", lambda pod: status_of(pod).get("restartCount"), "another run")
    daemon.node.until_ready("ends")
    assert status_of(again)["lastState"]["terminated"]["exitCode"] in (3, 128)
    assert len(daemon.processes()) == 1
    assert "Traceback" not in daemon.process.log.read_text()


def test_a_process_that_cannot_be_recorded_is_not_left_running(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "state" / "processes", 4) as records:
        daemon = Daemon(tmp_path / "state", tmp_path / "daemon.log")
        try:
            records.fill()
            daemon.node.run("unrecorded", shell("sleep 3600"))
            daemon.node.until_event("unrecorded", "Failed", "the process cannot be recorded: [Errno 28] No space left")
            pod = daemon.node.until_pod("unrecorded", lambda pod: status_of(pod)["lastState"], "a failed start")
            assert status_of(pod)["lastState"]["terminated"]["reason"] == "StartError"
            # The next try may be on its way, and ends as this one did.
            until(lambda: not daemon.processes(), "no process is there")
            records.free()
            daemon.node.until_ready("unrecorded")
            assert len(list(records.folder.glob("*.json"))) == 1
        finally:
            daemon.process.stop()


async def test_a_log_on_a_full_disk_loses_lines_and_nothing_else(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "logs", 64) as disk:
        log = LogFile(disk.folder / "0.log")
        log.write("stdout", b"first\n")
        disk.fill()
        for number in range(1000):
            log.write("stdout", b"lost %d\n" % number)
        disk.free()
        log.write("stdout", b"last\n")
        log.close()
        text = log.path.read_text()
        assert text.splitlines()[0].endswith(" first") and text.endswith(" last\n")
        assert "lost 999" not in text


async def test_a_log_that_cannot_be_rotated_goes_on(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "logs", 64) as disk:
        log = LogFile(disk.folder / "0.log", max_bytes=1000)
        disk.fill()
        for number in range(200):
            log.write("stdout", b"line %d\n" % number)
        disk.free()
        for number in range(200):
            log.write("stdout", b"more %d\n" % number)
        log.close()
        assert log.path.read_text().endswith(" more 199\n")
