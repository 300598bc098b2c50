"""Serving the application over TLS on a loopback port, on the daemon's own event loop. Called by the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from mcp_cli.local.apiserver import kubelet
from mcp_cli.local.storage import StorageError

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.app import ApiServer

GRACE_SECONDS = 2
KEEP_ALIVE_SECONDS = 300
CHECKPOINT_SECONDS, COMPACTION_TURNS = 5.0, 12

log = logging.getLogger(__name__)


class _Uvicorn(uvicorn.Server):
    """uvicorn that leaves the process's signals to the daemon."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _says_nothing_of_upgrades(record: logging.LogRecord) -> bool:
    """uvicorn advises to install a library for websockets; what is refused here says so itself (`routes`)."""
    return not record.getMessage().startswith(("Unsupported upgrade request", "No supported WebSocket library"))


class Listener:
    """The API server on a socket: start, serve, stop."""

    def __init__(self, app: ApiServer, listener: socket.socket, certificate: Path, key: Path) -> None:
        config = uvicorn.Config(
            app,
            ssl_certfile=str(certificate),
            ssl_keyfile=str(key),
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            h11_max_incomplete_event_size=1024 * 1024,
        )
        self._app = app
        self._socket = listener
        self._uvicorn = _Uvicorn(config)
        logging.getLogger("uvicorn.error").addFilter(_says_nothing_of_upgrades)

    async def serve(self) -> None:
        """Until `stop` was called."""
        compaction = asyncio.create_task(self._look_after_store())
        try:
            await self._uvicorn.serve(sockets=[self._socket])
        finally:
            compaction.cancel()
            await kubelet.close()

    @property
    def started(self) -> bool:
        return self._uvicorn.started

    def stop(self) -> None:
        """End the watches, answer what is under way, close."""
        self._app.server.closing.set()
        self._app.server.store.end_watches()
        self._uvicorn.should_exit = True

    async def _look_after_store(self) -> None:
        """Forget old history and bring the store's file up to date, now and then and a little at a time."""
        store = self._app.server.store
        for turn in itertools.count(1):
            await asyncio.sleep(CHECKPOINT_SECONDS)
            try:
                await asyncio.to_thread(store.checkpoint)
                for step in store.compaction() if turn % COMPACTION_TURNS == 0 else ():
                    log.debug("history up to %d is gone", step)
                    await asyncio.to_thread(store.checkpoint)
            except StorageError as error:
                # A full disk: what is asked of the API says the same, and the next turn tries again.
                log.warning("the store's history was not shortened: %s", error)
            except Exception:
                # No thread to be had, for one: nobody waits for this task, so it must say so and live on.
                log.exception("the store was not looked after; the next turn tries again")


def bind(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A socket on the port; 0 lets the system choose."""
    # Named as TCP, so that asyncio switches Nagle's algorithm off: with it every answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(256)
    listener.setblocking(False)
    return listener
