"""A local port on a server: HTTP relayed through the API server's Service proxy, so that it works on every cluster.

Role: an ASGI application and the loop that serves it. Streams both ways; a client that goes away ends its request
upstream. The credentials of the cluster are added here and never leave for the client. Called by `port-forward`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

import httpx
import uvicorn

from mcp_cli.errors import CliError
from mcp_cli.impersonation import HEADER_PREFIX

if TYPE_CHECKING:
    from mcp_cli.kube import Cluster

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "proxy-authorization",
        "proxy-authenticate",
    }
)
NOT_FORWARDED = HOP_BY_HOP | {"host", "content-length", "authorization"}
DRAIN_SECONDS = 1

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Relay:
    """The application: every request goes to the same place below the API server."""

    def __init__(self, cluster: Cluster, base: str) -> None:
        self._cluster = cluster
        self._base = base
        access = cluster.access()
        self._extensions = access.extensions
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        self._client = httpx.AsyncClient(
            verify=access.verify, proxy=access.proxy, trust_env=False, timeout=None, limits=limits
        )

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body, whole = await _body(receive)
        if not whole:
            return
        work = asyncio.create_task(self._forward(scope, body, send))
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            if not work.done():
                work.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    async def _forward(self, scope: dict[str, Any], body: bytes, send: Send) -> None:
        """One request upstream; what comes back is passed on piece by piece."""
        query = scope["query_string"].decode("ascii")
        url = self._base + scope["path"] + (f"?{query}" if query else "")
        headers = [(k, v) for k, v in scope["headers"] if _is_forwarded(k.decode("latin-1").lower())]
        headers += [(k.encode(), v.encode()) for k, v in self._cluster.auth_headers()]
        request = self._client.build_request(
            scope["method"], url, headers=headers, content=body, extensions=dict(self._extensions)
        )
        try:
            response = await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            await _answer(send, 502, f"the cluster cannot be reached: {error}\n".encode())
            return
        try:
            await _pass_on(response, send)
        finally:
            await response.aclose()


def _is_forwarded(name: str) -> bool:
    """A client of the port must not choose who the cluster's credentials act as."""
    return name not in NOT_FORWARDED and not name.startswith(HEADER_PREFIX)


async def _pass_on(response: httpx.Response, send: Send) -> None:
    headers = [(k, v) for k, v in response.headers.raw if k.decode("latin-1").lower() not in HOP_BY_HOP]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    async for chunk in response.aiter_raw():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive) -> tuple[bytes, bool]:
    """The whole request body, and whether the client stayed until its end."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"", False
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts), True


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(send: Send, status: int, text: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": text})


def serve(relay: Relay, address: str, port: int, ready: Callable[[int], None]) -> None:
    """Serve until interrupted; `ready` is told the port once it is bound."""
    config = uvicorn.Config(
        cast("Any", relay),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    listener = listen(address, port)
    ready(listener.getsockname()[1])
    uvicorn.Server(config).run(sockets=[listener])


def listen(address: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=128)
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise CliError(
            f"cannot listen on {address}:{port}: {words}", "Choose another port, or none for a free one."
        ) from error
