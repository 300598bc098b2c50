"""Which parts a running cluster has, and the order in which they start and stop. Called by the daemon.

Start: store and API server, our CRDs, then everything that is a client. Stop: the operator, the node agent (whose pods
end with it), the controllers, and last the API server, so that each can still write what it has to.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp_cli.local.facts import ClusterFacts, write_kubeconfig
from mcp_cli.local.paths import ClusterPaths
from mcp_cli.local.supervisor import ChildProcess, keep_running, python_module

if TYPE_CHECKING:
    from mcp_operator.runtime.client import KubeClient

    from mcp_cli.local.apiserver.app import ApiServer
    from mcp_cli.local.storage import Store

log = logging.getLogger(__name__)
START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What a start works with."""

    paths: ClusterPaths
    facts: ClusterFacts
    listener: socket.socket
    node_listener: socket.socket
    with_operator: bool


@asynccontextmanager
async def start_parts(parts: Parts) -> AsyncIterator[asyncio.Task[None]]:
    """Everything runs inside; yields the API server's task, which ends only when something is wrong."""
    from mcp_cli.local.apiserver.server import Listener
    from mcp_cli.local.storage import Store

    paths = parts.paths
    store = await asyncio.to_thread(Store, paths.database)
    try:
        app = await _make_server(parts, store)
        server = Listener(app, parts.listener, paths.server_certificate, paths.server_key)
        serving = asyncio.create_task(server.serve(), name="api-server")
        try:
            await _until_started(server, serving)
            async with _clients(parts):
                yield serving
        finally:
            server.stop()
            await asyncio.wait({serving})
    finally:
        store.close()


async def _make_server(parts: Parts, store: Store) -> ApiServer:
    from mcp_cli.local.apiserver.app import create_app
    from mcp_cli.local.apiserver.config import ServerConfig
    from mcp_cli.local.pki import ensure_credentials

    paths, facts = parts.paths, parts.facts
    token = await asyncio.to_thread(ensure_credentials, paths, ["127.0.0.1", f"{facts.address_block}.128.1"])
    config = ServerConfig(token, facts.port, f"{facts.address_block}.128.0/17", paths.ca_certificate.read_text())
    app = create_app(store, config)
    write_kubeconfig(paths, facts.port, token)
    return app


async def _until_started(server: object, serving: asyncio.Task[None]) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not server.started:  # type: ignore[attr-defined]
            if serving.done():
                raise RuntimeError("the API server did not start") from serving.exception()
            await asyncio.sleep(0.005)


@asynccontextmanager
async def _clients(parts: Parts) -> AsyncIterator[None]:
    """The parts that are clients of the API server."""
    from mcp_operator.runtime.client import KubeClient

    client = await KubeClient.connect(kubeconfig=str(parts.paths.kubeconfig))
    tasks: list[asyncio.Task[None]] = []
    try:
        await apply_crds(client)
        tasks.append(_keep("controllers", lambda: _controllers(client)))
        tasks.append(_keep("node", lambda: _node(parts, client)))
        if parts.with_operator:
            tasks.append(_keep("operator", _operator(parts).run))
        yield
    finally:
        for task in reversed(tasks):
            task.cancel()
            await asyncio.wait({task})
        await client.close()


def _keep(name: str, run: object) -> asyncio.Task[None]:
    return asyncio.create_task(keep_running(name, run), name=name)  # type: ignore[arg-type]


async def _controllers(client: KubeClient) -> None:
    from mcp_cli.local.controllers.manager import run_controllers

    await run_controllers(client)


async def _node(parts: Parts, client: KubeClient) -> None:
    """The node agent; a second run binds the listener anew, for the first one closed it."""
    from mcp_cli.local.node.agent import run_node
    from mcp_cli.local.node.config import NodeConfig

    listener = parts.node_listener if parts.node_listener.fileno() >= 0 else None
    await run_node(
        client,
        NodeConfig(
            state_dir=parts.paths.root,
            address_block=parts.facts.address_block,
            node_name=parts.facts.node_name,
            listener=listener,
        ),
    )


def _operator(parts: Parts) -> ChildProcess:
    command = python_module("mcp_operator.main", "run", "--kubeconfig", str(parts.paths.kubeconfig))
    return ChildProcess(command, parts.paths.operator_log, parts.paths.root / "operator")


async def apply_crds(client: KubeClient) -> None:
    """Bring our own definitions into the cluster, or up to date."""
    from mcp_operator.api.crds import crds
    from mcp_operator.runtime.resources import CRDS

    for crd in crds():
        await client.apply(CRDS, crd, field_manager="mcp-cli", force=True)
