"""A real MCP server with the transport of 2024-11-05: answers come on one stream of events, requests go to its address.

    with OldSseServer(headers={"authorization": "Bearer x"}) as server:
        ...server.url

Written against the specification, not against our client; it refuses requests without the headers.
"""

from __future__ import annotations

import json
import queue
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.threaded import ThreadedServer

VERSION = "2024-11-05"
TOOLS = [{"name": "echo", "description": "Says it again", "inputSchema": {"type": "object"}}]


class OldSseServer(ThreadedServer):
    """`server.url` is the address of the stream; there is nothing at any other one."""

    def __init__(self, headers: dict[str, str] | None = None) -> None:
        self.headers = headers or {}
        self._streams: dict[str, queue.SimpleQueue[bytes]] = {}
        super().__init__(self._handler())

    @property
    def url(self) -> str:
        return f"http://{self.address}/sse"

    def _answer(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """None for a notification."""
        if "id" not in message:
            return None
        arguments = (message.get("params") or {}).get("arguments") or {}
        results: dict[str, Any] = {
            "initialize": {
                "protocolVersion": VERSION,
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "old-sse", "version": "1"},
            },
            "ping": {},
            "tools/list": {"tools": TOOLS},
            "tools/call": {"content": [{"type": "text", "text": json.dumps(arguments)}]},
        }
        head = {"jsonrpc": "2.0", "id": message["id"]}
        if message["method"] in results:
            return {**head, "result": results[message["method"]]}
        return {**head, "error": {"code": -32601, "message": "no such method"}}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path != "/sse" or not self._allowed():
                    self.send_error(404 if self._allowed() else 401)
                    return
                stream: queue.SimpleQueue[bytes] = queue.SimpleQueue()
                name = str(len(wire._streams) + 1)
                wire._streams[name] = stream
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                stream.put(f"event: endpoint\ndata: /messages?stream={name}\n\n".encode())
                while True:
                    self.wfile.write(stream.get())
                    self.wfile.flush()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                stream = wire._streams.get(self.path.partition("?stream=")[2])
                if stream is None or not self._allowed():
                    self.send_error(404 if self._allowed() else 401)
                    return
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                answer = wire._answer(json.loads(body))
                if answer is not None:
                    stream.put(f"event: message\ndata: {json.dumps(answer)}\n\n".encode())

            def _allowed(self) -> bool:
                return all(self.headers.get(name) == value for name, value in wire.headers.items())

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads it."""

        return Handler
