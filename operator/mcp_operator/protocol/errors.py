"""Error codes of JSON-RPC and MCP, the HTTP status each stands for, and the error objects themselves.

Not the exceptions of a client: those are `mcp_operator.client.errors`. Called by the bridge and the conversation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
# 2025-11-25: the request needs the user at a web page first; `data.elicitations` says which.
URL_ELICITATION_REQUIRED = -32042
HEADER_MISMATCH = -32020
MISSING_CLIENT_CAPABILITY = -32021
UNSUPPORTED_VERSION = -32022

_MODERN_CODES = frozenset({HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY, UNSUPPORTED_VERSION})

_STATUS = {
    METHOD_NOT_FOUND: 404,
    HEADER_MISMATCH: 400,
    MISSING_CLIENT_CAPABILITY: 400,
    UNSUPPORTED_VERSION: 400,
}


def is_modern(code: object) -> bool:
    """Whether only a modern server answers with this code, whatever it is: that settles the server's era."""
    return isinstance(code, int) and code in _MODERN_CODES


def status_of(code: object) -> int:
    """The HTTP status of a modern answer whose error a server made with this code."""
    return _STATUS.get(code, 200) if isinstance(code, int) else 200


def error_body(request_id: str | int | None, code: int, message: str, data: Any = None) -> dict[str, Any]:
    """A JSON-RPC error response; `request_id` is None where the request could not be read."""
    error: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    return {"jsonrpc": "2.0", "id": request_id, "error": error}


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a request is refused before anyone handles it: the HTTP status and the JSON-RPC error."""

    status: int
    code: int
    message: str
    data: Any = None

    def body(self, request_id: str | int | None) -> dict[str, Any]:
        return error_body(request_id, self.code, self.message, self.data)
