"""What a stop, a kill and a new start of the node agent mean for pods and their processes."""

from __future__ import annotations

import os
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_cli.local.paths import STATE_DIR_VARIABLE, ClusterPaths
from tests.conftest import ControlPlane
from tests.local.node.harness import AgentProgram, Node, is_ready, schedulable_node, shell, status_of
from tests.local.node.waiting import until
from tests.support.api import PlainApi
from tests.support.processes import Process

COUNTING = "echo $$ >>/d/pids; setsid sh -c 'echo $$ >>/d/pids; exec sleep 3600' & sleep 3600 & echo $! >>/d/pids; wait"


class OwnAgent:
    """An agent that a test may kill: a daemon of its own, or an agent of its own beside the real control plane."""

    def __init__(self, control_plane: ControlPlane, folder: Path) -> None:
        self._plane = control_plane
        self._folder = folder
        self._program: AgentProgram | None = None
        self.process: Process | None = None
        self.api = control_plane.api
        self.node_name = f"own-{uuid.uuid4().hex[:6]}"

    def start(self) -> None:
        if self._plane.name == "embedded":
            self._start_daemon()
            return
        if self._program is None:
            self._program = AgentProgram(self.api, self._plane.kubeconfig, self._folder, self.node_name)
        self._program.start()
        self.process = self._program.process

    def _start_daemon(self) -> None:
        paths = ClusterPaths(self._folder)
        paths.ready_file.unlink(missing_ok=True)
        argv = [sys.executable, "-m", "mcp_cli.local.daemon", "--no-operator"]
        self.process = Process("daemon", argv, self._folder / "test.log", {STATE_DIR_VARIABLE: str(self._folder)})
        self.process.wait_until(paths.ready_file.exists, "ready", 180)
        self.api = PlainApi(paths.kubeconfig)
        self.node_name = until(lambda: schedulable_node(self.api), "the node is ready")

    def kill(self) -> None:
        """SIGKILL to the agent alone, as the kernel does when memory is short."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.stop()

    def stop(self) -> None:
        assert self.process is not None
        self.process.stop(deadline=60)

    def finish(self) -> None:
        if self._program is not None:
            self._program.stop()
        elif self.process is not None:
            self.process.stop()


@pytest.fixture
def agent(control_plane: ControlPlane, tmp_path: Path) -> Iterator[OwnAgent]:
    made = OwnAgent(control_plane, tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.finish()


@pytest.fixture
def own_node(agent: OwnAgent) -> Iterator[Node]:
    """A namespace and node of the agent that the test may kill."""
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    agent.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    yield Node(agent.api, namespace, agent.node_name)
    agent.api.call("DELETE", f"/api/v1/namespaces/{namespace}")


def run_counting(node: Node, folder: Path) -> list[int]:
    """A pod of three processes, one of which left the session; their pids."""
    mount = {"volumeMounts": [{"name": "d", "mountPath": "/d"}]}
    volumes = [{"name": "d", "hostPath": {"path": str(folder), "type": "DirectoryOrCreate"}}]
    node.run("family", shell(COUNTING) | mount, volumes=volumes)
    node.until_ready("family")
    return until(lambda: pids_in(folder), "all three run")


def pids_in(folder: Path) -> list[int] | None:
    """None before the last of them has said who it is."""
    file = folder / "pids"
    pids = [int(line) for line in file.read_text().split()] if file.exists() else []
    return pids if len(pids) >= 3 else None


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_after_a_kill_no_process_is_left_and_the_pod_runs_again(
    agent: OwnAgent, own_node: Node, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shared")
    first = run_counting(own_node, folder)
    (folder / "pids").unlink()
    agent.kill()
    agent.start()
    node = Node(agent.api, own_node.namespace, agent.node_name)
    again = until(lambda: pids_in(folder), "the pod runs again")
    assert not any(alive(pid) for pid in first), "no orphan"
    assert all(alive(pid) for pid in again)
    pod = node.until_pod("family", lambda pod: is_ready(pod) and status_of(pod)["restartCount"] == 1, "ready again")
    last = status_of(pod)["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (255, "Unknown")


def test_a_stop_ends_the_processes_and_keeps_the_pod(
    agent: OwnAgent, own_node: Node, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shared")
    pids = run_counting(own_node, folder)
    address = own_node.until_ready("family")["status"]["podIP"]
    (folder / "pids").unlink()
    agent.stop()
    assert not any(alive(pid) for pid in pids)
    assert not (folder / "pids").exists(), "nothing is started while the agent stops"
    assert agent.process is not None and "was destroyed" not in agent.process.log_tail(), "every task was ended"
    agent.start()
    node = Node(agent.api, own_node.namespace, agent.node_name)
    until(lambda: pids_in(folder), "the pod runs again")
    assert node.until_ready("family")["status"]["podIP"] == address


def test_a_pod_that_was_deleted_while_the_agent_was_down_is_removed_at_the_next_start(
    agent: OwnAgent, own_node: Node, control_plane: ControlPlane
) -> None:
    if control_plane.name == "embedded":
        pytest.skip("the daemon's API is down with its agent")
    own_node.run("doomed", shell("exec sleep 3600"))
    own_node.until_ready("doomed")
    agent.stop()
    own_node.delete("pods", "doomed")
    assert own_node.pod("doomed") is not None, "only the node may say that it is gone"
    agent.start()
    until(lambda: own_node.pod("doomed") is None, "the pod is gone")


def test_a_pod_that_had_ended_is_not_run_again(agent: OwnAgent, own_node: Node) -> None:
    own_node.run("done", shell("exit 0"), restartPolicy="Never")
    before = own_node.until_phase("done", "Succeeded")
    agent.stop()
    agent.start()
    node = Node(agent.api, own_node.namespace, agent.node_name)
    node.run("other", shell("exec sleep 3600"))
    node.until_ready("other")
    assert node.pod("done")["status"] == before["status"]


def test_a_second_agent_with_the_same_block_says_so(
    agent: OwnAgent, control_plane: ControlPlane, tmp_path: Path
) -> None:
    host = agent.api.call("GET", f"/api/v1/nodes/{agent.node_name}")["status"]["addresses"][0]["address"]
    argv = [sys.executable, "-m", "mcp_cli.local.node", "--state-dir", str(tmp_path / "second")]
    argv += ["--kubeconfig", str(control_plane.kubeconfig), "--address-block", ".".join(host.split(".")[:2])]
    second = Process("second agent", argv, tmp_path / "second.log")
    until(lambda: not second.running(), "it ends by itself")
    assert f"{host}:10250 is in use: another node agent has this address block" in second.log_tail()
