"""A small MCP server on stdio, plain Python, that can misbehave on request.

Role: the child behind the bridge in the bridge's tests. Speaks both eras and locks to the one of its first message, as
the SDK does; `--era modern|legacy` leaves one out, `--silent` makes a legacy server that does not answer what it does
not know.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

META = "io.modelcontextprotocol/"
SERVER = {"name": "test-server", "version": "1.2.3"}
EMPTY = {"type": "object"}
REGION = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"},
                                           "count": {"type": "integer", "x-mcp-header": "Count"}}}  # fmt: skip


class Failure(Exception):
    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message, **({"data": data} if data is not None else {})}


class Server:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.era: str | None = options.era if options.era != "dual" else None
        self.lock = threading.Lock()
        self.cancelled: dict[Any, threading.Event] = {}
        self.was_cancelled: list[Any] = []
        self.answers: dict[Any, threading.Event] = {}
        self.given: dict[Any, Any] = {}
        self.listeners: dict[Any, dict[str, Any]] = {}
        self.capabilities: Any = None
        self.annotated = True

    def send(self, message: dict[str, Any]) -> None:
        line = json.dumps({"jsonrpc": "2.0", **message})
        with self.lock:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def handle(self, message: dict[str, Any]) -> None:
        method, number = message.get("method"), message.get("id")
        if method is None:
            self.given[number] = message.get("result", message.get("error"))
            self.answers[number].set()
        elif number is None:
            self.notified(method, message.get("params") or {})
        else:
            self.cancelled[number] = threading.Event()
            if method == "subscriptions/listen":
                # In its turn: what comes after it may change what it listens to.
                self.answer(message)
                return
            threading.Thread(target=self.answer, args=(message,), daemon=True).start()

    def notified(self, method: str, params: dict[str, Any]) -> None:
        if method == "notifications/cancelled":
            self.was_cancelled.append(params["requestId"])
            self.listeners.pop(params["requestId"], None)
            if params["requestId"] in self.cancelled:
                self.cancelled[params["requestId"]].set()
        elif method.startswith("notifications/test/"):
            self.send({"method": "notifications/message", "params": {"level": "info", "data": params}})

    def answer(self, message: dict[str, Any]) -> None:
        number = message["id"]
        try:
            result = self.result(message)
        except Failure as failure:
            self.send({"id": number, "error": failure.error})
            return
        if result is not None and not self.cancelled[number].is_set():
            self.send({"id": number, "result": result})

    def result(self, message: dict[str, Any]) -> dict[str, Any] | None:
        method, params = message["method"], message.get("params") or {}
        modern = META + "protocolVersion" in (params.get("_meta") or {})
        self.lock_to("modern" if modern else "legacy", method, message["id"])
        if method == "tools/call":
            return self.call(params["name"], params.get("arguments") or {}, message)
        simple = {"server/discover": self.discover, "initialize": self.initialize, "tools/list": self.list_tools,
                  "subscriptions/listen": self.listen, "ping": lambda message: {}}  # fmt: skip
        allowed = method not in ({"initialize", "ping"} if self.era == "modern" else {"server/discover"})
        if method not in simple or not allowed:
            raise Failure(-32601, "Method not found", method)
        return simple[method](message)

    def lock_to(self, era: str, method: str, number: Any) -> None:
        if self.options.silent and method == "server/discover":
            self.cancelled[number].wait()
            raise Failure(-32601, "cancelled")
        if self.options.era == "legacy" and method == "server/discover":
            raise Failure(-32601, "Method not found", method)
        self.era = self.era or era
        if era == "legacy" and self.era == "modern":
            raise Failure(-32022, "this connection is modern", {"supported": ["2026-07-28"]})
        if era == "modern" and self.era == "legacy":
            raise Failure(-32600, "this connection is legacy")

    def discover(self, message: dict[str, Any]) -> dict[str, Any]:
        return {"resultType": "complete", "supportedVersions": ["2026-07-28"],
                "capabilities": {"tools": {"listChanged": True}}, "_meta": {META + "serverInfo": SERVER}}  # fmt: skip

    def initialize(self, message: dict[str, Any]) -> dict[str, Any]:
        self.capabilities = message["params"]["capabilities"]
        version = message["params"]["protocolVersion"]
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": SERVER}

    def list_tools(self, message: dict[str, Any]) -> dict[str, Any]:
        names = sorted(name.removeprefix("tool_") for name in dir(self) if name.startswith("tool_"))
        region = REGION if self.annotated else EMPTY
        tools = [{"name": name, "inputSchema": region if name == "region" else EMPTY} for name in names]
        half = len(tools) // 2
        if (message.get("params") or {}).get("cursor") == "2":
            return {"resultType": "complete", "tools": tools[half:]}
        return {"resultType": "complete", "tools": tools[:half], "nextCursor": "2"}

    def listen(self, message: dict[str, Any]) -> None:
        number, wanted = message["id"], message["params"]["notifications"]
        self.listeners[number] = wanted
        meta = {META + "subscriptionId": number}
        params = {"_meta": meta, "notifications": wanted}
        self.send({"method": "notifications/subscriptions/acknowledged", "params": params})

    def call(self, name: str, arguments: dict[str, Any], message: dict[str, Any]) -> dict[str, Any] | None:
        tool = getattr(self, "tool_" + name, None)
        if tool is None:
            raise Failure(-32602, f"Unknown tool: {name}")
        words = tool(arguments, message)
        if words is None:
            return None
        return {"resultType": "complete", "content": [{"type": "text", "text": words}]}

    def tool_echo(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        """Once the file `after` is there, where one is named."""
        while "after" in arguments and not Path(arguments["after"]).exists():
            if self.cancelled[message["id"]].wait(0.02):
                break
        return str(arguments["text"])

    def tool_region(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        return json.dumps(arguments)

    def tool_wait(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        self.progress(message, message["id"])
        self.cancelled[message["id"]].wait(60)
        return "waited"

    def tool_cancelled(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        return json.dumps(self.was_cancelled)

    def tool_ids(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        return json.dumps({"id": message["id"], "token": message["params"]["_meta"].get("progressToken")})

    def tool_progress(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        for step in range(arguments.get("steps", 2)):
            self.progress(message, step)
        return "done"

    def progress(self, message: dict[str, Any], step: int) -> None:
        token = (message["params"].get("_meta") or {}).get("progressToken")
        if token is not None:
            self.send({"method": "notifications/progress", "params": {"progressToken": token, "progress": step}})

    def tool_log(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        self.send({"method": "notifications/message", "params": {"level": "info", "data": arguments.get("text")}})
        return "logged"

    def tool_big(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        return "x" * arguments["size"]

    def tool_big_id_last(self, arguments: dict[str, Any], message: dict[str, Any]) -> None:
        """As the TypeScript SDK writes it: its own id at the end, and here another's before that."""
        found = {"id": arguments["other"], "text": "x" * arguments["size"]}
        line = json.dumps(
            {"result": {"content": [], "structuredContent": found}, "jsonrpc": "2.0", "id": message["id"]}
        )
        with self.lock:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def tool_size(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        return str(len(arguments["text"]))

    def tool_die(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        sys.stderr.write("these are my last words\n")
        sys.stderr.flush()
        os._exit(arguments.get("code", 3))

    def tool_fail(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        raise Failure(arguments["code"], "as asked", {"supported": ["2026-07-28"]})

    def tool_change(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        self.annotated = not self.annotated
        for number, wanted in list(self.listeners.items()):
            if wanted.get("toolsListChanged"):
                meta = {META + "subscriptionId": number}
                self.send({"method": "notifications/tools/list_changed", "params": {"_meta": meta}})
        return "changed"

    def tool_ask(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        number = f"question-{message['id']}"
        self.answers[number] = threading.Event()
        params = {"message": "Who?", "requestedSchema": EMPTY}
        self.send({"id": number, "method": "elicitation/create", "params": params})
        self.answers[number].wait(30)
        return json.dumps(self.given.get(number))

    def tool_capabilities(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        return json.dumps(self.capabilities)

    def tool_noise(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        with self.lock:
            sys.stdout.write("this is no message\n")
            sys.stdout.flush()
        sys.stderr.write("a line of the log\n")
        return str(os.getpid())

    def tool_mute(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        os.close(1)
        threading.Event().wait()
        return "never"

    def tool_odd_error(self, arguments: dict[str, Any], message: dict[str, Any]) -> None:
        self.send({"id": message["id"], "error": "not an object"})

    def tool_end_listeners(self, arguments: dict[str, Any], message: dict[str, Any]) -> str:
        for number in list(self.listeners):
            self.send({"method": "notifications/cancelled", "params": {"requestId": number}})
        return "ended"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--era", choices=("dual", "modern", "legacy"), default="dual")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--slow-start", type=float, default=0)
    parser.add_argument("--start-after", type=Path)
    server = Server(parser.parse_args())
    time.sleep(server.options.slow_start)
    while server.options.start_after and not server.options.start_after.exists():
        time.sleep(0.02)
    for line in sys.stdin:
        server.handle(json.loads(line))


if __name__ == "__main__":
    main()
