"""An npm registry on loopback that serves packages made in the test, to the real npm.

Role: package documents and tarballs, as npm asks for them; counts what was asked. Called by: the tests of Node servers.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

from tests.support.threaded import ThreadedServer

# Says which Node runs it, and which one ran its installation script.
SAYS_ITS_NODE = """#!/usr/bin/env node
const fs = require("fs"), path = require("path"), built = path.join(__dirname, "built");
const words = [process.version, fs.existsSync(built) ? fs.readFileSync(built, "utf8") : "-", ...process.argv.slice(2)];
console.log(words.join(" "));
"""


class NpmRegistry:
    """Packages by name and version, and the address where they are."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked: list[str] = []
        self._documents: dict[str, dict[str, Any]] = {}
        self._tarballs: dict[str, bytes] = {}

    def publish(self, name: str, version: str = "1.0.0", code: str = SAYS_ITS_NODE, **package: Any) -> None:
        """A package with one program, named like it; `package` is added to its package.json."""
        short = name.rpartition("/")[2]
        full = {"name": name, "version": version, "bin": {short: "server.js"}, **package}
        tarball = _tarball({"package.json": json.dumps(full), "server.js": code})
        path = f"/{name}/-/{short}-{version}.tgz"
        self._tarballs[path] = tarball
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
        listed = {**full, "dist": {"tarball": self.address + path, "integrity": integrity}}
        if "install" in full.get("scripts", {}):
            listed["hasInstallScript"] = True
        document = self._documents.setdefault(name, {"name": name, "dist-tags": {}, "versions": {}})
        document["versions"][version] = listed
        document["dist-tags"]["latest"] = version

    def answer(self, path: str) -> bytes | None:
        self.asked.append(path)
        if path in self._tarballs:
            return self._tarballs[path]
        document = self._documents.get(path.removeprefix("/"))
        return json.dumps(document).encode() if document else None


def _tarball(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


@contextmanager
def npm_registry() -> Iterator[NpmRegistry]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = registry.answer(unquote(self.path.partition("?")[0]))
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadedServer(Handler)
    registry = NpmRegistry(f"http://{server.address}")
    with server:
        yield registry
