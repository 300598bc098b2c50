"""A real HTTP server that speaks GitHub's contents API and the official registry's API, and misbehaves when told to.

    with RegistryServer(servers=documents, entries=items) as server:
        server.fault("/v0.1/servers", Fault(status=429, headers={"Retry-After": "7"}))    # once, then as usual
        ...
        assert server.asked[-1].path == ...

`real_documents()` and `real_items()` are the snapshots of the two registries; tests that need them skip without.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import socket
import ssl
import struct
import tarfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.support.threaded import ThreadedServer

DATA = Path(__file__).parents[3] / "shared" / "data"
REPO = "docker/mcp-registry"
_META = "io.modelcontextprotocol.registry/official"


@cache
def real_documents() -> dict[str, str]:
    """`server.yaml` by folder of the Docker registry's snapshot."""
    folder = DATA / "docker-mcp-registry" / "servers"
    if not folder.is_dir():
        pytest.skip(f"needs the snapshot of the Docker registry in {folder}")
    return {path.parent.name: path.read_text() for path in sorted(folder.glob("*/server.yaml"))}


@cache
def real_items() -> list[dict[str, Any]]:
    """The items of the official registry's snapshot."""
    path = DATA / "official-registry" / "servers.json"
    if not path.is_file():
        pytest.skip(f"needs the snapshot of the official registry in {path}")
    items: list[dict[str, Any]] = json.loads(path.read_text())["servers"]
    return items


