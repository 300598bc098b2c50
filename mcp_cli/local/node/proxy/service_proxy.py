"""Listens on the addresses of Services as long as they have ready backends.

An address without a ready backend has no listener, so a connection is refused at once by the kernel. Fed by informers
of Services and Endpoints; the table is table.py's, the choice balancer.py's, the bytes relay.py's. Run by the agent.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from mcp_operator.runtime.events import EventRecorder
from mcp_operator.runtime.informer import Informer
from mcp_operator.runtime.resources import key_of

from mcp_cli.local.node.proxy.balancer import Balancer
from mcp_cli.local.node.proxy.relay import Accepted
from mcp_cli.local.node.proxy.table import Address, Route, routes

RETRY_SECONDS = 2.0
BACKLOG = 512

log = logging.getLogger(__name__)


class ServiceProxy:
    """Keeps the listeners as the table says."""

    def __init__(self, services: Informer, endpoints: Informer, events: EventRecorder, node_address: str) -> None:
        self._services = services
        self._endpoints = endpoints
        self._events = events
        self._node_address = node_address
        self._listeners: dict[Address, asyncio.Server] = {}
        self._balancers: dict[Address, Balancer] = {}
        self._refused: set[Address] = set()
        self._dirty = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        for informer in (self._services, self._endpoints):
            informer.add_handler(self._changed)
        while True:
            try:
                async with asyncio.timeout(RETRY_SECONDS if self._refused else None):
                    await self._dirty.wait()
            except TimeoutError:
                log.debug("trying %d addresses again", len(self._refused))
            self._dirty.clear()
            await self._apply()

    def close(self) -> None:
        """Stop listening; connections that are relayed end with the loop."""
        for server in self._listeners.values():
            server.close()
        self._listeners.clear()

    def _changed(self, kind: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        self._dirty.set()

    async def _apply(self) -> None:
        endpoints = {key_of(entry): entry for entry in self._endpoints.list()}
        wanted = routes(self._services.list(), endpoints, self._node_address)
        self._refused &= set(wanted)
        for address in [address for address in self._listeners if address not in wanted]:
            self._listeners.pop(address).close()
        self._balancers = {address: found for address, found in self._balancers.items() if address in wanted}
        for address, route in wanted.items():
            self._set_route(address, route)
            if address not in self._listeners:
                await self._listen(address, route)

    def _set_route(self, address: Address, route: Route) -> None:
        """A balancer keeps its memory while its Service stays the same."""
        balancer = self._balancers.get(address)
        if balancer is None or balancer.route.service != route.service:
            self._balancers[address] = Balancer(route)
        else:
            balancer.route = route

    async def _listen(self, address: Address, route: Route) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._listeners[address] = await loop.create_server(
                lambda: Accepted(lambda: self._balancers.get(address)), *address, backlog=BACKLOG, reuse_address=True
            )
            self._refused.discard(address)
        except OSError as error:
            if address not in self._refused:
                self._tell(address, route, error)
            self._refused.add(address)

    def _tell(self, address: Address, route: Route, error: OSError) -> None:
        """An address that cannot be listened on is worth an event at the Service."""
        message = (
            f"cannot listen on {address[0]}:{address[1]}: {error.strerror}; another program of this machine may have "
            f"port {address[1]} on every address: stop it or give the Service another port"
        )
        log.warning("service %s/%s: %s", *route.service, message)
        service = self._services.get(*route.service)
        if service is not None:
            self._events.warning(service, "ListenFailed", message)
