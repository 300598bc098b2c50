"""What the API server says when it says no, as exceptions for the callers of the client.

Role: one small hierarchy; no exception of an HTTP library leaves the client.
Called by `client` (raises) and everyone (catches).
"""

from __future__ import annotations

import json
from typing import Any


class ApiError(Exception):
    """A refusal of the API server, with its `Status` taken apart."""

    def __init__(self, status: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message or reason)
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details or {}

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asked to wait."""
        seconds = self.details.get("retryAfterSeconds")
        return float(seconds) if seconds else None

    @property
    def namespace_ends(self) -> bool:
        """Whether the namespace is being deleted: nothing can be made there, and what is there goes."""
        return any(cause.get("reason") == "NamespaceTerminating" for cause in self.details.get("causes") or ())


class BadRequest(ApiError):
    """400: the request itself makes no sense to the server."""


class Unauthorized(ApiError):
    """401: the server does not know who asks."""


class Forbidden(ApiError):
    """403: the server knows who asks, and that one may not."""


class NotFound(ApiError):
    """404: no such object, or no such resource."""


class Conflict(ApiError):
    """409: the object has changed since it was read, or a field has another manager."""


class AlreadyExists(Conflict):
    """409 on create: the name is taken."""


class Gone(ApiError):
    """410: the resourceVersion is too old; list again."""


class Invalid(ApiError):
    """422: the object does not keep the rules of its schema."""


class TooManyRequests(ApiError):
    """429: slow down."""


class ServerError(ApiError):
    """5xx: the server failed; trying again may help."""


class Unavailable(ApiError):
    """No answer: nothing listens there, or the connection broke."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
    429: TooManyRequests,
}


def error_of(status: int, body: bytes | dict[str, Any], http_reason: str = "") -> ApiError:
    """The exception for an answer; `body` is a `Status` object where the server sent one."""
    parsed = body if isinstance(body, dict) else _parse(body)
    reason = parsed.get("reason") or http_reason
    message = parsed.get("message") or _plain(body) or f"HTTP {status} {http_reason}".strip()
    if status == 409 and reason == "AlreadyExists":
        return AlreadyExists(status, reason, message, parsed.get("details"))
    if reason == "Expired":
        return Gone(status, reason, message, parsed.get("details"))
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else ApiError)
    return kind(status, reason, message, parsed.get("details"))


def _parse(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) and parsed.get("kind") == "Status" else {}


def _plain(body: bytes | dict[str, Any]) -> str:
    return body.decode(errors="replace").strip()[:500] if isinstance(body, bytes) else ""
