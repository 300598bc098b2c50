"""Refusals of the HTTP layer, in the words of the real server. Pure. Called by codec, routes and the handlers."""

from __future__ import annotations

import json
from typing import Any

from mcp_cli.local.apimachinery import errors

REPRESENTATIONS = "application/json, application/yaml, application/vnd.kubernetes.protobuf"


class PlainNotFound(Exception):
    """A path outside the API: answered in plain text, as Go's own server does."""


class BrokenOff(Exception):
    """A workload's answer that ended too early, after its head went to the client; the message says whose."""


def method_not_allowed() -> errors.StatusError:
    message = "the server does not allow this method on the requested resource"
    return errors.StatusError(errors.status(405, "MethodNotAllowed", message, {}))


def not_acceptable() -> errors.StatusError:
    message = f"406: Not Acceptable\n\nAvailable representations: {REPRESENTATIONS}"
    return errors.StatusError(errors.status(406, "NotAcceptable", message, {}))


def unknown_body() -> errors.StatusError:
    message = f"the body of the request was in an unknown format - accepted media types include: {REPRESENTATIONS}"
    return errors.StatusError(errors.status(415, "UnsupportedMediaType", message))


def unknown_patch(media_type: str, accepted: tuple[str, ...]) -> errors.StatusError:
    if media_type in ("application/json", "application/yaml", ""):
        return errors.StatusError(errors.status(415, "UnsupportedMediaType", "415: Unsupported Media Type", {}))
    known = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {known}"
    return errors.StatusError(errors.status(415, "UnsupportedMediaType", message))


def bad_option(kind: str, reason: str, message: str, field: str) -> errors.StatusError:
    """A query parameter that cannot be: an invalid ListOptions, PatchOptions, ..."""
    return errors.invalid("meta.k8s.io", kind, "", [errors.Cause(reason, message, field)])


def broken_body(kind: str, problem: str) -> errors.StatusError:
    return errors.bad_request(f"the object provided is unrecognized (must be of type {kind}): {problem}")


def patched_invalid(document: dict[str, Any], problem: str) -> errors.StatusError:
    """A patch whose result is no object of its kind."""
    text = json.dumps(json.dumps(document, separators=(",", ":"), ensure_ascii=False), ensure_ascii=False)
    cause = errors.Cause("FieldValueInvalid", f"Invalid value: {text}: {problem}", "patch")
    return errors.invalid("", "", "", [cause])


def unappliable_patch() -> errors.StatusError:
    message = "the server rejected our request due to an error in our request"
    return errors.StatusError(errors.status(422, "Invalid", message, {}))


def precondition_failed(kind: str, name: str, field: str, wanted: str, actual: str) -> errors.StatusError:
    """A deletion that was meant for another incarnation or version of the object."""
    story = {
        "UID": "The object might have been deleted and then recreated",
        "ResourceVersion": "The object might have been modified",
    }[field]
    message = f"the {field} in the precondition ({wanted}) does not match the {field} in record ({actual}). {story}"
    return errors.conflict("", kind, name, message)
