"""Tools of the judge's server that ask back, the legacy way: by requests to the client. Called by: `everything.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from content import text

Content = list[dict[str, Any]]


async def sampling(ctx: Any, arguments: dict[str, Any]) -> Content:
    content = types.TextContent(type="text", text=arguments["prompt"])
    message = types.SamplingMessage(role="user", content=content)
    result = await ctx.session.create_message([message], max_tokens=100, related_request_id=ctx.request_id)
    return [text(f"LLM response: {getattr(result.content, 'text', result.content)}")]


async def elicit(ctx: Any, message: str, properties: dict[str, Any], required: list[str], words: str) -> Content:
    schema = {"type": "object", "properties": properties, "required": required}
    result = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
    return [text(f"{words}: action={result.action}, content={result.content}")]


async def elicitation(ctx: Any, arguments: dict[str, Any]) -> Content:
    properties = {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    }
    return await elicit(ctx, arguments["message"], properties, ["username", "email"], "User response")


async def defaults(ctx: Any, arguments: dict[str, Any]) -> Content:
    properties = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    return await elicit(ctx, "Check the defaults", properties, [], "Elicitation completed")


async def enums(ctx: Any, arguments: dict[str, Any]) -> Content:
    plain = ["option1", "option2", "option3"]
    single = [{"const": f"value{n}", "title": f"{word} Option"} for n, word in enumerate(("First", "Second"), 1)]
    several = [{"const": f"value{n}", "title": f"{word} Choice"} for n, word in enumerate(("First", "Second"), 1)]
    names = ["Option One", "Option Two", "Option Three"]
    properties = {
        "untitledSingle": {"type": "string", "enum": plain},
        "titledSingle": {"type": "string", "oneOf": single},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": names},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
        "titledMulti": {"type": "array", "items": {"anyOf": several}},
    }
    return await elicit(ctx, "Choose", properties, [], "Elicitation completed")


def wanted(**properties: str) -> dict[str, Any]:
    fields = {name: {"type": "string", "description": words} for name, words in properties.items()}
    return {"type": "object", "properties": fields, "required": list(fields)}


SCHEMAS: dict[str, dict[str, Any]] = {
    "test_sampling": wanted(prompt="What to ask the model"),
    "test_elicitation": wanted(message="What to ask the user"),
}
LEGACY_TOOLS: dict[str, Callable[[Any, dict[str, Any]], Awaitable[Content]]] = {
    "test_sampling": sampling,
    "test_elicitation": elicitation,
    "test_elicitation_sep1034_defaults": defaults,
    "test_elicitation_sep1330_enums": enums,
}
