"""The README's tour on a real kubelet: real images, security contexts, probes, Services, Pod Security `restricted`."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.conftest import NAMESPACE, Program
from tests.support import realnode
from tests.support.realnode import RealNode
from tests.support.runner_image import NODE_SERVER

pytestmark = pytest.mark.node


def test_the_tour(mcp: Program, node: RealNode) -> None:
    mcp("deploy", "time", "--replicas", "3", "--wait", "--wait-timeout", "3m")
    pods = json.loads(
        node.kubectl("-n", NAMESPACE, "get", "pods", "-l", "app.kubernetes.io/instance=time", "-o", "json")
    )
    assert len(pods["items"]) == 3
    for pod in pods["items"]:
        assert {"type": "Ready", "status": "True"}.items() <= next(
            each for each in pod["status"]["conditions"] if each["type"] == "Ready"
        ).items()
    row = next(line.split() for line in mcp("get", "servers").splitlines() if line.startswith("time"))
    assert row[:6] == ["time", "pypi:mcp-server-time", row[2], "3", "3", "Running"]
    assert "Replicas: 3/3" in mcp("status", "time")
    assert "get_current_time" in mcp("tools", "list", "time")
    assert "Europe/Berlin" in mcp("tools", "call", "time", "get_current_time", "--arg", "timezone=Europe/Berlin")
    assert "mcp-bridge" in mcp("server", "logs", "time", "--tail", "20")
    mcp("scale", "time", "--replicas", "1", "--wait")
    assert mcp.json("get", "servers", "time")["status"]["readyReplicas"] == 1
    mcp("delete", "time", "--wait")
    left = json.loads(node.kubectl("-n", NAMESPACE, "get", "deploy,rs,svc,sa,pods", "-o", "json"))["items"]
    assert [item["metadata"]["name"] for item in left if item["metadata"]["name"].startswith("time")] == []


def test_status_is_what_the_running_server_said(mcp: Program) -> None:
    mcp("deploy", "time", "--wait", "--wait-timeout", "3m")
    said = mcp.json("get", "servers", "time")["status"]["mcp"]
    assert said["serverInfo"]["name"] == "mcp-time"
    assert "2026-07-28" in said["protocolVersions"]
    assert sorted(said["tools"]) == ["convert_time", "get_current_time"]


def test_npm_server_runs_with_a_read_only_root(mcp: Program) -> None:
    mcp("deploy", "everything", "--wait", "--wait-timeout", "3m")
    assert mcp.json("get", "servers", "everything")["status"]["image"] == f"npm:{NODE_SERVER}"
    assert "Echo: hello" in mcp("tools", "call", "everything", "echo", "--arg", "message=hello")


def test_stdio_image_without_python_or_libc_is_bridged(mcp: Program, node: RealNode, tmp_path: Path) -> None:
    node.load(stdio_image(tmp_path))
    args = ["--image", "example.test/stdio:1", "--transport", "stdio", "--command", "/server"]
    mcp("deploy", "static", *args, "--wait", "--wait-timeout", "3m")
    assert "hello from a static binary" in mcp("tools", "call", "static", "greet")


def test_broken_image_is_named_in_the_status(mcp: Program) -> None:
    done = mcp.run("deploy", "broken", "--image", "example.test/none:1", "--wait", "--wait-timeout", "12s")
    assert done.returncode == 124
    assert "example.test/none:1" in done.stderr
    assert "ImagePull" in mcp("status", "broken") or "ErrImagePull" in mcp("status", "broken")


def test_crashing_server_is_named_in_the_status(mcp: Program) -> None:
    image = "docker.io/library/python:3.11-slim"
    words = ["--command", "python3", "--arg=-c", "--arg=import sys; sys.exit('no licence key found')"]
    done = mcp.run("deploy", "crashing", "--image", image, *words, "--wait", "--wait-timeout", "25s")
    assert done.returncode in (1, 124)
    status = mcp("status", "crashing")
    assert "CrashLoopBackOff" in status or "exit code 1" in status
    assert "no licence key found" in status


def test_server_that_only_greets_is_told_by_its_termination_message(mcp: Program) -> None:
    """After exit code 0 the kubelet gives nothing of the log: the bridge left the words, as user 1000."""
    image = "docker.io/library/python:3.11-slim"
    words = ["--transport", "stdio", "--command", "python3", "--arg=-c", "--arg=print('Hello from it')"]
    mcp.run("deploy", "greeting", "--image", image, *words, "--wait", "--wait-timeout", "30s")
    status = mcp("status", "greeting")
    assert "exit code 0: Hello from it" in status
    assert "never answered: is it an MCP server on stdio" in status


def test_package_that_does_not_exist_is_named_in_the_status(mcp: Program, tmp_path: Path) -> None:
    manifest = tmp_path / "server.yaml"
    manifest.write_text(
        "apiVersion: mcp.allbeone.io/v1\nkind: MCPServer\nmetadata: {name: missing}\n"
        "spec: {runtime: {type: python, package: no-such-server}}\n"
    )
    done = mcp.run("deploy", "-f", str(manifest), "--wait", "--wait-timeout", "20s")
    assert done.returncode in (1, 124)
    assert "no-such-server" in mcp("status", "missing")


def test_port_forward_reaches_the_server(mcp: Program) -> None:
    mcp("deploy", "time", "--wait", "--wait-timeout", "3m")
    forwarder = mcp.start("port-forward", "time")
    try:
        assert forwarder.stdout is not None
        url = forwarder.stdout.readline().split()[1]
        assert "get_current_time" in listed_tools(url)
    finally:
        forwarder.terminate()
        forwarder.wait(10)


def listed_tools(url: str) -> str:
    """What the server answers to `tools/list` at a URL, asked as any modern client asks."""
    meta = {"protocolVersion": "2026-07-28", "clientCapabilities": {}}
    params = {"_meta": {f"io.modelcontextprotocol/{key}": value for key, value in meta.items()}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params}).encode()
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/list",
    }
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
        return str(answer.read().decode())


def stdio_image(folder: Path) -> Path:
    """An image of one static binary: no shell, no Python, no C library."""
    source = Path(__file__).parent / "stdio_server.go"
    layer = folder / "layer"
    layer.mkdir()
    environment = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOCACHE": str(folder / "cache"), "HOME": str(folder)}
    subprocess.run(
        ["go", "build", "-o", str(layer / "server"), str(source)],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        timeout=300,
    )
    archive = folder / "stdio.tar"
    mkimage = [str(realnode.ENVTEST / "mkimage"), str(archive), "example.test/stdio:1", str(layer), "--user", "1000"]
    subprocess.run(mkimage, check=True, capture_output=True)
    return archive
