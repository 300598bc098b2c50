"""What tools, resources and prompts give, as text for a person.

Role: pure: content blocks to lines; long lists to tables. Called by the commands that use a server.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcp_cli.arguments import resolved, type_word
from mcp_cli.output.structured import json_text
from mcp_cli.output.table import Column, Table


def tool_table(tools: Iterable[dict[str, Any]]) -> Table:
    return Table.of(
        (
            Column("NAME", lambda tool: tool.get("name")),
            Column("ARGUMENTS", lambda tool: signature(_object(tool.get("inputSchema"))), wide=True),
            Column("DESCRIPTION", lambda tool: first_line(tool.get("description") or tool.get("title"))),
        ),
        tools,
        empty="The server offers no tools.",
    )


def resource_table(resources: Iterable[dict[str, Any]]) -> Table:
    return Table.of(
        (
            Column("URI", lambda one: one.get("uri") or one.get("uriTemplate")),
            Column("NAME", lambda one: one.get("name")),
            Column("TYPE", lambda one: one.get("mimeType")),
            Column("DESCRIPTION", lambda one: first_line(one.get("description")), wide=True),
        ),
        resources,
        empty="The server offers no resources.",
    )


def prompt_table(prompts: Iterable[dict[str, Any]]) -> Table:
    return Table.of(
        (
            Column("NAME", lambda one: one.get("name")),
            Column("ARGUMENTS", lambda one: prompt_signature(one.get("arguments"))),
            Column("DESCRIPTION", lambda one: first_line(one.get("description"))),
        ),
        prompts,
        empty="The server offers no prompts.",
    )


def signature(schema: dict[str, Any]) -> str:
    """`timezone=string [count=integer]`: what `--arg` takes, optional ones in brackets."""
    required = _list(schema.get("required"))
    parts = []
    for name, field in _object(schema.get("properties")).items():
        text = f"{name}={type_word(resolved(field, schema))}"
        parts.append(text if name in required else f"[{text}]")
    return " ".join(parts)


def prompt_signature(arguments: Any) -> str:
    named = [one for one in _list(arguments) if isinstance(one, dict) and "name" in one]
    return " ".join(str(one["name"]) if one.get("required") else f"[{one['name']}]" for one in named)


def first_line(text: Any, width: int = 100) -> str:
    """The first line, cut at a word."""
    line = next((part.strip() for part in str(text or "").splitlines() if part.strip()), "")
    return line if len(line) <= width else line[: width - 1].rpartition(" ")[0] + "…"


def result_text(result: dict[str, Any]) -> str:
    """A tool's result: its content; what is only structured, as JSON."""
    blocks = [block_text(block) for block in _list(result.get("content"))]
    if not blocks and "structuredContent" in result:
        return json_text(result["structuredContent"], indent=2)
    return "\n".join(blocks)


def block_text(block: Any) -> str:
    """Text as it is; what is not text, by name and size; what is no block of the protocol, as JSON."""
    if not isinstance(block, dict):
        return json_text(block)
    kind = block.get("type")
    if kind == "text":
        return str(block.get("text", ""))
    if kind in ("image", "audio"):
        return f"[{kind} {block.get('mimeType', '')}, {_size(block.get('data'))}; -o json holds it]"
    if kind == "resource_link":
        return f"[resource {block.get('uri', '')}]"
    if kind == "resource":
        return contents_text(_object(block.get("resource")))
    return json_text(block)


def contents_text(contents: dict[str, Any]) -> str:
    """One part of a resource."""
    if "text" in contents:
        return str(contents["text"])
    kind, uri = contents.get("mimeType", "binary"), contents.get("uri", "")
    return f"[{kind} {uri}, {_size(contents.get('blob'))}; -o json holds it]"


def prompt_text(result: dict[str, Any]) -> str:
    """The messages of a prompt, each under its role."""
    messages = map(_object, _list(result.get("messages")))
    return "\n\n".join(
        f"{message.get('role', 'user')}:\n{block_text(message.get('content') or {})}" for message in messages
    )


def _size(base64_text: Any) -> str:
    return f"{len(str(base64_text or '')) * 3 // 4} bytes"


def _object(value: Any) -> dict[str, Any]:
    """A server may send anything where the protocol wants an object; what it is not is shown as nothing."""
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
