"""The real snapshots of both registries, for tests that want many entries; they are beside the project, not in it."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from mcp_operator.catalog import docker, official
from mcp_operator.catalog.model import ServerEntry

DATA = Path(__file__).parents[4] / "shared" / "data"
OFFICIAL = DATA / "official-registry" / "servers.json"
DOCKER = DATA / "docker-mcp-registry"

needs_snapshots = pytest.mark.skipif(
    not (OFFICIAL.is_file() and DOCKER.is_dir()), reason=f"needs the registries' snapshots in {DATA}"
)


@functools.cache
def official_items() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(OFFICIAL.read_text())["servers"]
    return listed


@functools.cache
def all_entries() -> list[ServerEntry]:
    """Every entry of both; a test of each parser shows that none is missing."""
    found = [official.parse(item, "official", "snapshot") for item in official_items()]
    return found + [entry for entry in docker.read_directory(DOCKER, "docker") if isinstance(entry, ServerEntry)]
