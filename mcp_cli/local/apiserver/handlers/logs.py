"""Logs of a pod's container, relayed from the agent of its node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.responses import Response, StreamingResponse

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apiserver import kubelet

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.context import Call

_PASSED_ON = ("follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "tailLines", "limitBytes", "stream")
_LISTS = ("containers", "initContainers", "ephemeralContainers")


async def logs(call: Call) -> Response:
    """The log as plain text, for as long as the agent sends."""
    pod = call.server.objects.get(call.model, call.namespace, call.name)
    container = _container(call, pod)
    node = pod["spec"].get("nodeName")
    if not node:
        return Response(status_code=204)
    names = "/".join(quote(part, safe="") for part in (call.namespace, call.name, container))
    parameters = {name: call.query.text(name) for name in _PASSED_ON if call.query.has(name)}
    url = f"{kubelet.node_url(call.server, node)}/containerLogs/{names}?{urlencode(parameters)}"
    return await _relay(call, url, container)


async def _relay(call: Call, url: str, container: str) -> Response:
    import aiohttp

    try:
        answer = await kubelet.session().get(url)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise errors.internal(f'Get "{url}": {error}') from None
    if answer.status != 200:
        text = (await answer.text()).strip()
        if answer.status == 404:
            raise errors.not_found("", "pods/log", f"{call.name}: {text}")
        waiting = f'container "{container}" in pod "{call.name}" is not available: {text}'
        raise errors.bad_request(text or waiting)

    async def body() -> AsyncIterator[bytes]:
        try:
            async for chunk in answer.content.iter_any():
                yield chunk
        except aiohttp.ClientError:
            return
        finally:
            answer.close()

    return StreamingResponse(body(), media_type="text/plain")


def _container(call: Call, pod: dict[str, Any]) -> str:
    """The container that is meant; the only one where none is named."""
    known = {kind: [container["name"] for container in pod["spec"].get(kind) or []] for kind in _LISTS}
    wanted = call.query.text("container")
    if wanted:
        if not any(wanted in names for names in known.values()):
            raise errors.bad_request(f"container {wanted} is not valid for pod {call.name}")
        return wanted
    if len(known["containers"]) == 1 and not known["ephemeralContainers"]:
        return known["containers"][0]
    text = f"a container name must be specified for pod {call.name}, choose one of: [{' '.join(known['containers'])}]"
    if known["initContainers"]:
        text += f" or one of the init containers: [{' '.join(known['initContainers'])}]"
    raise errors.bad_request(text)
