"""The synchronous MCP client, for the command line: a thin driver of the flows in `mcp_operator.protocol`.

The caller makes the httpx.Client (TLS, credentials, proxies) and closes it. One client talks to one server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import httpx

from mcp_operator.client import options
from mcp_operator.client.sync_driver import Driver
from mcp_operator.protocol import names
from mcp_operator.protocol.effects import Flow
from mcp_operator.protocol.identity import ServerIdentity
from mcp_operator.protocol.speaker import Wishes

T = TypeVar("T")


class McpClient:
    """`on_input` answers the server's questions (content, or None to decline); without one none may be asked.

    `timeout` bounds the silence of one operation: progress and answers start it anew.
    """

    def __init__(
        self,
        http: httpx.Client,
        url: str,
        *,
        client_info: Mapping[str, Any] | None = None,
        era: str | None = None,
        headers: Mapping[str, str] | None = None,
        on_input: options.OnInput | None = None,
        timeout: float = options.TIMEOUT,
        max_body: int = options.MAX_BODY,
    ) -> None:
        self._http = http
        self._on_input = on_input
        self._timeout = timeout
        self._talk = options.conversation(url, client_info, era, headers, on_input is not None, max_body)

    def __enter__(self) -> McpClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def warnings(self) -> list[str]:
        """What a person should know of the last list of tools: those left out, and why."""
        return self._talk.warnings

    def discover(self) -> ServerIdentity:
        return self._run(self._talk.discover())

    def list_tools(self) -> list[dict[str, Any]]:
        return self._run(self._talk.list_tools())

    def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_progress: options.OnProgress | None = None,
        on_input: options.OnInput | None = None,
    ) -> dict[str, Any]:
        on_input = on_input or self._on_input
        flow = self._talk.call_tool(name, arguments or {}, progress=on_progress is not None, ask=on_input is not None)
        return self._run(flow, on_progress, on_input)

    def list_resources(self) -> list[dict[str, Any]]:
        return self._run(self._talk.list_optional(names.RESOURCES_LIST, "resources", "resources"))

    def list_resource_templates(self) -> list[dict[str, Any]]:
        return self._run(self._talk.list_optional(names.RESOURCE_TEMPLATES_LIST, "resourceTemplates", "resources"))

    def read_resource(self, uri: str, *, on_input: options.OnInput | None = None) -> dict[str, Any]:
        return self._asked(names.RESOURCES_READ, {"uri": uri}, on_input)

    def list_prompts(self) -> list[dict[str, Any]]:
        return self._run(self._talk.list_optional(names.PROMPTS_LIST, "prompts", "prompts"))

    def get_prompt(
        self, name: str, arguments: Mapping[str, str] | None = None, *, on_input: options.OnInput | None = None
    ) -> dict[str, Any]:
        return self._asked(names.PROMPTS_GET, {"name": name, "arguments": dict(arguments or {})}, on_input)

    def request(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Any other request, as it is."""
        return self._run(self._talk.request(method, params))

    def close(self) -> None:
        """End the session where there is one. The httpx client stays the caller's."""
        self._run(self._talk.close())

    def _asked(self, method: str, params: Mapping[str, Any], on_input: options.OnInput | None) -> dict[str, Any]:
        on_input = on_input or self._on_input
        return self._run(self._talk.request(method, params, Wishes(ask=on_input is not None)), None, on_input)

    def _run(
        self, flow: Flow[T], on_progress: options.OnProgress | None = None, on_input: options.OnInput | None = None
    ) -> T:
        return Driver(self._http, self._timeout, on_progress, on_input).run(flow)
