"""Fixtures of the command line's tests."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.listening import Api
from tests.cli.running import Result, mcp
from tests.support.cluster import Cluster

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
        *("--command", sys.executable, "--arg", str(script), "--replicas", "2", "--wait", "--wait-timeout", "60s"),
        env=own_cluster,
    )
    assert done.code == 0, done.stderr
    return own_cluster


@pytest.fixture
def on(cluster: Cluster) -> Callable[..., Result]:
    """`mcp` in the test's own namespace of a control plane that knows our kinds."""
    env: dict[str, str | None] = {"KUBECONFIG": str(cluster.kubeconfig), "MCP_NAMESPACE": cluster.namespace}
    if mcp("get", "servers", env=env).code != 0:
        assert mcp("deploy", "-f", "-", input=mcp("operator", "manifests").stdout, env=env).code == 0
    deadline = time.monotonic() + 30
    while mcp("get", "servers", env=env).code != 0:
        assert time.monotonic() < deadline, "the resource definitions were not established"
    return lambda *arguments, **options: mcp(*arguments, env=env, **options)
