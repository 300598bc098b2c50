"""Our client as the official conformance suite runs it: one URL, one scenario named in the environment.

    conformance client --command "python tests/conformance/client_driver.py" --requirements 2026-07-28

Each scenario's server says what it wants to see; here stands only what a user would do with such a server. With
MCP_DRIVER=async the asynchronous client plays, else the synchronous one. The OAuth scenarios are not ours.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import httpx
from mcp_operator.client.aio import AsyncMcpClient
from mcp_operator.client.options import Question
from mcp_operator.client.sync import McpClient

CLIENT_INFO = {"name": "mcp-operator-conformance", "version": "1.0.0"}
# What a user would type where a tool of a scenario needs something.
ARGUMENTS: dict[str, dict[str, Any]] = {"add_numbers": {"a": 5, "b": 3}}
# Scenarios whose server has tools to look at, none to call.
ONLY_LIST = frozenset({"json-schema-ref-no-deref"})

# How one operation of the client is made: the name of the method, its arguments.
Do = Callable[..., Any]


def accept(question: Question) -> dict[str, Any]:
    """Say yes to every yes-or-no field without a default; the client fills in the defaults of the others."""
    return {
        name: True
        for name, schema in question.properties.items()
        if schema.get("type") == "boolean" and "default" not in schema
    }


def arguments_for(tool: dict[str, Any], tools: list[dict[str, Any]]) -> dict[str, Any]:
    """What to call a tool with; the echo wants the schema of its neighbour as we received it."""
    if tool["name"] == "json_schema_echo":
        return {"schema": next(other["inputSchema"] for other in tools if other is not tool)}
    return ARGUMENTS.get(tool["name"], {"region": "us-west1"})


def play(do: Do) -> None:
    """Look at everything, then call what the scenario says, or else every tool that is left to call."""
    do("discover")
    tools = do("list_tools")
    planned = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}").get("toolCalls")
    if os.environ.get("MCP_CONFORMANCE_SCENARIO") in ONLY_LIST:
        return
    if planned:
        for call in planned:
            do("call_tool", call["name"], call.get("arguments", {}))
    else:
        for tool in tools:
            do("call_tool", tool["name"], arguments_for(tool, tools))
    for resource in do("list_resources"):
        do("read_resource", resource["uri"])
    for prompt in do("list_prompts"):
        do("get_prompt", prompt["name"])


def play_sync(url: str) -> None:
    with httpx.Client() as http, McpClient(http, url, client_info=CLIENT_INFO, on_input=accept) as client:
        play(lambda name, *arguments: getattr(client, name)(*arguments))


def play_async(url: str) -> None:
    with asyncio.Runner() as runner:
        http = httpx.AsyncClient()
        client = AsyncMcpClient(http, url, client_info=CLIENT_INFO, on_input=accept)
        play(lambda name, *arguments: runner.run(getattr(client, name)(*arguments)))
        runner.run(client.close())
        runner.run(http.aclose())


def main() -> int:
    scenario = os.environ.get("MCP_CONFORMANCE_SCENARIO", "")
    if scenario.startswith("auth/"):
        print(f"{scenario}: OAuth is not part of this client", file=sys.stderr)
        return 1
    url = sys.argv[-1]
    play_async(url) if os.environ.get("MCP_DRIVER") == "async" else play_sync(url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
