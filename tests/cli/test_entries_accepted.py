"""Servers made of real entries are accepted by the API server of every control plane, in a dry run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from mcp_operator.catalog.errors import NotDeployable
from mcp_operator.runtime.errors import ApiError

from mcp_cli.kinds import SERVERS
from tests.cli.running import Result
from tests.support.cluster import Cluster
from tests.unit.catalog.snapshots import all_entries, needs_snapshots

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from example_values import plan_with_examples

STEP = 13


@needs_snapshots
async def test_entries_of_both_registries_are_accepted(cluster: Cluster, on: Callable[..., Result]) -> None:
    refused, tried = [], 0
    async with cluster.client() as kube:
        for entry in all_entries()[::STEP]:
            try:
                manifest = plan_with_examples(entry, cluster.namespace)[0].manifest
            except NotDeployable:
                continue
            tried += 1
            try:
                await kube.create(SERVERS, manifest, dry_run=True)
            except ApiError as error:
                refused.append(f"{entry.name}: {error.message}")
    assert refused == []
    assert tried > 140
