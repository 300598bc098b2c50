"""Fixtures of the controller's tests: the operator under test, and an MCP server for its pods."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.controller.harness import Operated, operated
from tests.controller.mcphttp import Manners, McpHttpServer
from tests.support.cluster import Cluster


@pytest.fixture
async def op(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Operated]:
    # Tests have the patience of a busy machine: the regular look must not do in it what a watch failed to tell.
    monkeypatch.setattr("mcp_operator.controllers.mcpserver.NOT_READY_SECONDS", 3600.0)
    async with operated(cluster) as under_test:
        yield under_test


@pytest.fixture
def manners() -> Manners:
    return Manners()


@pytest.fixture
async def speaker(manners: Manners) -> AsyncIterator[McpHttpServer]:
    """What "runs" in the pods: change `manners` to change it."""
    async with McpHttpServer(manners) as server:
        yield server
