"""Chooses the backend of each connection: round robin, or the one that the client had before. No I/O."""

from __future__ import annotations

import time
from collections.abc import Callable

from mcp_cli.local.node.proxy.table import Address, Route

MAX_CLIENTS = 4096


class Balancer:
    """The memory of one listening address."""

    def __init__(self, route: Route, clock: Callable[[], float] = time.monotonic) -> None:
        self.route = route
        self._clock = clock
        self._turn = 0
        self._clients: dict[str, tuple[Address, float]] = {}

    def candidates(self, client: str) -> list[Address]:
        """Every backend in the order to be tried."""
        backends = list(self.route.backends)
        kept = self._kept(client)
        if kept is not None:
            return [kept, *(backend for backend in backends if backend != kept)]
        start = self._turn % len(backends)
        self._turn += 1
        return backends[start:] + backends[:start]

    def connected(self, client: str, backend: Address) -> None:
        """A connection was made: with affinity the client's next one goes there too."""
        if self.route.affinity is None:
            return
        self._clients.pop(client, None)
        self._clients[client] = (backend, self._clock())
        while len(self._clients) > MAX_CLIENTS:
            del self._clients[next(iter(self._clients))]

    def _kept(self, client: str) -> Address | None:
        if self.route.affinity is None or client not in self._clients:
            return None
        backend, last = self._clients[client]
        if backend not in self.route.backends or self._clock() - last > self.route.affinity:
            del self._clients[client]
            return None
        return backend
