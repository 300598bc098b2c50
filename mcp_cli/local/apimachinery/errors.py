"""The `Status` objects with which the API server refuses, and the exception that carries one.

Role: one constructor a reason, in Kubernetes' own words, because clients and people read them. Pure.
Called by everything in this package and by the API server, which answers with `StatusError.status`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Cause(NamedTuple):
    """One thing wrong with one field."""

    reason: str
    message: str
    field: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class StatusError(Exception):
    """A refusal, ready to be sent."""

    def __init__(self, status: dict[str, Any]) -> None:
        super().__init__(status.get("message", ""))
        self.status = status
        self.code: int = status["code"]
        self.reason: str = status.get("reason", "")


def status(code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    out: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    out["message"] = message
    if reason:
        out["reason"] = reason
    if details is not None:
        out["details"] = {key: value for key, value in details.items() if value}
    out["code"] = code
    return out


def success(details: dict[str, Any]) -> dict[str, Any]:
    """What a DELETE answers when the object is gone."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def qualified(group: str, plural: str) -> str:
    return f"{plural}.{group}" if group else plural


def _about(code: int, reason: str, message: str, group: str, kind: str, name: str) -> StatusError:
    return StatusError(status(code, reason, message, {"name": name, "group": group, "kind": kind}))


def not_found(group: str, plural: str, name: str) -> StatusError:
    return _about(404, "NotFound", f'{qualified(group, plural)} "{name}" not found', group, plural, name)


def page_not_found() -> StatusError:
    return StatusError(status(404, "NotFound", "the server could not find the requested resource", {}))


def already_exists(group: str, plural: str, name: str) -> StatusError:
    message = f'{qualified(group, plural)} "{name}" already exists'
    return _about(409, "AlreadyExists", message, group, plural, name)


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(group: str, plural: str, name: str, message: str | None = None) -> StatusError:
    text = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {message or MODIFIED}'
    return _about(409, "Conflict", text, group, plural, name)


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> StatusError:
    # An aggregate says the same thing once.
    said = list(dict.fromkeys(str(cause) for cause in causes))
    body = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    subject = f"{kind}.{group}" if group else kind
    details = {"name": name, "group": group, "kind": kind, "causes": [cause._asdict() for cause in causes]}
    return StatusError(status(422, "Invalid", f'{subject} "{name}" is invalid: {body}', details))


REJECTED = "the server rejected our request due to an error in our request"


def unprocessable() -> StatusError:
    """A JSON patch that cannot be applied to this object; the API server says no more than this."""
    return StatusError(status(422, "Invalid", REJECTED, {}))


def bad_request(message: str) -> StatusError:
    return StatusError(status(400, "BadRequest", message))


def unauthorized() -> StatusError:
    return StatusError(status(401, "Unauthorized", "Unauthorized"))


def forbidden(group: str, plural: str, name: str, message: str) -> StatusError:
    subject = f'{qualified(group, plural)} "{name}"' if name else qualified(group, plural)
    return _about(403, "Forbidden", f"{subject} is forbidden: {message}", group, plural, name)


def method_not_allowed(group: str, plural: str, verb: str) -> StatusError:
    message = f'{verb} is not supported on resources of kind "{qualified(group, plural)}"'
    return _about(405, "MethodNotAllowed", message, group, plural, "")


def not_acceptable(message: str) -> StatusError:
    return StatusError(status(406, "NotAcceptable", message))


def gone(message: str) -> StatusError:
    return StatusError(status(410, "Expired", message))


def too_large(message: str) -> StatusError:
    return StatusError(status(413, "RequestEntityTooLarge", f"Request entity too large: {message}"))


def unsupported_media_type(got: str, supported: Sequence[str]) -> StatusError:
    message = (
        f"the body of the request was in an unknown format ({got or 'no Content-Type'})"
        f" - accepted media types include: {', '.join(supported)}"
    )
    return StatusError(status(415, "UnsupportedMediaType", message))


def internal(message: str) -> StatusError:
    details = {"causes": [{"message": message}]}
    return StatusError(status(500, "InternalError", f"Internal error occurred: {message}", details))


def unavailable(message: str) -> StatusError:
    return StatusError(status(503, "ServiceUnavailable", message))


def field_conflict(message: str, causes: Sequence[Cause]) -> StatusError:
    """Server-side apply met fields of other managers."""
    details = {"causes": [cause._asdict() for cause in causes]}
    return StatusError(status(409, "Conflict", message, details))
