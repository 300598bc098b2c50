"""The fixture `work`: a cluster with what the tests of workload controllers need of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from mcp_operator.runtime.resources import NAMESPACES, NODES

from tests.support.cluster import Cluster
from tests.support.workloads import Workloads, beat, make_node


@pytest_asyncio.fixture
async def work(cluster: Cluster) -> AsyncIterator[Workloads]:
    async with cluster.client() as kube:
        yield Workloads(cluster, kube)


@pytest_asyncio.fixture
async def node(work: Workloads) -> AsyncIterator[str]:
    """The name of a ready node that is the test's own and has no machine."""
    name = f"node-{work.namespace}"
    await make_node(work.kube, name)
    beating = asyncio.create_task(beat(work.kube, name))
    yield name
    beating.cancel()
    await asyncio.wait([beating])
    # Nothing new is created in a namespace that is being deleted, so that the last pod is the last.
    await work.kube.delete(NAMESPACES, work.namespace)
    await work.force_delete_pods()
    await work.kube.delete(NODES, name)
