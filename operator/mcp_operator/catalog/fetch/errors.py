"""What can go wrong while a registry is read; an HTTP library's own errors never leave `fetch/http.py`."""

from __future__ import annotations

from mcp_operator.catalog.errors import CatalogError


class FetchError(CatalogError):
    """A registry gave no usable answer."""


class Unreachable(FetchError):
    """No answer came: no network, a dead host, a broken connection, a circuit that is open."""


class RateLimited(FetchError):
    """The registry wants to be left alone longer than a person waits; `until` is seconds since the epoch, or 0."""

    def __init__(self, message: str, hint: str = "", until: float = 0.0) -> None:
        super().__init__(message, hint)
        self.until = until


class Refused(FetchError):
    """An answer that says no, or that is none of what was asked for; `status` is HTTP's, 0 for an unusable body."""

    def __init__(self, message: str, hint: str = "", status: int = 0) -> None:
        super().__init__(message, hint)
        self.status = status
