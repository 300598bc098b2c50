"""Fixtures of the tour on a real node: the node, the runner image on it, the operator beside it, the program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import realnode, runner_image
from tests.support.processes import Process
from tests.support.realnode import RealNode

NAMESPACE = "team"
BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNode]:
    """A node that knows our kinds and has the runner image."""
    reason = realnode.missing()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("node")
    started = RealNode.up(folder / "node")
    try:
        image = folder / "image"
        image.mkdir()
        started.load(runner_image.build(realnode.ENVTEST, started.base_image(), image))
        manifests = subprocess.run(
            [str(BIN / "mcp"), "operator", "manifests"], capture_output=True, text=True, check=True
        )
        started.kubectl("apply", "-f", "-", input=manifests.stdout)
        started.kubectl("create", "namespace", NAMESPACE)
        started.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
        yield started
    finally:
        started.down()


@pytest.fixture(scope="session")
def operator(node: RealNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The operator as a process outside the cluster's network."""
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    addresses = ["--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0"]
    process = Process(
        "mcp-operator", [str(BIN / "mcp-operator"), "run", f"--kubeconfig={node.kubeconfig}", *addresses], log
    )
    try:
        yield process
    finally:
        process.stop()


@dataclass(frozen=True)
class Program:
    """`mcp` against the real node, in the namespace that enforces Pod Security `restricted`."""

    kubeconfig: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), "MCP_NAMESPACE": NAMESPACE}

    def run(self, *args: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        command = [str(BIN / "mcp"), *args]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=timeout)

    def start(self, *args: str) -> subprocess.Popen[str]:
        """A command that goes on until it is stopped; its standard output is a pipe."""
        return subprocess.Popen([str(BIN / "mcp"), *args], env=self.environment, stdout=subprocess.PIPE, text=True)

    def __call__(self, *args: str) -> str:
        """Standard output of a command that must succeed; shown, since the tour is also something to read."""
        done = self.run(*args)
        print(f"$ mcp {' '.join(args)}\n{done.stderr}{done.stdout}")
        assert done.returncode == 0, f"mcp {' '.join(args)} exited {done.returncode}: {done.stderr}"
        return done.stdout

    def json(self, *args: str) -> Any:
        return json.loads(self(*args, "-o", "json"))


@pytest.fixture
def mcp(node: RealNode, operator: Process) -> Iterator[Program]:
    program = Program(node.kubeconfig)
    yield program
    program.run("delete", "--all", "--yes", "--wait")
