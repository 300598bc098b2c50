"""The judge's server: what the official suite's server scenarios ask for, on stdio or on HTTP.

Role: the thing that is tested directly and through the bridge; written with the Python SDK, in an environment of its
own. Run as `python everything.py` (stdio) or `python everything.py --http PORT`. Called by: `runner.py`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import mcp_types as types
from content import AUDIO, PROMPTS, RESOURCES, image, text
from mcp.server import NotificationOptions, Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, PromptsListChanged, ToolsListChanged
from mcp.shared.exceptions import MCPError
from questions import ASKING_TOOLS, answered, ask, form

from tools import LEGACY_TOOLS, SCHEMAS

bus = InMemorySubscriptionBus()


async def list_tools(ctx: Any, params: Any) -> types.ListToolsResult:
    tools = [
        {"name": name, "description": f"Conformance tool {name}", "inputSchema": SCHEMAS.get(name, {"type": "object"})}
        for name in [*CONTENT_TOOLS, *LEGACY_TOOLS, *ASKING_TOOLS]
    ]
    return types.ListToolsResult.model_validate({"tools": tools})


async def call_tool(ctx: Any, params: Any) -> Any:
    if params.name in ASKING_TOOLS:
        return ASKING_TOOLS[params.name](ctx, params)
    if params.name in LEGACY_TOOLS:
        content = await LEGACY_TOOLS[params.name](ctx, params.arguments or {})
    elif params.name in CONTENT_TOOLS:
        content = await CONTENT_TOOLS[params.name](ctx)
    else:
        raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}")
    is_error = params.name == "test_error_handling"
    return types.CallToolResult.model_validate({"content": content, "isError": is_error})


async def simple(ctx: Any) -> list[Any]:
    return [text("This is a simple text response for testing.")]


async def picture(ctx: Any) -> list[Any]:
    return [image()]


async def sound(ctx: Any) -> list[Any]:
    return [{"type": "audio", "data": AUDIO, "mimeType": "audio/wav"}]


async def embedded(ctx: Any) -> list[Any]:
    words = "This is an embedded resource content."
    return [
        {"type": "resource", "resource": {"uri": "test://embedded-resource", "mimeType": "text/plain", "text": words}}
    ]


async def mixed(ctx: Any) -> list[Any]:
    data = json.dumps({"test": "data", "value": 123})
    resource = {"uri": "test://mixed-content-resource", "mimeType": "application/json", "text": data}
    return [text("Multiple content types test:"), image(), {"type": "resource", "resource": resource}]


async def failing(ctx: Any) -> list[Any]:
    return [text("This tool intentionally returns an error for testing")]


async def progress(ctx: Any) -> list[Any]:
    for step in (0, 50, 100):
        await ctx.session.report_progress(step, 100, f"Completed step {step} of 100")
        await asyncio.sleep(0.05)
    return [text("Progress was reported.")]


async def logging(ctx: Any) -> list[Any]:
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_log_message("info", words, related_request_id=ctx.request_id)
        await asyncio.sleep(0.05)
    return [text("Logs were sent.")]


async def tools_changed(ctx: Any) -> list[Any]:
    await bus.publish(ToolsListChanged())
    return [text("The tools changed.")]


async def prompts_changed(ctx: Any) -> list[Any]:
    await bus.publish(PromptsListChanged())
    return [text("The prompts changed.")]


CONTENT_TOOLS = {
    "test_simple_text": simple,
    "test_image_content": picture,
    "test_audio_content": sound,
    "test_embedded_resource": embedded,
    "test_multiple_content_types": mixed,
    "test_error_handling": failing,
    "test_tool_with_progress": progress,
    "test_tool_with_logging": logging,
    "test_logging_tool": logging,
    "test_trigger_tool_change": tools_changed,
    "test_trigger_prompt_change": prompts_changed,
}


async def list_resources(ctx: Any, params: Any) -> types.ListResourcesResult:
    return types.ListResourcesResult.model_validate({"resources": [entry for entry, _ in RESOURCES]})


async def list_templates(ctx: Any, params: Any) -> types.ListResourceTemplatesResult:
    template = {"uriTemplate": "test://template/{id}/data", "name": "template", "mimeType": "application/json"}
    return types.ListResourceTemplatesResult.model_validate({"resourceTemplates": [template]})


async def read_resource(ctx: Any, params: Any) -> types.ReadResourceResult:
    uri = str(params.uri)
    for entry, content in RESOURCES:
        if entry["uri"] == uri:
            return types.ReadResourceResult.model_validate({"contents": [{**content, "uri": uri}]})
    if uri.startswith("test://template/") and uri.endswith("/data"):
        number = uri.split("/")[3]
        data = json.dumps({"id": number, "templateTest": True, "data": f"Data for ID: {number}"})
        content = {"uri": uri, "mimeType": "application/json", "text": data}
        return types.ReadResourceResult.model_validate({"contents": [content]})
    raise MCPError(types.INVALID_PARAMS, "Resource not found", {"uri": uri})


async def list_prompts(ctx: Any, params: Any) -> types.ListPromptsResult:
    return types.ListPromptsResult.model_validate({"prompts": [entry for entry, _ in PROMPTS]})


async def get_prompt(ctx: Any, params: Any) -> Any:
    if params.name == "test_input_required_result_prompt" and not answered(params, "user_context"):
        return ask({"user_context": form("What context should the prompt use?", "context")})
    for entry, make in PROMPTS:
        if entry["name"] == params.name:
            messages = [{"role": "user", "content": content} for content in make(params.arguments or {})]
            return types.GetPromptResult.model_validate({"messages": messages})
    raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {params.name}")


async def complete(ctx: Any, params: Any) -> types.CompleteResult:
    values = [word for word in ("paris", "park", "party", "test") if word.startswith(params.argument.value)]
    return types.CompleteResult.model_validate(
        {"completion": {"values": values, "total": len(values), "hasMore": False}}
    )


async def accept(ctx: Any, params: Any) -> types.EmptyResult:
    return types.EmptyResult()


def build() -> Server[Any]:
    server: Server[Any] = Server(
        "conformance-everything",
        version="1.0.0",
        instructions="Every feature that the suite asks for.",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_completion=complete,
        on_subscribe_resource=accept,
        on_unsubscribe_resource=accept,
        on_set_logging_level=accept,
        on_subscriptions_listen=ListenHandler(bus),
    )
    security = RequestStateSecurity.ephemeral()
    server.middleware.append(RequestStateBoundary(security, default_audience="conformance-everything"))
    return server


async def serve_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options(NotificationOptions(True, True, True)))


def serve_http(server: Server[Any], port: int) -> None:
    import uvicorn

    uvicorn.run(
        server.streamable_http_app(streamable_http_path="/mcp"), host="127.0.0.1", port=port, log_level="warning"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--http"]:
        serve_http(build(), int(sys.argv[2]))
    else:
        asyncio.run(serve_stdio(build()))
