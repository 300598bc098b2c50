"""`pods/NAME:PORT/proxy/...` and `services/NAME:PORT/proxy/...`: HTTP to a workload, both bodies streamed.

Headers go through as the real server passes them: the client's credentials and the hop-by-hop headers stay here, the
client's Host goes on, and `X-Forwarded-*` say where the request came from.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apiserver import kubelet, refusals

if TYPE_CHECKING:
    from aiohttp import ClientResponse
    from starlette.requests import Request

    from mcp_cli.local.apiserver.context import Call

_HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip
_ADDED_BY_CLIENT = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


async def proxy(call: Call) -> Response:
    """Pass the request on to the pod or to one of the Service's endpoints."""
    scheme, name, port = _split(call.name)
    if call.target.tail is None:
        return Response(status_code=301, headers={"Location": call.request.url.path + "/"})
    finders = {"pods": _pod_address, "services": _service_address, "nodes": _node_address}
    host, port_number = finders[call.model.plural](call, name, port)
    url = f"{scheme or 'http'}://{host}:{port_number}{call.target.tail}"
    if call.query.raw:
        url += f"?{call.query.raw}"
    return await forward(call.request, url)


def _split(name: str) -> tuple[str, str, str]:
    """`[scheme:]name[:port]`."""
    parts = name.split(":")
    if len(parts) == 1:
        return "", parts[0], ""
    if len(parts) == 2:
        return "", parts[0], parts[1]
    if len(parts) == 3 and parts[0] in ("", "http", "https"):
        return parts[0], parts[1], parts[2]
    raise errors.bad_request(f'invalid service request "{name}"')


def _pod_address(call: Call, name: str, port: str) -> tuple[str, int]:
    pod = call.server.objects.get(call.model, call.namespace, name)
    address = pod.get("status", {}).get("podIP")
    if not address:
        raise errors.bad_request("address not allowed")
    ports = [entry for container in pod["spec"]["containers"] for entry in container.get("ports") or []]
    if not port:
        return address, ports[0]["containerPort"] if ports else 80
    if port.isdigit():
        return address, int(port)
    named = next((entry["containerPort"] for entry in ports if entry.get("name") == port), None)
    if named is None:
        raise errors.bad_request(f'no port named "{port}" in pod "{name}"')
    return address, named


def _node_address(call: Call, name: str, port: str) -> tuple[str, int]:
    call.server.objects.get(call.model, "", name)
    split = urlsplit(kubelet.node_url(call.server, name))
    return str(split.hostname), int(port) if port.isdigit() else split.port or kubelet.DEFAULT_PORT


def _service_address(call: Call, name: str, port: str) -> tuple[str, int]:
    """One of the ready endpoints behind the Service's port, chosen at random as the real server does."""
    service = call.server.objects.get(call.model, call.namespace, name)
    wanted = _service_port(service, port)
    endpoints = call.server.registry.find("", "v1", "endpoints")
    assert endpoints is not None
    found = call.server.objects.find(endpoints, call.namespace, name)
    if found is None:
        raise errors.not_found("", "services", name)
    choices = [
        (address["ip"], entry["port"])
        for subset in found.get("subsets") or []
        for entry in subset.get("ports") or []
        if wanted is None or entry.get("name", "") == wanted
        for address in subset.get("addresses") or []
    ]
    if not choices:
        raise errors.unavailable(f'no endpoints available for service "{name}"')
    return random.choice(choices)


def _service_port(service: dict[str, Any], port: str) -> str | None:
    """The name of the Service's port that is meant (endpoints go by names); None for any."""
    ports = service["spec"].get("ports") or []
    if not port:
        return (ports[0].get("name") or "") if len(ports) == 1 else ""
    for entry in ports:
        if entry.get("name") == port or str(entry["port"]) == port:
            return entry.get("name") or ""
    wanted = port if port.isdigit() else f'"{port}"'
    raise errors.unavailable(f'no service port {wanted} found for service "{service["metadata"]["name"]}"')


# A workload may close a kept connection just when the next request is on its way: what only reads is sent again.
_REPEATABLE = ("GET", "HEAD", "OPTIONS")
_ATTEMPTS = 4


async def _send(request: Request, url: str, sent: asyncio.Event) -> ClientResponse:
    import aiohttp
    from yarl import URL

    body = _body(request, sent)
    left = _ATTEMPTS if request.method in _REPEATABLE and body is None else 1
    while True:
        left -= 1
        try:
            return await kubelet.session().request(
                request.method,
                URL(url, encoded=True),
                headers=_request_headers(request),
                data=body,
                allow_redirects=False,
                skip_auto_headers=_ADDED_BY_CLIENT,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            closed = isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
            if not (left and closed) or isinstance(error, aiohttp.ClientConnectorError):
                raise errors.unavailable(f"error trying to reach service: {error}") from None


async def forward(request: Request, url: str) -> Response:
    """Send the request to `url` and stream the answer back."""
    import aiohttp

    answer = await _unless_gone(request, url)

    async def stream() -> AsyncIterator[bytes]:
        try:
            async for chunk in answer.content.iter_any():
                yield chunk
        except aiohttp.ClientError as error:
            raise refusals.BrokenOff(f"the answer of {url} broke off: {error or type(error).__name__}") from None
        finally:
            answer.close()

    response = StreamingResponse(stream(), answer.status)
    dropped = _HOP_BY_HOP | _named_by_connection(answer.headers.get("Connection", ""))
    response.raw_headers = [
        (name.lower(), value) for name, value in answer.raw_headers if name.decode("latin-1").lower() not in dropped
    ]
    return response


async def _unless_gone(request: Request, url: str) -> ClientResponse:
    """Send it; a client that leaves before the workload answers takes its request with it."""
    sent = asyncio.Event()
    sending = asyncio.ensure_future(_send(request, url, sent))
    gone = asyncio.ensure_future(_gone(request, sent))
    try:
        await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            raise ClientDisconnect
        return sending.result()
    finally:
        for task in (sending, gone):
            task.cancel()


async def _gone(request: Request, sent: asyncio.Event) -> None:
    """Until the client went away; while its body is being passed on, that is noticed there."""
    await sent.wait()
    while (await request.receive())["type"] != "http.disconnect":
        continue


def _named_by_connection(value: str) -> set[str]:
    return {name.strip().lower() for name in value.split(",") if name.strip()}


def _request_headers(request: Request) -> list[tuple[str, str]]:
    dropped = (
        _HOP_BY_HOP | {"authorization", "content-length"} | _named_by_connection(request.headers.get("connection", ""))
    )
    headers = [(name, value) for name, value in request.headers.items() if name not in dropped]
    if "content-length" in request.headers:
        headers.append(("Content-Length", request.headers["content-length"]))
    client = request.client.host if request.client else ""
    chain = [request.headers["x-forwarded-for"]] if "x-forwarded-for" in request.headers else []
    headers = [(name, value) for name, value in headers if not name.startswith("x-forwarded-")]
    headers.append(("X-Forwarded-For", ", ".join([*chain, client])))
    headers.append(("X-Forwarded-Host", request.headers.get("host", "")))
    headers.append(("X-Forwarded-Proto", "https"))
    headers.append(("X-Forwarded-Uri", request.url.path))
    return headers


def _body(request: Request, sent: asyncio.Event) -> Any:
    """The request's body as it arrives, and when it is out; none where the headers announce none."""
    if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        sent.set()
        return None

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in request.stream():
            yield piece
        sent.set()

    return pieces()
