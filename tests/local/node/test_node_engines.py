"""Whole pods of npm servers that declare which Node they need: one that can be had, and one that nobody has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge.npm_registry import NpmRegistry, npm_registry
from tests.local.node.harness import Node, status_of
from tests.local.node.test_node_runner import INITIALIZE, RUNNER, SERVE, post
from tests.support.cluster import Cluster

pytestmark = pytest.mark.network

# An MCP server that calls itself by the Node that runs it. `node:sqlite` is there without a flag from 22.13 on.
SERVER = """#!/usr/bin/env node
require("node:sqlite");
const answer = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: process.version, version: "1" } };
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line);
  if (id === undefined) return;
  const error = { code: -32601, message: "method not found" };
  console.log(JSON.stringify({ jsonrpc: "2.0", id, ...(method === "initialize" ? { result: answer } : { error }) }));
});
"""


@pytest.fixture
def registry() -> Iterator[NpmRegistry]:
    with npm_registry() as running:
        yield running


def run_server(node: Node, registry: NpmRegistry, package: str) -> None:
    mounts = [{"name": "app", "mountPath": "/mcp/app"}, {"name": "tmp", "mountPath": "/tmp"}]
    install: dict[str, Any] = {
        "name": "install",
        "image": RUNNER,
        "command": ["mcp-bridge", "install", "--runtime", "node", "--package", package, "--into", "/mcp/app"],
        "env": [{"name": "npm_config_registry", "value": registry.address}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }
    serve = {
        "name": "mcp-server",
        "image": RUNNER,
        "command": SERVE,
        "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "ports": [{"name": "mcp", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "mcp"}, "periodSeconds": 1},
        "volumeMounts": mounts,
    }
    volumes = [{"name": "app", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]
    node.run(package, serve, initContainers=[install], volumes=volumes)


def test_a_server_that_wants_a_recent_node_runs_with_one(node: Node, registry: NpmRegistry) -> None:
    registry.publish("modern-server", code=SERVER, engines={"node": ">=24.1"})
    run_server(node, registry, "modern-server")
    pod = node.until_ready("modern-server", timeout=120)
    version = re.search(r'"v(\d+)\.', post(pod["status"]["podIP"], INITIALIZE))
    assert version and int(version[1]) >= 24


def test_a_node_that_nobody_has_is_named_in_the_pods_status(
    node: Node, cluster: Cluster, registry: NpmRegistry
) -> None:
    registry.publish("future-server", "3.1.0", engines={"node": ">=99"})
    run_server(node, registry, "future-server")
    pod = node.until_pod("future-server", lambda pod: ended(pod), "the installation failed", 90)
    assert "future-server 3.1.0 needs Node >=99, and here is " in ended(pod)


def ended(pod: dict[str, Any]) -> str:
    """What the installation said at its last end."""
    status = status_of(pod, "install")
    ends = [status.get(key, {}).get("terminated") for key in ("state", "lastState")]
    return next((end["message"] for end in ends if end and end.get("message")), "")
