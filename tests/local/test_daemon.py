"""The daemon from outside: started, joined, stopped, killed, reset, and what it says when it cannot start."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_cli.local import client_side
from mcp_cli.local.facts import ClusterFacts
from mcp_cli.local.lock import read_pid
from mcp_cli.local.paths import STATE_DIR_VARIABLE, ClusterPaths
from mcp_cli.local.report import report
from tests.support.api import PlainApi
from tests.support.processes import free_ports
from tests.support.waiting import eventually


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClusterPaths]:
    """A cluster of the test's own, stopped at its end."""
    monkeypatch.setenv(STATE_DIR_VARIABLE, str(tmp_path / "state"))
    # As long as a process of a busy machine may take.
    monkeypatch.setattr(client_side, "START_SECONDS", 300.0)
    monkeypatch.setattr(client_side, "STOP_SECONDS", 300.0)
    paths = ClusterPaths.default()
    yield paths
    client_side.stop(paths)


def mcp(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mcp_cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def create(paths: ClusterPaths, name: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    PlainApi(paths.kubeconfig).call("POST", "/api/v1/namespaces/default/configmaps", body)


def names(paths: ClusterPaths) -> set[str]:
    found = PlainApi(paths.kubeconfig).call("GET", "/api/v1/namespaces/default/configmaps")
    return {item["metadata"]["name"] for item in found["items"]}


def kill(paths: ClusterPaths) -> None:
    """What a power cut does to the daemon, as far as a test may do it."""
    pid = read_pid(paths.pid_file)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def test_a_start_ends_when_the_api_answers(paths: ClusterPaths) -> None:
    started = client_side.start(paths)
    assert not started.already
    assert PlainApi(paths.kubeconfig).call("GET", "/version")["minor"] == "36"
    assert client_side.is_running(paths)


def test_secrets_are_for_the_user_alone(paths: ClusterPaths) -> None:
    client_side.start(paths)
    for file in (paths.kubeconfig, paths.token, paths.pki / "ca.key", paths.server_key):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.root.stat().st_mode) == 0o700


def test_nobody_gets_in_without_the_token(paths: ClusterPaths) -> None:
    client_side.start(paths)
    api = PlainApi(paths.kubeconfig)
    api._token = "guessed"
    with pytest.raises(urllib.error.HTTPError) as caught:
        api.call("GET", "/api/v1/namespaces")
    assert caught.value.code == 401
    assert json.loads(caught.value.read())["reason"] == "Unauthorized"


def test_a_second_start_joins_the_first(paths: ClusterPaths) -> None:
    first = client_side.start(paths)
    second = mcp("local", "start")
    assert second.returncode == 0
    assert f"runs already (pid {first.pid})" in second.stderr


def test_starts_at_the_same_time_make_one_daemon(paths: ClusterPaths) -> None:
    results: list[client_side.Started] = []
    threads = [threading.Thread(target=lambda: results.append(client_side.start(paths))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({result.pid for result in results}) == 1
    assert [result.already for result in results].count(False) == 1


def own_port(paths: ClusterPaths) -> int:
    """A port as of an earlier start; between two starts nobody else is given it."""
    (port,) = free_ports(1)
    paths.root.mkdir(mode=0o700)
    ClusterFacts(port).save(paths.cluster_file)
    return port


def test_what_was_stored_is_there_after_a_restart_at_the_same_address(paths: ClusterPaths) -> None:
    port = own_port(paths)
    client_side.start(paths)
    assert ClusterFacts.load(paths.cluster_file).port == port
    create(paths, "kept")
    before = ClusterFacts.load(paths.cluster_file), paths.kubeconfig.read_text()
    assert client_side.stop(paths)
    assert not client_side.is_running(paths)
    client_side.start(paths)
    assert "kept" in names(paths)
    assert (ClusterFacts.load(paths.cluster_file), paths.kubeconfig.read_text()) == before


def test_a_killed_daemon_loses_no_object_and_its_operator_is_ended(paths: ClusterPaths) -> None:
    client_side.start(paths)
    operator = _wait_for_operator(paths)
    for number in range(50):
        create(paths, f"m{number}")
    kill(paths)
    assert not client_side.is_running(paths)
    client_side.start(paths)
    assert {f"m{number}" for number in range(50)} <= names(paths)
    assert not _is_alive(operator)


def test_an_operator_that_dies_is_started_again(paths: ClusterPaths) -> None:
    client_side.start(paths)
    first = _wait_for_operator(paths)
    os.kill(first, signal.SIGKILL)
    second = asyncio.run(eventually(lambda: _another(paths, first), "another operator runs"))
    assert _is_alive(second)


def _another(paths: ClusterPaths, pid: int) -> int | None:
    found = report(paths).get("operatorPid")
    return found if found != pid else None


def _wait_for_operator(paths: ClusterPaths) -> int:
    return asyncio.run(eventually(lambda: report(paths).get("operatorPid"), "the operator runs"))


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_taken_port_is_replaced(paths: ClusterPaths) -> None:
    taken = own_port(paths)
    client_side.start(paths)
    create(paths, "kept")
    client_side.stop(paths)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", taken))
        other.listen()
        client_side.start(paths)
        assert ClusterFacts.load(paths.cluster_file).port != taken
        assert "kept" in names(paths)


def test_a_broken_database_stops_the_start_and_is_left_alone(paths: ClusterPaths) -> None:
    paths.root.mkdir(parents=True)
    paths.database.write_bytes(b"garbage" * 1000)
    refused = mcp("local", "start")
    assert refused.returncode == 1
    assert "is damaged" in refused.stderr
    assert "mcp local reset" in refused.stderr
    assert paths.database.read_bytes() == b"garbage" * 1000


def test_a_state_folder_that_cannot_be_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(STATE_DIR_VARIABLE, str(tmp_path / "file" / "state"))
    refused = mcp("local", "start")
    assert refused.returncode == 1
    assert "cannot start the embedded cluster" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_status_tells_where_and_how_much(paths: ClusterPaths) -> None:
    assert mcp("local", "status").returncode == 1
    client_side.start(paths)
    told = mcp("local", "status", "-o", "json")
    found = json.loads(told.stdout)
    assert told.returncode == 0
    assert found["running"] is True
    assert found["server"].startswith("https://127.0.0.1:")
    assert found["memoryBytes"]["daemon"] > 1_000_000


def test_stop_without_a_cluster_is_no_failure(paths: ClusterPaths) -> None:
    stopped = mcp("local", "stop")
    assert (stopped.returncode, stopped.stderr) == (0, "The embedded cluster does not run.\n")


def test_kubeconfig_and_logs(paths: ClusterPaths) -> None:
    early = mcp("local", "kubeconfig")
    assert early.returncode == 1
    assert "mcp local start" in early.stderr
    client_side.start(paths)
    assert mcp("local", "kubeconfig").stdout == f"{paths.kubeconfig}\n"
    assert "ready on https://" in mcp("local", "logs", "--tail", "50").stdout


def test_reset_asks_and_then_leaves_nothing(paths: ClusterPaths) -> None:
    client_side.start(paths)
    assert mcp("local", "reset").returncode != 0
    assert client_side.is_running(paths)
    assert mcp("local", "reset", "--yes").returncode == 0
    assert not paths.root.exists()


def test_reset_touches_no_folder_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_DIR_VARIABLE, str(tmp_path))
    (tmp_path / "diary.txt").write_text("mine")
    refused = mcp("local", "reset", "--yes")
    assert refused.returncode == 1
    assert (tmp_path / "diary.txt").read_text() == "mine"


def test_a_command_that_needs_a_cluster_starts_it_with_one_line(paths: ClusterPaths) -> None:
    said: list[str] = []
    kubeconfig = client_side.ensure_running(said.append)
    assert kubeconfig == str(paths.kubeconfig)
    assert len(said) == 1
    client_side.ensure_running(said.append)
    assert len(said) == 1
