"""The workload controllers as a program of their own, on a real API server that has none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import NotFound
from mcp_operator.runtime.resources import DEPLOYMENTS, NAMESPACES, PODS, SERVICEACCOUNTS

from tests.conftest import ASSETS
from tests.support.controlplane import RealControlPlane
from tests.support.processes import Process
from tests.support.waiting import eventually
from tests.support.workloads import deployment


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[RealControlPlane]:
    if not ASSETS:
        pytest.skip("KUBEBUILDER_ASSETS names no real API server")
    plane = RealControlPlane(next(iter(ASSETS.values())), tmp_path)
    try:
        plane.start_api_server()
        yield plane
    finally:
        plane.stop()


async def test_the_program_runs_a_cluster_and_ends_on_a_signal(bare: RealControlPlane, tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "mcp_cli.local.controllers", "--kubeconfig", str(bare.kubeconfig)]
    program = Process("controllers", argv, tmp_path / "controllers.log")
    kube = await KubeClient.connect(kubeconfig=str(bare.kubeconfig))
    try:
        await kube.create(NAMESPACES, {"metadata": {"name": "x"}})

        async def exists() -> bool:
            try:
                await kube.get(SERVICEACCOUNTS, "default", "x")
            except NotFound:
                return False
            return True

        await eventually(exists, "the service account of the namespace")
        await kube.create(DEPLOYMENTS, deployment("web", 3), "x")

        async def three() -> bool:
            return len((await kube.list(PODS, "x"))["items"]) == 3

        await eventually(three, "three pods")
        await kube.delete(NAMESPACES, "x")

        async def gone() -> bool:
            return "x" not in {each["metadata"]["name"] for each in (await kube.list(NAMESPACES))["items"]}

        await eventually(gone, "the namespace is gone")
        assert program.running(), program.log_tail()
    finally:
        await kube.close()
        program.stop(deadline=5)
    assert "Traceback" not in program.log_tail(), program.log_tail()
