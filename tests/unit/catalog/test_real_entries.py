"""Every entry of both real registries becomes a server that the rules of the API accept, or says why not."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest
from mcp_operator.api.validation import validate
from mcp_operator.catalog.errors import NotDeployable
from mcp_operator.catalog.model import ServerEntry

from tests.unit.catalog.snapshots import all_entries, needs_snapshots

sys.path.insert(0, str(Path(__file__).parents[3] / "tools"))
from example_values import SECRET, plan_with_examples

pytestmark = [pytest.mark.fast, needs_snapshots]


def reason(entry: ServerEntry) -> str:
    """`ok`, or one word for what stands in the way."""
    try:
        manifest = plan_with_examples(entry)[0].manifest
    except NotDeployable as error:
        return str(error).removeprefix(f"{entry.name}: ")
    if manifest["spec"]["runtime"]["type"] == "remote":
        return "ok"
    wrong = {error.reason for error in validate(manifest)}
    return "ok" if not wrong else ", ".join(sorted(wrong))


def test_all_that_a_cluster_can_run_becomes_a_server() -> None:
    found = Counter(reason(entry) for entry in all_entries())
    assert found == {
        "ok": 1671,
        "CommandUnknown": 345,
        "it names nothing to run": 49,
        "it is published as mcpb, which cannot run in a cluster": 37,
        "it is published as nuget, which cannot run in a cluster": 10,
        "it is a set of tools that start a container each, and no server": 2,
    }


def test_secret_never_stands_in_a_manifest() -> None:
    for entry in all_entries():
        try:
            plan, made_up = plan_with_examples(entry)
        except NotDeployable:
            continue
        asked = [one for one in made_up if one.secret]
        assert str(plan.manifest).count(f"'name': '{SECRET}'") >= bool(asked)
