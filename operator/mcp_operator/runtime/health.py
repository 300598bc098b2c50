"""A very small HTTP server for `/healthz`, `/readyz` and `/metrics`.

Role: answers probes and scrapes; no routing, no keep-alive, GET and HEAD only. Not its job: deciding what healthy means
(the manager says). Called by the manager.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

REQUEST_SECONDS = 5.0
REQUEST_BYTES = 16 * 1024

log = logging.getLogger(__name__)


class Answer(NamedTuple):
    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


Route = Callable[[], Answer]


def parse_address(text: str) -> tuple[str, int] | None:
    """`HOST:PORT` or `:PORT` (every address); None for `0` and the empty text, which mean: do not serve."""
    if text in ("", "0"):
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise ValueError(f"{text!r} is no address; write HOST:PORT, :PORT, or 0 for none")
    return host.strip("[]"), int(port)


class HealthServer:
    """`routes` maps a path to a function that answers at once."""

    def __init__(self, host: str, port: int, routes: dict[str, Route]) -> None:
        self._host = host
        self._port = port
        self._routes = routes
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port in use; the kernel's choice when 0 was asked for."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, self._host or None, self._port, limit=REQUEST_BYTES, reuse_address=True
        )

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that hangs, sends rubbish or goes away concerns nobody but itself.
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head.split(b"\r\n", 1)[0].decode("latin-1")))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            log.debug("a request for a health page was not answered: %r", error)
        finally:
            writer.close()

    def _answer(self, line: str) -> bytes:
        method, _, rest = line.partition(" ")
        path = rest.split(" ")[0].split("?")[0]
        route = self._routes.get(path)
        if method not in ("GET", "HEAD"):
            answer = Answer(405, b"only GET\n")
        elif route is None:
            answer = Answer(404, f"there are: {' '.join(sorted(self._routes))}\n".encode())
        else:
            answer = _made(route)
        head = (
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\nContent-Type: {answer.content_type}\r\n"
            f"Content-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + (b"" if method == "HEAD" else answer.body)


def _made(route: Route) -> Answer:
    """A page that cannot be made is said to be so: silence would look like a dead process."""
    try:
        return route()
    except Exception as error:
        log.exception("a page cannot be made")
        return Answer(500, f"{error}\n".encode())