@dataclass(frozen=True)
class Fault:
    """What happens instead of the good answer. `reset` breaks the connection before it, `cut` after half of it."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    reset: bool = False
    cut: bool = False
    drip: Callable[[], None] | None = None


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


class RegistryServer(ThreadedServer):
    """`with RegistryServer(...) as server`: `server.url` is its address. Its contents may be changed while it runs."""

    def __init__(
        self,
        servers: dict[str, str] | None = None,
        entries: list[dict[str, Any]] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.servers = dict(servers or {})
        self.entries = list(entries or [])
        self.files: dict[str, tuple[str, bytes]] = {}
        self.asked: list[Asked] = []
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self._always: dict[str, Fault] = {}
        super().__init__(self._handler())
        self._scheme = "https" if tls else "http"
        if tls:
            self.http.socket = tls.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return f"{self._scheme}://{self.address}"

    def fault(self, path: str, *faults: Fault) -> None:
        """The next answers for paths that begin so."""
        self._faults[path] += faults

    def always(self, path: str, fault: Fault) -> None:
        """Every answer for paths that begin so."""
        self._always[path] = fault

    def mend(self) -> None:
        self._faults.clear()
        self._always.clear()

    def count(self, beginning: str = "") -> int:
        return sum(asked.path.startswith(beginning) for asked in self.asked)

    def next_fault(self, path: str) -> Fault | None:
        for beginning, faults in self._faults.items():
            if path.startswith(beginning) and faults:
                return faults.pop(0)
        return next((fault for beginning, fault in self._always.items() if path.startswith(beginning)), None)

    def answer(self, path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, str, bytes]:
        """Status, content type and body of a good answer."""
        if path in self.files:
            return 200, *self.files[path]
        if path.endswith("/servers") and path.startswith("/v0"):
            return 200, "application/json", self._page(query)
        if path.startswith("/v0.1/servers/"):
            return self._versions(path)
        contents = f"/repos/{REPO}/contents/servers"
        if path == contents:
            return 200, "application/json; charset=utf-8", self._listing()
        if path.startswith(contents + "/"):
            return self._content(unquote(path[len(contents) + 1 :]), headers)
        if path.startswith(f"/repos/{REPO}/tarball"):
            return 200, "application/x-gzip", self.tarball()
        return 404, "application/json", b'{"message": "Not Found"}'

    def tarball(self, **more: bytes) -> bytes:
        """The repository as GitHub packs it: below one folder that is named by the commit."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            files = {f"servers/{name}/server.yaml": text.encode() for name, text in self.servers.items()}
            for name, content in {**files, "README.md": b"# hello", **more}.items():
                member = tarfile.TarInfo(f"docker-mcp-registry-818bf16/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return gzip.compress(packed.getvalue(), 1, mtime=0)

    def _page(self, query: dict[str, str]) -> bytes:
        since = query.get("updated_since", "")
        chosen = [item for item in self.entries if not since or _official(item).get("updatedAt", "") >= since]
        if query.get("version") == "latest":
            chosen = [item for item in chosen if _official(item).get("isLatest")]
        begin, size = int(query.get("cursor") or 0), min(100, int(query.get("limit") or 30))
        page = chosen[begin : begin + size]
        metadata: dict[str, Any] = {"count": len(page)}
        if begin + size < len(chosen):
            metadata["nextCursor"] = str(begin + size)
        return json.dumps({"servers": page, "metadata": metadata}).encode()

    def _versions(self, path: str) -> tuple[int, str, bytes]:
        """`NAME/versions` and `NAME/versions/VERSION`, where `latest` is a version too."""
        name, what, *version = (unquote(part) for part in path.removeprefix("/v0.1/servers/").split("/"))
        found = [item for item in self.entries if item["server"]["name"] == name]
        if version:
            found = [item for item in found if _is_version(item, version[0])]
        if what != "versions" or not found:
            return 404, "application/json", b'{"title": "Not Found", "status": 404}'
        document = found[0] if version else {"servers": found, "metadata": {"count": len(found)}}
        return 200, "application/json", json.dumps(document).encode()

    def _listing(self) -> bytes:
        return json.dumps(
            [
                {"name": name, "path": f"servers/{name}", "type": "dir", "sha": hashlib.sha1(text.encode()).hexdigest()}
                for name, text in self.servers.items()
            ]
        ).encode()

    def _content(self, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
        name, _, file = path.partition("/")
        text = self.servers.get(name)
        if text is None or file != "server.yaml":
            return 404, "application/json", b'{"message": "Not Found"}'
        if "raw" in headers.get("accept", ""):
            return 200, "application/vnd.github.raw+json; charset=utf-8", text.encode()
        content = base64.b64encode(text.encode()).decode()
        return 200, "application/json", json.dumps({"content": content, "encoding": "base64"}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                headers = {key.lower(): value for key, value in self.headers.items()}
                registry.asked.append(Asked(parts.path, query, headers))
                fault = registry.next_fault(parts.path)
                if fault and fault.reset:
                    return self._reset()
                status, kind, body = registry.answer(parts.path, query, headers)
                if fault:
                    status = fault.status
                    body = fault.body if fault.body is not None else body if status == 200 else b"{}"
                self._send(status, {"Content-Type": kind}, body, headers, fault or Fault())
                return None

            def _send(
                self, status: int, said: dict[str, str], body: bytes, asked: dict[str, str], fault: Fault
            ) -> None:
                etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
                if status == 200 and asked.get("if-none-match") == etag:
                    status, body = 304, b""
                self.send_response(status)
                for key, value in {**said, "ETag": etag, "Content-Length": str(len(body)), **fault.headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                if fault.drip:
                    fault.drip()
                self.wfile.write(body[: len(body) // 2] if fault.cut else body)
                if fault.cut:
                    self._reset()

            def _reset(self) -> None:
                """Close so that the other side gets a reset, not an end."""
                self.close_connection = True
                self.wfile.flush()
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.wfile = io.BytesIO()  # type: ignore[assignment]
                self.rfile = io.BytesIO()

            def log_message(self, format: str, *args: Any) -> None:
                """Tests read `asked` instead."""

        return Handler


def item(name: str, version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    """One item of the official API's list; `meta` is what the registry says of it, the rest is the server's own."""
    meta = {"status": "active", "publishedAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}
    meta |= {"isLatest": True, **more.pop("meta", {})}
    packages = [{"registryType": "npm", "identifier": name.rpartition("/")[2], "version": version}]
    packages = [{**package, "transport": {"type": "stdio"}} for package in packages]
    server = {"name": name, "description": f"What {name} does", "version": version, "packages": packages, **more}
    return {"server": server, "_meta": {_META: meta}}


def _official(entry: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = entry.get("_meta", {}).get(_META, {})
    return found


def _is_version(entry: dict[str, Any], version: str) -> bool:
    return bool(entry["server"]["version"] == version or (version == "latest" and _official(entry).get("isLatest")))
