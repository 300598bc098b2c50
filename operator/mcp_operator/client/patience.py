"""How long a client waits: a bound on the silence of one operation, started anew by progress, halted by a question.

Called by the drivers of both clients.
"""

from __future__ import annotations

import time

import httpx

from mcp_operator.protocol.effects import Open
from mcp_operator.protocol.failures import McpTimeout

# Connecting is quick or hopeless.
CONNECT = 10.0
# How long a user may think about a question.
ASKING = 900.0
# What is left for good manners (a cancellation, the end of a session) after a failure.
GRACE = 2.0


class Patience:
    """One operation's clock."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._asking = 0
        self._deadline = time.monotonic() + timeout

    def restart(self) -> None:
        self._deadline = time.monotonic() + self._timeout

    def pause(self) -> None:
        self._asking += 1

    def resume(self) -> None:
        self._asking = max(self._asking - 1, 0)
        self.restart()

    def grace(self) -> None:
        """After a failure: just long enough to clean up."""
        self._asking = 0
        self._deadline = time.monotonic() + GRACE

    def remaining(self) -> float:
        """Seconds left. Raises McpTimeout when there are none."""
        if self._asking:
            return ASKING
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise McpTimeout(f"no answer within {self._timeout:g} s")
        return left

    def http(self, request: Open) -> httpx.Timeout:
        """The time-outs of one HTTP request."""
        left = self.remaining()
        read = None if request.endless else max(left, ASKING) if request.asking else left
        return httpx.Timeout(left, connect=min(left, CONNECT), read=read)
