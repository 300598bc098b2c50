"""Asks a running server what it is, and says it in the words of `status.mcp`.

Role: the operator's use of the MCP client. A modern server behind our bridge is asked in that era alone: `initialize`
would start a child of its own there. Any other server is asked for a session, which is given back. Not its job: when
to ask, and what the answer has to hold (`probe`). Called by the prober.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp_operator.api import names
from mcp_operator.client import route
from mcp_operator.controllers import remote
from mcp_operator.controllers.probe import Silence, Target
from mcp_operator.protocol import names as names_of_protocol
from mcp_operator.protocol.failures import HttpError, InvalidAnswer, McpError, TransportError
from mcp_operator.protocol.versions import LEGACY, LEGACY_VERSIONS, MODERN, Era
from mcp_operator.runtime import config
from mcp_operator.runtime.client import KubeClient
from mcp_operator.version import __version__

if TYPE_CHECKING:
    import httpx

    from mcp_operator.client.aio import AsyncMcpClient
    from mcp_operator.protocol.identity import ServerIdentity

Object = dict[str, Any]

CLIENT_INFO = {"name": names.MANAGED_BY, "version": __version__}
TOOL_LIMIT = 500
# A question is no use: our bridge need not make the next session ready.
_PASSING = {names_of_protocol.HEADER_PASSING: "1"}
_LONGEST, _LISTED = 256, 50
_LISTS = ("protocolVersions", "capabilities")
_INFO_FIELDS = ("name", "title", "version")


@dataclass(frozen=True, slots=True)
class Route:
    """How one server is reached."""

    http: httpx.AsyncClient
    url: str
    headers: Mapping[str, str]


class Asker:
    """Three HTTP clients: for addresses that are reached directly, for the API server's proxy, for remote servers."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._direct: httpx.AsyncClient | None = None
        self._proxied: httpx.AsyncClient | None = None
        self._outside: httpx.AsyncClient | None = None

    async def close(self) -> None:
        for http in (self._direct, self._proxied, self._outside):
            if http is not None:
                await http.aclose()

    async def ask(self, target: Target) -> Object:
        """`status.mcp`; raises `Silence` with words for people."""
        try:
            async with asyncio.timeout(target.timeout):
                return await self._ask(target)
        except TimeoutError:
            raise Silence("NoAnswer", f"the server does not answer MCP requests within {target.timeout:g} s") from None
        except HttpError as error:
            if target.url and error.status in (401, 403):
                words = f"the server refuses the credentials ({error.status}): set or correct spec.runtime.headers"
                raise Silence("Unauthorized", words) from error
            if not target.url and self._wants_login(target, error):
                return {}
            raise Silence("NotMCP", f"the server does not speak MCP at {target.url or target.path}: {error}") from error
        except TransportError as error:
            raise Silence("NoAnswer", f"the server cannot be asked: {error}") from error
        except McpError as error:
            raise Silence("NotMCP", f"the server does not speak MCP as it should: {error}") from error

    def _wants_login(self, target: Target, error: HttpError) -> bool:
        """It speaks and asks for a login that the operator lacks; through the proxy it may be the proxy's own no."""
        required = target.required_tools or target.required_capabilities
        return error.status in (401, 403) and not required and not self._choose(target).proxied

    async def _ask(self, target: Target) -> Object:
        said = await self._ask_by(await self._route(target), target)
        return _bounded(said, target.required_tools)

    async def _ask_by(self, way: Route, target: Target) -> Object:
        if target.bridged:
            return await self._ask_bridged(way, target)
        identity, tools = await _conversation(way, None)
        if target.url and identity.era != LEGACY:
            # Nothing here depends on what it is to older clients.
            return describe(identity, tools, era="modern", sessions=False)
        if identity.era == LEGACY:
            return describe(identity, tools, era="legacy", sessions=bool(identity.sessions))
        older = await _legacy_side(way)
        era = "dual" if older else "modern"
        return describe(identity, tools, era=era, sessions=bool(older and older.sessions), older=older)

    async def _ask_bridged(self, way: Route, target: Target) -> Object:
        """Our bridge gives every legacy client a session; only an `initialize` would tell whether the server takes one.

        What server/discover lists does not: SDK 2.3 names modern revisions only and speaks the legacy ones too.
        """
        try:
            identity, tools = await _conversation(way, MODERN)
        except InvalidAnswer:
            # It answered, and does not know server/discover: legacy. Only a session can tell what it is.
            identity, tools = await _conversation(way, LEGACY)
            return describe(identity, tools, era="legacy", sessions=True)
        dual = any(version in LEGACY_VERSIONS for version in identity.versions)
        return describe(identity, tools, era="dual" if dual else "modern", sessions=True)

    async def _route(self, target: Target) -> Route:
        """The pod itself where it can be reached, else the API server's proxy to it; a remote server by its URL."""
        if target.url:
            self._outside = self._outside or remote.http_client()
            return Route(self._outside, target.url, await remote.headers_of(self._client, target))
        chosen = self._choose(target)
        if not chosen.proxied:
            self._direct = self._direct or _http()
            return Route(self._direct, chosen.url, dict(_PASSING))
        self._proxied = self._proxied or http_through(self._client)
        # What the server is told it is called: the name of the proxy in between would be foreign to it.
        headers = {**await self._client.auth_headers(), **_PASSING, "Host": f"localhost:{target.port}"}
        return Route(self._proxied, chosen.url, headers)

    def _choose(self, target: Target) -> route.Route:
        pod = route.Target("pods", target.key[0], target.pod, target.port, target.path, target.address or None)
        return route.choose(pod, api_server=self._client.base_url, in_cluster=config.is_in_cluster())


