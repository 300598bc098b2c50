"""The asynchronous MCP client, for the operator: a thin driver of the flows in `mcp_operator.protocol`.

The caller makes the httpx.AsyncClient (TLS, credentials, proxies) and closes it. One client talks to one server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import httpx

from mcp_operator.client import options
from mcp_operator.client.aio_driver import Driver
from mcp_operator.protocol import names
from mcp_operator.protocol.effects import Flow
from mcp_operator.protocol.identity import ServerIdentity
from mcp_operator.protocol.speaker import Wishes

T = TypeVar("T")


class AsyncMcpClient:
    """`on_input` answers the server's questions (content, or None to decline); without one none may be asked.

    `timeout` bounds the silence of one operation: progress and answers start it anew.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        *,
        client_info: Mapping[str, Any] | None = None,
        era: str | None = None,
        headers: Mapping[str, str] | None = None,
        on_input: options.OnInputAsync | None = None,
        timeout: float = options.TIMEOUT,
        max_body: int = options.MAX_BODY,
    ) -> None:
        self._http = http
        self._on_input = on_input
        self._timeout = timeout
        self._talk = options.conversation(url, client_info, era, headers, on_input is not None, max_body)

    async def __aenter__(self) -> AsyncMcpClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def warnings(self) -> list[str]:
        """What a person should know of the last list of tools: those left out, and why."""
        return self._talk.warnings

    async def discover(self) -> ServerIdentity:
        return await self._run(self._talk.discover())

    async def list_tools(self) -> list[dict[str, Any]]:
        return await self._run(self._talk.list_tools())

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_progress: options.OnProgress | None = None,
        on_input: options.OnInputAsync | None = None,
    ) -> dict[str, Any]:
        on_input = on_input or self._on_input
        flow = self._talk.call_tool(name, arguments or {}, progress=on_progress is not None, ask=on_input is not None)
        return await self._run(flow, on_progress, on_input)

    async def list_resources(self) -> list[dict[str, Any]]:
        return await self._run(self._talk.list_optional(names.RESOURCES_LIST, "resources", "resources"))

    async def list_resource_templates(self) -> list[dict[str, Any]]:
        return await self._run(
            self._talk.list_optional(names.RESOURCE_TEMPLATES_LIST, "resourceTemplates", "resources")
        )

    async def read_resource(self, uri: str, *, on_input: options.OnInputAsync | None = None) -> dict[str, Any]:
        return await self._asked(names.RESOURCES_READ, {"uri": uri}, on_input)

    async def list_prompts(self) -> list[dict[str, Any]]:
        return await self._run(self._talk.list_optional(names.PROMPTS_LIST, "prompts", "prompts"))

    async def get_prompt(
        self, name: str, arguments: Mapping[str, str] | None = None, *, on_input: options.OnInputAsync | None = None
    ) -> dict[str, Any]:
        return await self._asked(names.PROMPTS_GET, {"name": name, "arguments": dict(arguments or {})}, on_input)

    async def request(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Any other request, as it is."""
        return await self._run(self._talk.request(method, params))

    async def close(self) -> None:
        """End the session where there is one. The httpx client stays the caller's."""
        await self._run(self._talk.close())

    async def _asked(
        self, method: str, params: Mapping[str, Any], on_input: options.OnInputAsync | None
    ) -> dict[str, Any]:
        on_input = on_input or self._on_input
        return await self._run(self._talk.request(method, params, Wishes(ask=on_input is not None)), None, on_input)

    async def _run(
        self, flow: Flow[T], on_progress: options.OnProgress | None = None, on_input: options.OnInputAsync | None = None
    ) -> T:
        return await Driver(self._http, self._timeout, on_progress, on_input).run(flow)
