"""A small MCP server on stdio (2026-07-28) that does what the command line has to cope with.

Tools: `add` (typed arguments), `count` (progress), `greet` (asks for a name), `fail` (isError). One resource, one
prompt. Run by the tests as a process of the embedded cluster; standard library only.
"""

from __future__ import annotations

import json
import sys
from typing import Any

VERSION = "2026-07-28"
META = {"io.modelcontextprotocol/serverInfo": {"name": "asking", "version": "1"}}
NUMBER = {"type": "number"}
TOOLS = [
    {
        "name": "add",
        "description": "Add numbers.\nThe second line.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "a": {"type": "integer"},
                "b": {"type": "integer"},
                "more": {"type": "array", "items": NUMBER},
            },
            "required": ["a", "b"],
        },
    },
    {"name": "count", "description": "Count with progress.", "inputSchema": {"type": "object"}},
    {"name": "greet", "description": "Ask for a name.", "inputSchema": {"type": "object"}},
    {"name": "fail", "description": "Fail.", "inputSchema": {"type": "object"}},
]
ASKED = {
    "method": "elicitation/create",
    "params": {
        "message": "Who is there?",
        "requestedSchema": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
            "required": ["name"],
        },
    },
}


def send(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": words}], **more}


def call(params: dict[str, Any]) -> dict[str, Any]:
    arguments = params.get("arguments") or {}
    if params["name"] == "add":
        total = arguments["a"] + arguments["b"] + sum(arguments.get("more", []))
        return text(f"{total}", structuredContent={"total": total})
    if params["name"] == "count":
        token = (params.get("_meta") or {}).get("progressToken")
        for step in (1, 2, 3):
            if token is not None:
                values = {"progressToken": token, "progress": step, "total": 3, "message": f"step {step}"}
                send({"method": "notifications/progress", "params": values})
        return text("counted")
    if params["name"] == "greet":
        answers = params.get("inputResponses")
        if not answers:
            return {"resultType": "input_required", "inputRequests": {"who": ASKED}, "requestState": "s"}
        answer = answers["who"]
        return text(f"{answer['action']}: {json.dumps(answer.get('content'))}")
    return text("it broke", isError=True)


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    if method == "server/discover":
        capabilities = {"tools": {}, "resources": {}, "prompts": {}}
        return {"supportedVersions": [VERSION], "capabilities": capabilities, "ttlMs": 0, "cacheScope": "public"}
    if method == "tools/list":
        return {"tools": TOOLS, "ttlMs": 0, "cacheScope": "public"}
    if method == "tools/call":
        return call(params)
    if method == "resources/list":
        return {"resources": [{"uri": "test://hello", "name": "hello", "mimeType": "text/plain"}]}
    if method == "resources/templates/list":
        return {"resourceTemplates": [{"uriTemplate": "test://{name}", "name": "any"}]}
    if method == "resources/read":
        if not params["uri"].startswith("test://"):
            return None
        return {"contents": [{"uri": params["uri"], "mimeType": "text/plain", "text": "hello\nworld"}]}
    if method == "prompts/list":
        return {"prompts": [{"name": "ask", "arguments": [{"name": "what", "required": True}, {"name": "how"}]}]}
    if method == "prompts/get":
        if params["name"] != "ask":
            return None
        words = f"Tell me about {params['arguments'].get('what')}"
        return {"messages": [{"role": "user", "content": {"type": "text", "text": words}}]}
    return None


def main() -> None:
    print("asking is here", file=sys.stderr, flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message or "method" not in message:
            continue
        result = answer(message["method"], message.get("params") or {})
        if result is None:
            send({"id": message["id"], "error": {"code": -32601, "message": f"no method {message['method']}"}})
        else:
            send({"id": message["id"], "result": {"resultType": "complete", "_meta": META, **result}})


if __name__ == "__main__":
    main()
