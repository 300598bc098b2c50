"""A whole pod of the runner image: a real server from PyPI is installed, served by the bridge, called and stopped."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.local.node.harness import Node, status_of
from tests.local.node.waiting import until
from tests.support.cluster import Cluster

pytestmark = pytest.mark.network

RUNNER = "mcp.allbeone.io/runner:latest"
INSTALL = ["mcp-bridge", "install", "--runtime", "python", "--package", "mcp-server-time", "--into", "/mcp/app"]
SERVE = ["mcp-bridge", "--host", "$(POD_IP)", "--port", "8080", "--path", "/mcp", "--", "/mcp/app/server"]
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


def run_server(node: Node, name: str, package: str = "mcp-server-time") -> None:
    mounts = [{"name": "app", "mountPath": "/mcp/app"}, {"name": "tmp", "mountPath": "/tmp"}]
    install = {"name": "install", "image": RUNNER, "command": [*INSTALL[:5], package, *INSTALL[6:]]}
    serve = {
        "name": "mcp-server",
        "image": RUNNER,
        "command": SERVE,
        "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "ports": [{"name": "mcp", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "mcp"}, "periodSeconds": 1},
    }
    volumes = [{"name": "app", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]
    init = [install | {"volumeMounts": mounts}]
    node.run(name, serve | {"volumeMounts": mounts}, initContainers=init, volumes=volumes)


def post(address: str, message: dict[str, Any]) -> str:
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    request = urllib.request.Request(f"http://{address}:8080/mcp", json.dumps(message).encode(), headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read().decode()


def children(name: str) -> list[int]:
    """Processes whose command line names the pod's folder."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if name.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def test_a_server_from_pypi_is_installed_served_and_stopped(node: Node, cluster: Cluster) -> None:
    run_server(node, "time")
    pod = node.until_ready("time", timeout=90)
    assert "mcp-server-time" in cluster.kubectl("logs", "time", "-c", "install")
    assert '"serverInfo"' in post(pod["status"]["podIP"], INITIALIZE)
    uid = pod["metadata"]["uid"]
    running = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children(uid)]
    assert running and not any(b"uv\0" in line or b"pip" in line for line in running), "no installer stays"
    node.delete("pods", "time")
    until(lambda: node.pod("time") is None, "the pod is gone")
    assert children(uid) == []


def test_a_package_that_does_not_exist_is_named_in_the_log(node: Node, cluster: Cluster) -> None:
    run_server(node, "missing", "mcp-server-that-nobody-ever-published")
    node.until_pod("missing", lambda pod: status_of(pod, "install").get("restartCount", 0) >= 1, "it failed", 90)
    assert "mcp-server-that-nobody-ever-published" in cluster.kubectl("logs", "missing", "-c", "install", "--previous")
