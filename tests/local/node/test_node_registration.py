"""A node that comes back after a silence, as on the morning after `mcp local stop`."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.resources import LEASES, NODES

from mcp_cli.local.node.config import NodeConfig
from mcp_cli.local.node.registration import LEASE_NAMESPACE, Registration
from tests.support.cluster import Cluster
from tests.support.waiting import eventually

LAST_NIGHT = "2020-01-01T00:00:00.000000Z"
NOT_READY = "node.kubernetes.io/not-ready"


def ready(node: dict[str, Any]) -> str:
    return next(each["status"] for each in node["status"]["conditions"] if each["type"] == "Ready")


def taints(node: dict[str, Any]) -> list[str]:
    return [each["key"] for each in node["spec"].get("taints") or []]


@pytest.mark.parametrize("control_plane", ["embedded"], indirect=True)
async def test_a_node_that_was_away_for_a_night_takes_pods_at_once(cluster: Cluster, tmp_path: Path) -> None:
    name = f"away-{uuid.uuid4().hex[:8]}"
    config = NodeConfig(tmp_path, "127.249", node_name=name, taints=("nobody=here:NoSchedule",))
    async with cluster.client() as kube:
        try:
            await Registration(kube, config).register()
            stale = {"spec": {"renewTime": LAST_NIGHT}}
            await kube.patch(LEASES, name, stale, LEASE_NAMESPACE)
            # The controller looks at a node when it changes.
            await kube.patch(NODES, name, {"metadata": {"labels": {"touched": "yes"}}})
            await eventually(lambda: is_lost(kube, name), "the node counts as lost")

            await Registration(kube, config).register()
            await eventually(lambda: takes_pods(kube, name), "the node takes pods again")
            await kube.patch(NODES, name, {"metadata": {"labels": {"touched": "twice"}}})
            assert ready(await kube.get(NODES, name)) == "True"
        finally:
            await kube.delete(NODES, name)


async def is_lost(kube: KubeClient, name: str) -> bool:
    node = await kube.get(NODES, name)
    return ready(node) == "Unknown" and NOT_READY in taints(node)


async def takes_pods(kube: KubeClient, name: str) -> bool:
    """For good: beside a lease that is still stale the next look would make it lost again."""
    node, lease = await kube.get(NODES, name), await kube.get(LEASES, name, LEASE_NAMESPACE)
    return ready(node) == "True" and NOT_READY not in taints(node) and lease["spec"]["renewTime"] != LAST_NIGHT
