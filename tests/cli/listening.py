"""An API server with nothing in it, or a proxy before one: it keeps what it was asked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Request(NamedTuple):
    """The first line's address, whole where a proxy is asked, and the headers of impersonation."""

    path: str
    acts_as: list[tuple[str, str]]


class Api(ThreadingHTTPServer):
    """Every list is empty."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.seen: list[Request] = []
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_port}"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    @contextmanager
    def serving(self) -> Iterator[Api]:
        with self:
            threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            yield self
            self.shutdown()


class _Asked(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        acts_as = [(k, v) for k, v in self.headers.items() if k.lower().startswith("impersonate-")]
        self.server.seen.append(Request(self.path, acts_as))
        body = b'{"metadata": {}, "items": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Its words would stand among those of the tests."""
