"""MCPRegistries and servers that run elsewhere, as a user of the command line meets them: a whole embedded cluster."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.cli.running import Result, mcp

Env = dict[str, str | None]

REGISTRY = """
apiVersion: mcp.allbeone.io/v1
kind: MCPRegistry
metadata: {name: team}
spec: {source: {type: builtin}, filters: {include: [time, git]}}
"""


def until(done: Callable[[], Result], fits: Callable[[Result], bool]) -> Result:
    deadline = time.monotonic() + 30
    while True:
        result = done()
        if fits(result):
            return result
        assert time.monotonic() < deadline, result
        time.sleep(0.1)


@pytest.fixture
def team(own_cluster: Env) -> Env:
    assert mcp("deploy", "-f", "-", input=REGISTRY, env=own_cluster).code == 0
    listed = ("get", "registries", "team", "-o", "jsonpath={.status.phase}")
    until(lambda: mcp(*listed, env=own_cluster), lambda result: result.stdout == "Ready")
    return own_cluster


def test_registries_are_listed_and_described(team: Env) -> None:
    lines = mcp("get", "registries", env=team).stdout.splitlines()
    assert lines[0].split() == ["NAME", "READY", "PHASE", "SERVERS", "LAST", "SYNC", "AGE"]
    assert lines[1].split()[:4] == ["team", "True", "Ready", "2"]
    described = mcp("describe", "registry", "team", env=team).stdout
    assert "lastSyncTime" in described
    assert "Synced" in described


def test_a_refresh_of_the_cluster_makes_the_operator_read(team: Env) -> None:
    seen = ("get", "registries", "team", "-o", "jsonpath={.status.syncTrigger}")
    before = mcp(*seen, env=team).stdout
    done = mcp("registry", "refresh", "--cluster", "--name", "team", env=team)
    assert (done.code, done.stdout) == (0, "mcpregistry.mcp.allbeone.io/team is read again\n")
    until(lambda: mcp(*seen, env=team), lambda result: result.stdout not in ("", before))
    missing = mcp("registry", "refresh", "--cluster", "--name", "teem", env=team)
    assert missing.code == 1
    assert 'Did you mean "team"?' in missing.stderr


def test_the_entries_of_a_registry_are_a_source_of_the_catalogue(team: Env) -> None:
    added = mcp("registry", "add", "team", "--type", "cluster", env=team)
    assert added.code == 0, added.stderr
    found = mcp("registry", "list", "--source", "team", "-o", "json", env=team).json["items"]
    assert sorted(item["name"] for item in found) == ["git", "time"]
    assert mcp("registry", "refresh", "--name", "team", env=team).code == 0
    gone = mcp("registry", "add", "other", "--type", "cluster", "--path", "default/nothing", env=team)
    assert gone.code == 1
    assert "there is no MCPRegistry nothing in namespace default" in gone.stderr


def test_the_tools_of_a_server_that_runs_elsewhere_can_be_called(asking: Env) -> None:
    url = next(iter(mcp("connect", "asking", env=asking).json["mcpServers"].values()))["url"]
    server = {
        "apiVersion": "mcp.allbeone.io/v1",
        "kind": "MCPServer",
        "metadata": {"name": "far"},
        "spec": {"runtime": {"type": "remote", "url": url, "headers": [{"name": "X-Team", "value": "search"}]}},
    }
    assert mcp("deploy", "-f", "-", "--wait", input=json.dumps(server), env=asking).code == 0
    assert mcp("tools", "call", "far", "add", "--arg", "a=1", "--arg", "b=2", env=asking).stdout == "3\n"
    assert mcp("connect", "far", env=asking).json["mcpServers"]["far"]["url"] == url
    refused = mcp("port-forward", "far", env=asking)
    assert refused.code == 1
    assert url in refused.stderr
