"""The embedded cluster that judges the catalogue: started in a temporary folder, stopped in the end.

Called by `catalogue_report.py`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_operator.api import names
from mcp_operator.api.crds import crds
from mcp_operator.render.context import RUNNER_IMAGE
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import ApiError
from mcp_operator.runtime.resources import CRDS, Resource

from mcp_cli.local.node.hostenv import host_environment
from mcp_cli.local.paths import STATE_DIR_VARIABLE, ClusterPaths

SERVERS = Resource(names.GROUP, names.VERSION, names.PLURAL_SERVERS, names.KIND_SERVER)
START_TIMEOUT = 60.0


@dataclass(frozen=True)
class Accepting:
    """A server-side dry run of each manifest."""

    client: KubeClient

    async def refusal(self, manifest: dict[str, Any]) -> str | None:
        """Why the API server does not take it; None when it does."""
        try:
            await self.client.create(SERVERS, manifest, dry_run=True, field_manager=names.FIELD_MANAGER_CLI)
        except ApiError as error:
            return error.message
        return None


@dataclass(frozen=True)
class ReportCluster:
    """A running embedded cluster and the environment that points commands at it."""

    kubeconfig: Path
    environment: dict[str, str]
    machine: dict[str, str]
    """What a process of a pod gets, for the same program started without a pod."""

    @asynccontextmanager
    async def client(self) -> AsyncIterator[KubeClient]:
        client = await KubeClient.connect(str(self.kubeconfig))
        try:
            yield client
        finally:
            await client.close()

    @asynccontextmanager
    async def accepting(self) -> AsyncIterator[Accepting]:
        """Ready to judge: the definitions are served."""
        async with self.client() as client:
            for crd in crds():
                await client.apply(CRDS, crd, field_manager=names.FIELD_MANAGER_CLI)
            await _served(client)
            yield Accepting(client)


@contextmanager
def running_cluster(operator: bool) -> Iterator[ReportCluster]:
    """Start the daemon and end it, with everything that it started."""
    folder = Path(tempfile.mkdtemp(prefix="mcp-catalogue-"))
    paths = ClusterPaths(folder / "state")
    paths.root.mkdir(mode=0o700)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MCP_") and name != "KUBECONFIG"},
        STATE_DIR_VARIABLE: str(paths.root),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
    }
    environment["PATH"] = os.pathsep.join([environment["PATH"], *_interpreters()])
    # Servers share most of what they depend on: one cache for all of them, the user's own.
    environment.setdefault("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
    environment.setdefault("npm_config_cache", str(Path.home() / ".npm"))
    command = [sys.executable, "-m", "mcp_cli.local.daemon", *([] if operator else ["--no-operator"])]
    with (folder / "daemon.log").open("wb") as log:
        daemon = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_ready(daemon, paths, folder)
        (folder / "home").mkdir()
        machine = host_environment(RUNNER_IMAGE, folder / "home", folder / "data", environment)
        yield ReportCluster(paths.kubeconfig, environment, machine)
    finally:
        daemon.terminate()
        daemon.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _interpreters() -> list[str]:
    """Python versions that pyenv keeps beside the one in use: its own stand-ins do not start those."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return [str(folder) for folder in sorted(root.glob("versions/3.*/bin"), reverse=True)]


def _wait_ready(daemon: subprocess.Popen[bytes], paths: ClusterPaths, folder: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not paths.ready_file.exists():
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the embedded cluster did not start:\n{(folder / 'daemon.log').read_text()[-2000:]}")
        time.sleep(0.05)


async def _served(client: KubeClient) -> None:
    """Wait until the kind is served: a definition needs a moment."""
    import asyncio

    async with asyncio.timeout(START_TIMEOUT):
        while True:
            try:
                await client.list(SERVERS, "default", limit=1)
            except ApiError:
                await asyncio.sleep(0.1)
            else:
                return
