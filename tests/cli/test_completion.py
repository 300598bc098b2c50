"""What TAB offers, asked as bash asks: names from a cluster, kinds, tools, and nothing where there is no answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from mcp_cli.kinds import SERVERS
from mcp_cli.kube import Cluster as Kube
from mcp_cli.target import from_files
from tests.cli.running import Result, mcp
from tests.support.cluster import Cluster

Tab = Callable[[str], list[str]]


def complete(line: str, env: dict[str, str | None]) -> list[str]:
    """What is offered for the last word of the line."""
    asking: dict[str, str | None] = {
        "_MCP_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    done = mcp(env={**env, **asking})
    assert done.stderr == ""
    return [offered.partition(",")[2] for offered in done.stdout.splitlines() if offered]


@pytest.fixture
def tab(on: Callable[..., Result], cluster: Cluster, patient_completion: None) -> Tab:
    """TAB on a cluster with the servers time and fetch."""
    spec = {"runtime": {"type": "python", "package": "x"}}
    server = {"apiVersion": "mcp.allbeone.io/v1", "kind": "MCPServer", "spec": spec}
    documents = [server | {"metadata": {"name": name}} for name in ("time", "fetch")]
    assert on("deploy", "-f", "-", input=yaml.safe_dump_all(documents)).code == 0
    kube = Kube(from_files([str(cluster.kubeconfig)], None))
    status = {"phase": "Running", "mcp": {"tools": ["get_current_time", "convert_time"]}}
    kube.merge(SERVERS, "time", {"status": status}, cluster.namespace, subresource="status")
    env: dict[str, str | None] = {"KUBECONFIG": str(cluster.kubeconfig), "MCP_NAMESPACE": cluster.namespace}
    return lambda line: complete(line, env)


def test_names_from_the_cluster(tab: Tab) -> None:
    assert tab("mcp status ") == ["fetch", "time"]
    assert tab("mcp get servers t") == ["time"]
    assert tab("mcp get servers time ") == ["fetch"]
    assert tab("mcp get mcps/") == ["mcps/fetch", "mcps/time"]
    assert tab("mcp describe server/f") == ["server/fetch"]
    assert tab("mcp delete time ") == ["fetch"]
    assert tab("mcp delete servers t") == ["time"]
    assert tab("mcp restart servers/t") == ["servers/time"]
    assert tab("mcp get registries ") == []


def test_tools_come_from_the_status(tab: Tab) -> None:
    assert tab("mcp tools call time get") == ["get_current_time"]
    assert tab("mcp tools call fetch ") == []


def test_namespaces_before_and_after_the_command(tab: Tab) -> None:
    for line in ("mcp -n kube-p", "mcp get -n kube-p"):
        assert tab(line) == ["kube-public"]
    assert tab("mcp -n kube-public get servers ") == []


@pytest.mark.fast
def test_without_any_cluster(tmp_path: Path) -> None:
    dead = tmp_path / "config"
    cluster = {"server": "https://127.0.0.1:1", "insecure-skip-tls-verify": True}
    dead.write_text(
        yaml.safe_dump(
            {
                "current-context": "x",
                "contexts": [{"name": "x", "context": {"cluster": "c"}}, {"name": "y", "context": {"cluster": "c"}}],
                "clusters": [{"name": "c", "cluster": cluster}],
            }
        )
    )
    for env in ({"KUBECONFIG": None}, {"KUBECONFIG": str(dead)}, {"KUBECONFIG": str(tmp_path / "none")}):
        assert complete("mcp get s", env) == ["servers"]
        assert complete("mcp status ", env) == []
        assert complete("mcp tools call time ", env) == []
        assert complete("mcp logs time -c ", env) == ["mcp-server", "install"]
    assert complete("mcp --context ", {"KUBECONFIG": str(dead)}) == ["x", "y"]
    assert complete("mcp get --context ", {"KUBECONFIG": str(dead)}) == ["x", "y"]
