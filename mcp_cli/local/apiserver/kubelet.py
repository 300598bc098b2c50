"""The way from the API server to a node agent: its address, and HTTP requests with streamed bodies.

Used by pod logs and by the proxy. One client session for the whole server, made on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp_cli.local.apimachinery import errors

if TYPE_CHECKING:
    import aiohttp

    from mcp_cli.local.apiserver.context import Server

DEFAULT_PORT = 10250
_sessions: dict[int, Any] = {}


def session() -> aiohttp.ClientSession:
    """The client session of this event loop: no cookies, no decompression, no environment proxies."""
    import asyncio

    import aiohttp

    loop = asyncio.get_running_loop()
    found = _sessions.get(id(loop))
    if found is None or found.closed:
        connector = aiohttp.TCPConnector(limit=0, ssl=False, force_close=False)
        found = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            read_bufsize=2**16,
        )
        _sessions[id(loop)] = found
    return found


async def close() -> None:
    import asyncio

    found = _sessions.pop(id(asyncio.get_running_loop()), None)
    if found is not None:
        await found.close()


def node_url(server: Server, node_name: str) -> str:
    """The base URL of a node's agent, from the Node object."""
    model = server.registry.find("", "v1", "nodes")
    assert model is not None
    node = server.objects.find(model, "", node_name)
    if node is None:
        raise errors.not_found("", "pods", node_name)
    status = node.get("status", {})
    addresses = {entry["type"]: entry["address"] for entry in status.get("addresses") or []}
    address = addresses.get("InternalIP") or addresses.get("Hostname")
    if not address:
        raise errors.internal(f"no preferred addresses found; known addresses: {list(addresses.items())}")
    port = (status.get("daemonEndpoints") or {}).get("kubeletEndpoint", {}).get("Port") or DEFAULT_PORT
    return f"http://{address}:{port}"
