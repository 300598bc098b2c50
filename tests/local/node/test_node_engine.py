"""Container images through an engine. The engine is a stand-in: a script that keeps a list of what it is asked for.

It runs the command of `run` on this machine, so that signals, exit codes and output take the way they take with the
real programs, of which a test machine need have none.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_cli.local.node.engine import Engine, ensure_image
from tests.conftest import ControlPlane
from tests.local.node.harness import AgentProgram, Node, status_of, waiting_reason
from tests.local.node.waiting import until
from tests.support.cluster import Cluster

SCRIPT = """#!/bin/sh
echo "$*" >>"{folder}/calls"
case "$1" in
version) exit 0 ;;
ps) echo left-over-1; echo left-over-2 ;;
image) exit 1 ;;
pull) case "$2" in *broken*) echo "manifest unknown" >&2; exit 1 ;; esac ;;
exec) shift 2; exec "$@" ;;
run)
  program=
  while [ "$1" != "$IMAGE_MARK" ]; do
    case "$1" in --entrypoint) program=$2 ;; esac
    shift
  done
  shift
  exec "$program" "$@" ;;
esac
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with a `docker` that is the script above."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "docker").write_text(
        SCRIPT.replace("{folder}", str(folder)).replace("$IMAGE_MARK", "example.test/tool:1")
    )
    (folder / "docker").chmod(0o755)
    return folder


def calls(programs: Path) -> list[str]:
    return (programs / "calls").read_text().splitlines()


async def test_an_engine_is_found_once_and_left_over_containers_are_removed(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    engine = Engine("/state")
    assert await engine.program() == await engine.program() == str(programs / "docker")
    assert calls(programs) == [
        "version",
        "ps --all --quiet --filter label=mcp.allbeone.io/node=/state",
        "rm --force left-over-1 left-over-2",
    ]


async def test_without_an_engine_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await Engine("/state").program() is None


async def test_images_are_pulled_as_the_policy_says(programs: Path) -> None:
    docker = str(programs / "docker")
    assert await ensure_image(docker, "example.test/tool:1", "IfNotPresent") is None
    assert calls(programs) == ["image inspect example.test/tool:1", "pull example.test/tool:1"]
    assert await ensure_image(docker, "broken", "Always") == 'Failed to pull image "broken": manifest unknown'
    assert "pull policy of Never" in str(await ensure_image(docker, "x", "Never"))


@pytest.fixture
def engine_node(
    control_plane: ControlPlane, cluster: Cluster, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Node]:
    """A node whose machine has the engine."""
    if control_plane.name == "embedded":
        pytest.skip("the daemon under test has no engine")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    agent = AgentProgram(control_plane.api, control_plane.kubeconfig, tmp_path / "agent", f"eng-{uuid.uuid4().hex[:6]}")
    agent.start()
    yield Node(control_plane.api, cluster.namespace, agent.node_name)
    agent.stop()


def test_a_container_image_runs_through_the_engine(engine_node: Node, cluster: Cluster, programs: Path) -> None:
    command = ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo $GREETING; while :; do sleep 0.05; done"]
    container = {"name": "main", "image": "example.test/tool:1", "command": command}
    container["env"] = [{"name": "GREETING", "value": "hello"}]
    container["volumeMounts"] = [{"name": "d", "mountPath": "/data"}]
    container["readinessProbe"] = {"exec": {"command": ["true"]}, "periodSeconds": 1}
    engine_node.run("boxed", container, volumes=[{"name": "d", "emptyDir": {}}])
    pod = engine_node.until_ready("boxed")
    assert status_of(pod)["containerID"].startswith("docker://mcp-")
    assert cluster.kubectl("logs", "boxed") == "hello\n"
    engine_node.delete("pods", "boxed")
    until(lambda: engine_node.pod("boxed") is None, "the pod is gone")
    instance = status_of(pod)["containerID"].removeprefix("docker://")
    asked = calls(programs)
    run = next(call for call in asked if call.startswith("run "))
    assert "--network host" in run and "--env GREETING" in run and ":/data " in run and f"--name {instance} " in run
    assert f"exec {instance} true" in asked
    assert asked[-1] == f"rm --force {instance}"


def test_an_image_that_cannot_be_pulled_says_so(engine_node: Node) -> None:
    engine_node.run("unpullable", {"name": "main", "image": "example.test/broken:1"})
    engine_node.until_pod("unpullable", lambda pod: waiting_reason(pod) == "ImagePullBackOff", "ImagePullBackOff")
    engine_node.until_event("unpullable", "Failed", "manifest unknown")
