"""What a caller of the MCP clients may catch, and the translation of httpx's exceptions into it.

Called by `sync` and `aio`; callers import the exceptions from here.
"""

from __future__ import annotations

import re

import httpx

from mcp_operator.protocol.failures import (
    HttpError,
    InputNeeded,
    InvalidAnswer,
    McpError,
    McpTimeout,
    NoCommonVersion,
    ProtocolError,
    SessionLost,
    TooLarge,
    TransportError,
    UnusableTool,
)

__all__ = [
    "HttpError",
    "InputNeeded",
    "InvalidAnswer",
    "McpError",
    "McpTimeout",
    "NoCommonVersion",
    "ProtocolError",
    "SessionLost",
    "TooLarge",
    "TransportError",
    "UnusableTool",
    "translated",
]

# What httpx raises where a request cannot be made or a body cannot be read.
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
HTTPX_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)


def translated(error: Exception, url: str) -> McpError:
    """The same failure in our words."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return McpTimeout(f"no connection to {url} in time")
    if isinstance(error, httpx.TimeoutException):
        return McpTimeout(f"{url} did not answer in time")
    if isinstance(error, httpx.ConnectError):
        words = _ERRNO.sub("", str(error)) or "connection failed"
        return TransportError(f"cannot connect to {url}: {words}")
    return TransportError(f"the connection to {url} broke: {error or type(error).__name__}")
