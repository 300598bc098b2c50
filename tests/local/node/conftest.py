"""The fixture `node`: the embedded cluster's node, and the agent beside each real control plane."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.local.node.harness import AgentProgram, Node, schedulable_node
from tests.local.node.waiting import until
from tests.support.cluster import Cluster

if TYPE_CHECKING:
    from tests.conftest import ControlPlane


@pytest.fixture(scope="session")
def node_name(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The node that runs this test process's pods."""
    if control_plane.name == "embedded":
        yield until(lambda: schedulable_node(control_plane.api), "the node is ready")
        return
    name = f"node-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    agent = AgentProgram(control_plane.api, control_plane.kubeconfig, tmp_path_factory.mktemp("agent"), name)
    agent.start()
    yield name
    agent.stop()


@pytest.fixture
def node(control_plane: ControlPlane, cluster: Cluster, node_name: str) -> Node:
    """One namespace on that node."""
    return Node(control_plane.api, cluster.namespace, node_name)
