"""Refusals of the HTTP layer, in the words of the real server. Pure. Called by codec, routes and the handlers."""

from __future__ import annotations

import json
from typing import Any

from mcp_cli.local.apimachinery import errors, gowords

REPRESENTATIONS = "application/json, application/yaml, application/vnd.kubernetes.protobuf"


PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)


class PlainNotFound(Exception):
    """A path outside the API: answered in plain text, as Go's own server does."""


class BrokenOff(Exception):
    """A workload's answer that ended too early, after its head went to the client; the message says whose."""


def method_not_allowed() -> errors.StatusError:
    message = "the server does not allow this method on the requested resource"
    return errors.StatusError(errors.status(405, "MethodNotAllowed", message, {}))


def not_acceptable(*, known_type: bool = False) -> errors.StatusError:
    """The type cannot be given, or is known but not in the shape that was asked for."""
    if known_type:
        return errors.not_acceptable(f"only the following media types are accepted: {REPRESENTATIONS}")
    message = f"406: Not Acceptable\n\nAvailable representations: {REPRESENTATIONS}"
    return errors.StatusError(errors.status(406, "NotAcceptable", message, {}))


def unknown_body() -> errors.StatusError:
    message = f"the body of the request was in an unknown format - accepted media types include: {REPRESENTATIONS}"
    return errors.StatusError(errors.status(415, "UnsupportedMediaType", message))


def unknown_patch(media_type: str, accepted: tuple[str, ...]) -> errors.StatusError:
    if media_type not in PATCHES:
        return errors.StatusError(errors.status(415, "UnsupportedMediaType", "415: Unsupported Media Type", {}))
    known = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {known}"
    return errors.StatusError(errors.status(415, "UnsupportedMediaType", message))


def bad_option(kind: str, reason: str, message: str, field: str) -> errors.StatusError:
    """A query parameter that cannot be: an invalid ListOptions, PatchOptions, ..."""
    return errors.invalid("meta.k8s.io", kind, "", [errors.Cause(reason, message, field)])


def broken_body(kind: str, problem: str) -> errors.StatusError:
    return errors.bad_request(f"the object provided is unrecognized (must be of type {kind}): {problem}")


def unreadable(kind: str, problem: str, data: bytes) -> errors.StatusError:
    """A body that is no JSON, or not that of an object."""
    return broken_body(kind, f"couldn't get version/kind; json parse error: {problem} ({gowords.summary(data)})")


def nameless(name: str) -> errors.StatusError:
    return errors.bad_request(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")


def other_name(said: str, name: str) -> errors.StatusError:
    return errors.bad_request(f"the name of the object ({said}) does not match the name on the URL ({name})")


def patched_invalid(document: dict[str, Any], problem: str) -> errors.StatusError:
    """A patch whose result is no object of its kind."""
    return _bad_patch(json.dumps(document, separators=(",", ":"), ensure_ascii=False), problem)


def strategic_invalid(patch: dict[str, Any], problem: str) -> errors.StatusError:
    """The same of a strategic merge patch, which is read without JSON."""
    return _bad_patch(gowords.printed(patch), gowords.conversion_error(problem))


def _bad_patch(value: str, problem: str) -> errors.StatusError:
    text = json.dumps(value, ensure_ascii=False)
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
