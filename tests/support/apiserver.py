"""The embedded API server alone, on a port of its own in the test's loop: no controllers, no node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mcp_cli.local.apiserver.app import create_app
from mcp_cli.local.apiserver.config import ServerConfig
from mcp_cli.local.apiserver.server import Listener, bind
from mcp_cli.local.paths import ClusterPaths
from mcp_cli.local.pki import ensure_credentials
from mcp_cli.local.storage import Store


@dataclass(frozen=True)
class Served:
    """A running server."""

    store: Store
    port: int
    token: str


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Served]:
    """Serve a new store in the folder."""
    paths = ClusterPaths(folder)
    token, store = ensure_credentials(paths, ["127.0.0.1"]), Store(folder / "db")
    socket = bind(0)
    served = Served(store, socket.getsockname()[1], token)
    config = ServerConfig(token, served.port, "127.99.128.0/17", "")
    listener = Listener(create_app(store, config), socket, paths.server_certificate, paths.server_key)
    running = asyncio.create_task(listener.serve())
    try:
        yield served
    finally:
        listener.stop()
        await running
        store.close()
