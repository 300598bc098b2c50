"""An HTTP server on a thread of the test's process, for the servers that tests put at the other end of a network.

`with` starts and ends it; what it answers is the handler's. Connections that break are no news to it.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave, and connections that a test breaks, are part of the play."""


class ThreadedServer:
    """Serves on a free port of 127.0.0.1 between `__enter__` and `__exit__`."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self.http = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self.http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()
        self._thread.join()
