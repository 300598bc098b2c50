"""Fixtures of the whole suite: an isolated home for every test, and `cluster`, one control plane at a time.

    def test_something(cluster):                    # runs once for each control plane
        cluster.kubectl("create", "configmap", "a")             # the real kubectl, in this test's own namespace
        assert cluster.kubectl_json("get", "cm", "a")["metadata"]["namespace"] == cluster.namespace

    async def test_other(cluster):
        async with cluster.client() as kube:                    # mcp_operator.runtime.client.KubeClient
            await kube.get(CONFIGMAPS, "a", cluster.namespace)

The control planes are `embedded` (the daemon of `mcp local start`, in an isolated state folder, one for each worker of
pytest-xdist) and each folder of real binaries that KUBEBUILDER_ASSETS names (etcd, kube-apiserver,
kube-controller-manager, kube-scheduler; several separated as in PATH), shared by all workers of one run. Clusters that
run already join with MCP_TEST_CLUSTERS=NAME=KUBECONFIG[:NAME=KUBECONFIG]. Choose with `-k embedded` or `-k 1.36`.
A test that can run on one kind only says so:

    @pytest.mark.parametrize("control_plane", ["embedded"], indirect=True)

The embedded cluster has one node, which runs pods as processes. The real ones have no node: their pods stay Pending
until the test patches their status. What both have in common is tested with pods that no node takes (a nodeSelector).
Logs stay in pytest's temporary folder (`control-plane-*` below the session's folder; the last three sessions are kept).
"""

from __future__ import annotations

import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import embedded
from tests.support.api import PlainApi
from tests.support.cluster import EMBEDDED, Cluster
from tests.support.keeper import use_control_plane

ASSETS = {Path(each).name: Path(each) for each in os.environ.get("KUBEBUILDER_ASSETS", "").split(os.pathsep) if each}


RUNNING = {
    name: Path(path)
    for name, _, path in (
        each.partition("=") for each in os.environ.get("MCP_TEST_CLUSTERS", "").split(os.pathsep) if each
    )
}

# No example is too slow for a busy machine, and two runs of one tree see the same ones; who wants to look further says
# `--hypothesis-profile=default`.
_UNHURRIED = [HealthCheck.too_slow]
settings.register_profile("suite", deadline=None, derandomize=True, database=None, suppress_health_check=_UNHURRIED)
settings.load_profile("suite")

# A suite that a script started in its background has Ctrl-C ignored, and so would every program that it interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class ControlPlane:
    """A running control plane: what `cluster` makes its namespaces in."""

    name: str
    version: str
    kubeconfig: Path
    cache: Path
    api: PlainApi


@pytest.fixture(autouse=True)
def isolated_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees or touches the user's own home, kubeconfig or settings; installers share a cache over the run."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith("MCP_") or name == "KUBECONFIG"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for variable, below in {
        "XDG_CONFIG_HOME": ".config",
        "XDG_CACHE_HOME": ".cache",
        "XDG_STATE_HOME": ".local/state",
        "XDG_DATA_HOME": ".local/share",
    }.items():
        monkeypatch.setenv(variable, str(home / below))
    caches = _session_folder(tmp_path_factory) / "caches"
    for variable in ("UV_CACHE_DIR", "npm_config_cache"):
        if variable not in os.environ:
            monkeypatch.setenv(variable, str(caches / variable.lower()))
    return home


@pytest.fixture(scope="session", params=[EMBEDDED, *ASSETS, *RUNNING])
def control_plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The control plane itself, without a namespace of one's own; most tests want `cluster`."""
    name: str = request.param
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    if name in RUNNING:
        yield _connect(name, RUNNING[name], tmp_path_factory.mktemp("kubectl-cache"))
        return
    if name not in ASSETS and name != EMBEDDED:
        pytest.skip(f"KUBEBUILDER_ASSETS names no folder {name}")
    if name == EMBEDDED and not embedded.available():
        pytest.skip("the embedded cluster's daemon is not in this tree")
    folder = _session_folder(tmp_path_factory) / f"control-plane-{name}{'-' + worker if name == EMBEDDED else ''}"
    with use_control_plane(ASSETS.get(name), folder) as kubeconfig:
        yield _connect(name, kubeconfig, folder / f"kubectl-cache-{worker}")


def _connect(name: str, kubeconfig: Path, cache: Path) -> ControlPlane:
    api = PlainApi(kubeconfig)
    return ControlPlane(name, api.call("GET", "/version")["gitVersion"], kubeconfig, cache, api)


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Iterator[Cluster]:
    """One control plane with a namespace for this test alone (see the module's docstring)."""
    api = control_plane.api
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    api.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    try:
        yield Cluster(
            name=control_plane.name,
            version=control_plane.version,
            kubeconfig=control_plane.kubeconfig,
            namespace=namespace,
            kubectl_path=_kubectl(),
            cache=control_plane.cache,
        )
    finally:
        api.delete(f"/api/v1/namespaces/{namespace}")


def _session_folder(factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole run: xdist gives each worker a folder of its own inside it."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _kubectl() -> str | None:
    for folder in ASSETS.values():
        if (folder / "kubectl").exists():
            return str(folder / "kubectl")
    return shutil.which("kubectl")
