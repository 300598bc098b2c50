"""The fixture `work`: a cluster with what the tests of workload controllers need of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.cluster import Cluster
from tests.support.workloads import Workloads


@pytest_asyncio.fixture
async def work(cluster: Cluster) -> AsyncIterator[Workloads]:
    async with cluster.client() as kube:
        yield Workloads(cluster, kube)
