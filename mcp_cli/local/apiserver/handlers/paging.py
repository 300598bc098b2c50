"""Where a list starts and how it goes on: resource versions and continue tokens. Called by `read` and `watch`."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apiserver import options

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.request import Query
    from mcp_cli.local.storage import Compacted

EXPIRED_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without"
    " the continue parameter, or use the continue token in this response to retrieve the remainder of the results."
    " Continuing with the provided token results in an inconsistent list - objects that were created, modified, or"
    " deleted between the time the first chunk was returned and now may show up in the list."
)


def position(query: Query, current: int) -> tuple[int | None, str]:
    """At which revision (None: now) and behind which key the list starts."""
    token, version = query.text("continue"), query.text("resourceVersion")
    options.check_list(query)
    number = parse_revision(version)
    if token:
        if version and version != "0":
            raise errors.bad_request("specifying resource version is not allowed when using continue")
        return decode_token(token)
    if number > current:
        raise too_large(number, current)
    return (number if query.text("resourceVersionMatch") == "Exact" else None), ""


def parse_revision(text: str, *, single: bool = False) -> int:
    """A resourceVersion as a number; nothing is 0. To a list that is the client's mistake, elsewhere an error."""
    if text and not text.isdigit():
        problem = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        if single:
            raise errors.StatusError(errors.status(500, "", problem))
        raise errors.bad_request(f"invalid resource version: {problem}")
    return int(text or 0)


def too_large(wanted: int, current: int) -> errors.StatusError:
    message = f"Timeout: Too large resource version: {wanted}, current: {current}"
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    return errors.StatusError(errors.status(504, "Timeout", message, {"causes": causes, "retryAfterSeconds": 1}))


def encode_token(revision: int, key: str) -> str:
    token = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": key}, separators=(",", ":"))
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def decode_token(token: str) -> tuple[int | None, str]:
    """Revision and last key; a negative revision goes on with what is there now."""
    try:
        fields = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        revision = int(fields["rv"])
        return (None if revision < 0 else revision), str(fields["start"])
    except (ValueError, KeyError, TypeError) as error:
        raise errors.bad_request(f"invalid continue token: continue key is not valid: {error}") from None


def expired(query: Query, error: Compacted) -> errors.StatusError:
    """410; where a list was going on, with a token that goes on inconsistently."""
    token = query.text("continue")
    if not token:
        return errors.gone(f"The resourceVersion for the provided list is too old. ({error})")
    refusal = errors.gone(EXPIRED_CONTINUE)
    refusal.status["metadata"] = {"continue": encode_token(-1, decode_token(token)[1])}
    return refusal
