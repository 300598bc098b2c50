"""A small MCP server on HTTP whose manners a test chooses: eras, sessions, tools, silence, refusal."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]


@dataclass
class Manners:
    """`modern` and `legacy` are the revisions spoken; `answers` False: connections are taken and nothing is said."""

    modern: tuple[str, ...] = ("2026-07-28",)
    legacy: str | None = None
    sessions: bool = False
    tools: tuple[str, ...] = ("look",)
    capabilities: tuple[str, ...] = ("tools",)
    answers: bool = True
    may_answer: asyncio.Event | None = None
    """Requests are answered only when it is set."""
    status: int | None = None
    """Every request is answered with this status and no MCP at all."""
    asked: list[str] = field(default_factory=list)
    """The methods asked, and "DELETE" for a session given back."""
    hosts: list[str] = field(default_factory=list)


class McpHttpServer:
    """`async with McpHttpServer(manners) as server: server.port`."""

    def __init__(self, manners: Manners, host: str = "127.0.0.1") -> None:
        self.manners = manners
        self.host = host
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> McpHttpServer:
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.manners.hosts.append(headers.get("host", ""))
            if self.manners.may_answer is not None:
                await self.manners.may_answer.wait()
            if self.manners.answers:
                writer.write(self._answer(lines[0].split(" ")[0], body))
                await writer.drain()
            else:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    def _answer(self, verb: str, body: bytes) -> bytes:
        if self.manners.status is not None:
            return _http(self.manners.status, b"no")
        if verb != "POST":
            self.manners.asked.append(verb)
            return _http(200 if verb == "DELETE" else 405, b"")
        message = json.loads(body)
        self.manners.asked.append(message["method"])
        if "id" not in message:
            return _http(202, b"")
        headers = {"Mcp-Session-Id": "s1"} if message["method"] == "initialize" and self.manners.sessions else {}
        return self._reply(message, headers)

    def _reply(self, message: Object, headers: dict[str, str]) -> bytes:
        result = self._result(message)
        answer: Object = {"jsonrpc": "2.0", "id": message["id"]}
        if result is None:
            answer["error"] = {"code": -32601, "message": "unknown method"}
            return _http(404, json.dumps(answer).encode(), headers)
        return _http(200, json.dumps({**answer, "result": result}).encode(), headers)

    def _result(self, message: Object) -> Object | None:
        manners, method = self.manners, message["method"]
        modern = "io.modelcontextprotocol/protocolVersion" in (message.get("params") or {}).get("_meta", {})
        if method == "tools/list" and (manners.modern if modern else manners.legacy):
            return {"resultType": "complete", "tools": [_tool(name) for name in manners.tools]}
        capabilities: Object = {name: {} for name in manners.capabilities}
        info = {"name": "test-server", "version": "7"}
        if method == "server/discover" and manners.modern:
            meta = {"io.modelcontextprotocol/serverInfo": info}
            versions = {"supportedVersions": list(manners.modern), "capabilities": capabilities, "_meta": meta}
            return {"resultType": "complete", "ttlMs": 0, "cacheScope": "private", **versions}
        if method == "initialize" and manners.legacy:
            return {"protocolVersion": manners.legacy, "capabilities": capabilities, "serverInfo": info}
        return None


def _tool(name: str) -> Object:
    return {"name": name, "inputSchema": {"type": "object"}}


def _http(status: int, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    given = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**given, **(headers or {})}.items())
    return f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode() + body