async def _conversation(way: Route, era: Era | None) -> tuple[ServerIdentity, list[str]]:
    """Who the server is and the names of its tools; a session is given back at the end."""
    from mcp_operator.client.aio import AsyncMcpClient

    client = AsyncMcpClient(way.http, way.url, client_info=CLIENT_INFO, era=era, headers=way.headers)
    try:
        identity = await client.discover()
        return identity, await _tools(client, identity)
    finally:
        await client.close()


async def _tools(client: AsyncMcpClient, identity: ServerIdentity) -> list[str]:
    if "tools" not in identity.capabilities:
        return []
    return [str(tool.get("name", "")) for tool in await client.list_tools()]


async def _legacy_side(way: Route) -> ServerIdentity | None:
    """What a modern server is to a legacy client; None when it is nothing."""
    from mcp_operator.client.aio import AsyncMcpClient

    client = AsyncMcpClient(way.http, way.url, client_info=CLIENT_INFO, era=LEGACY, headers=way.headers)
    try:
        return await client.discover()
    except McpError:
        return None
    finally:
        await client.close()


def describe(
    identity: ServerIdentity, tools: list[str], *, era: str, sessions: bool, older: ServerIdentity | None = None
) -> Object:
    """The words of `status.mcp`."""
    versions = dict.fromkeys([*identity.versions, *(older.versions if older else ())])
    info = {key: str(identity.server_info[key]) for key in _INFO_FIELDS if identity.server_info.get(key)}
    said: Object = {
        "era": era,
        "protocolVersions": list(versions),
        "sessions": sessions,
        "serverInfo": info,
        "capabilities": sorted(identity.capabilities),
        "tools": tools,
        "toolCount": len(tools),
    }
    return {key: value for key, value in said.items() if value not in ([], {})}


def _bounded(said: Object, required: Sequence[str]) -> Object:
    """A stranger's words in a status: it has room for some. Tools that the spec requires come first."""
    tools = said.get("tools") or []
    if len(tools) > TOOL_LIMIT:
        tools = [*(name for name in tools if name in required), *(name for name in tools if name not in required)]
    lists = {key: [item[:_LONGEST] for item in value[:_LISTED]] for key, value in said.items() if key in _LISTS}
    info = {key: value[:_LONGEST] for key, value in (said.get("serverInfo") or {}).items()}
    cut = {**lists, "tools": [name[:_LONGEST] for name in tools[:TOOL_LIMIT]], "serverInfo": info}
    return {**said, **{key: value for key, value in cut.items() if value}}


def _http(**options: Any) -> httpx.AsyncClient:
    """No keep-alive: a server is asked once, and an idle connection to each would be a cost to both sides."""
    import httpx

    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(**{"verify": False, "trust_env": False, "limits": limits, "timeout": None, **options})


def http_through(client: KubeClient) -> httpx.AsyncClient:
    """To the API server, on the way that the operator's own requests take."""
    way = client.way()

    async def name_it(request: httpx.Request) -> None:
        if way.server_name:
            request.extensions["sni_hostname"] = way.server_name

    return _http(
        verify=client.tls_context() or False,
        headers=list(way.acts_as),
        proxy=way.proxy,
        trust_env=way.trust_env,
        event_hooks={"request": [name_it]},
    )
