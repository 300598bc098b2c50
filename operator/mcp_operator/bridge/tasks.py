"""Work that the bridge does beside what it does on the spot, none of which may fail in silence.

Role: hold the tasks, say what failed, answer the client who waits for one. Called by: `modern.py` and `sessions.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from mcp_operator.bridge.child import write_stderr
from mcp_operator.bridge.exchange import refuse
from mcp_operator.bridge.http1 import Responder
from mcp_operator.protocol.errors import INTERNAL_ERROR


class Tasks:
    """The tasks of one relay."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def run(self, work: Coroutine[Any, Any, Any], responder: Responder | None = None, message_id: Any = None) -> None:
        """Begin; `responder` is the client that waits for the outcome."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(lambda done: self._ended(done, responder, message_id))

    async def finished(self) -> None:
        """Until nothing is under way any more."""
        while self._running:
            await asyncio.wait(self._running)

    def _ended(self, task: asyncio.Task[Any], responder: Responder | None, message_id: Any) -> None:
        self._running.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        error = task.exception()
        write_stderr(f"mcp-bridge: internal error: {type(error).__name__}: {error}\n".encode())
        if responder is not None and not responder.done:
            text = "internal error of the bridge; its log has the details"
            refuse(responder, 500, message_id, INTERNAL_ERROR, text)
