"""Fixtures of the command line's tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.listening import Api
from tests.cli.running import Result, mcp, until
from tests.support.cluster import Cluster

# What API servers know that our kinds were installed on already.
_KNOWING: set[Path] = set()
UPDATE = bool(os.environ.get("MCP_UPDATE_GOLDEN"))


@pytest.fixture
def update_golden() -> bool:
    """Whether golden files are written instead of compared (the isolated home hides MCP_* from tests)."""
    return UPDATE


@pytest.fixture(autouse=True)
def no_colour_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def api() -> Iterator[Api]:
    """A server that keeps what it is asked, on a port of this machine."""
    with Api().serving() as server:
        yield server


@pytest.fixture(scope="session")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str | None]]:
    """A whole embedded cluster with its operator: the environment with which commands use it."""
    home = tmp_path_factory.mktemp("own-cluster")
    env: dict[str, str | None] = {"HOME": str(home), "MCP_LOCAL_DIR": str(home / "state"), "KUBECONFIG": None}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mcp_cli.local.client_side.START_SECONDS", 300.0)
        started = mcp("local", "start", env=env)
    assert started.code == 0, started.stderr
    yield env
    mcp("local", "stop", env=env)


@pytest.fixture(scope="session")
def asking(own_cluster: dict[str, str | None]) -> dict[str, str | None]:
    """The same with the server `asking` deployed (see servers/asking.py)."""
    script = Path(__file__).parent / "servers" / "asking.py"
    done = mcp(
        *("deploy", "asking", "--image", "mcp.allbeone.io/host", "--transport", "stdio"),
        *("--command", sys.executable, "--arg", str(script), "--replicas", "2", "--wait", "--wait-timeout", "5m"),
        env=own_cluster,
    )
    assert done.code == 0, done.stderr
    return own_cluster


@pytest.fixture
def on(cluster: Cluster) -> Callable[..., Result]:
    """`mcp` in the test's own namespace of a control plane that knows our kinds."""
    env: dict[str, str | None] = {"KUBECONFIG": str(cluster.kubeconfig), "MCP_NAMESPACE": cluster.namespace}
    if cluster.kubeconfig not in _KNOWING:
        _install_kinds(cluster, env)
        _KNOWING.add(cluster.kubeconfig)
    return lambda *arguments, **options: mcp(*arguments, env=env, **options)


def _install_kinds(cluster: Cluster, env: dict[str, str | None]) -> None:
    """Each kind is served some time after its definition is there, which another worker may have begun to write."""
    if mcp("get", "all", env=env).code != 0:
        installed = mcp("deploy", "-f", "-", input=mcp("operator", "manifests").stdout, env=env)
        assert installed.code == 0, installed.stderr
    until(lambda: mcp("get", "all", env=env), lambda result: result.code == 0)
    if cluster.kubectl_path is not None:
        kinds = "mcpservers,mcpregistries,mcpserverbackups"
        until(lambda: _kubectl(cluster, "get", kinds), lambda result: result.code == 0)


def _kubectl(cluster: Cluster, *arguments: str) -> Result:
    """It knows the kinds by discovery, which comes later still."""
    done = cluster.run_kubectl(*arguments)
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def patient_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a prompt a completion gives up soon, and on a busy machine too soon for a test of what it offers."""
    monkeypatch.setattr("mcp_cli.completing.GIVE_UP_SECONDS", 60.0)
