"""Two connections tied together: what one reads the other writes, and the end of each direction is passed on.

Transport and protocol pairs without streams in between; a slow reader pauses the writer at the other side. Called by
the Service proxy for each accepted connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from mcp_cli.local.node.proxy.balancer import Balancer

log = logging.getLogger(__name__)


class Half(asyncio.Protocol):
    """One connection; its peer is the other."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.peer: Half | None = None
        self._early = bytearray()
        self._ended = False
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.write(data)
        else:
            self._early.extend(data)

    def eof_received(self) -> bool:
        """Pass the end on and keep the other direction open."""
        self._ended = True
        if self.peer is not None:
            self._pass_end()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        peer = self.peer
        if peer is None or peer.transport is None:
            return
        if error is None:
            peer.transport.close()
        else:
            peer.transport.abort()

    def pause_writing(self) -> None:
        self._paused = True
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.resume_reading()

    def join(self, other: Half) -> None:
        """Tie two halves together; what this one read before goes first."""
        self.peer, other.peer = other, self
        assert self.transport is not None and other.transport is not None
        for half, to in ((self, other.transport), (other, self.transport)):
            if half._early:
                to.write(bytes(half._early))
                half._early.clear()
        if not other._paused:
            self.transport.resume_reading()
        for half in (self, other):
            if half._ended:
                half._pass_end()

    def _pass_end(self) -> None:
        assert self.peer is not None and self.peer.transport is not None
        if self.peer._ended:
            # Both directions have ended: nothing can come any more.
            self.peer.transport.close()
            if self.transport is not None:
                self.transport.close()
        elif self.peer.transport.can_write_eof():
            self.peer.transport.write_eof()


class Accepted(Half):
    """A client's connection to a Service address."""

    def __init__(self, balancer: Callable[[], Balancer | None]) -> None:
        super().__init__()
        self._balancer = balancer
        self._dial: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.pause_reading()
        self._dial = asyncio.ensure_future(self._connect())
        self._dial.add_done_callback(self._dialled)

    def connection_lost(self, error: Exception | None) -> None:
        if self._dial is not None and not self._dial.done():
            self._dial.cancel()
        super().connection_lost(error)

    def _dialled(self, dial: asyncio.Task[None]) -> None:
        """A fault of our own must not leave the client without an answer and us without a trace."""
        if not dial.cancelled() and dial.exception() is not None:
            log.error("a connection to a Service was not passed on", exc_info=dial.exception())
            if self.transport is not None:
                self.transport.abort()

    async def _connect(self) -> None:
        """Dial the backends in turn until one answers; none ends the client's connection."""
        assert self.transport is not None
        balancer = self._balancer()
        if balancer is None:
            # The Service went between the kernel's accept and ours.
            self.transport.abort()
            return
        client = self.transport.get_extra_info("peername")[0]
        loop = asyncio.get_running_loop()
        for backend in balancer.candidates(client):
            try:
                _, other = await loop.create_connection(Half, *backend)
            except OSError:
                # A backend that just went away: the next one may answer.
                continue
            balancer.connected(client, backend)
            self.join(other)
            return
        self.transport.abort()
