"""Get and list. A list is consistent at one revision, page by page; selectors see the served version."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from mcp_cli.local.apimachinery import errors, fieldselectors, selectors
from mcp_cli.local.apiserver import codec
from mcp_cli.local.apiserver.handlers.respond import METADATA_VERSION, answer, metadata_only, plain, table
from mcp_cli.local.apiserver.objects import serve
from mcp_cli.local.apiserver.registry import storage_key
from mcp_cli.local.storage import Compacted

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.context import Call

CHUNK = 500
EXPIRED_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without"
    " the continue parameter, or use the continue token in this response to retrieve the remainder of the results."
)
Match = Callable[[dict[str, Any]], bool]


async def get(call: Call) -> Response:
    return answer(call, call.server.objects.get(call.model, call.namespace, call.name))


def matcher(call: Call) -> Match | None:
    """The request's label and field selectors (and its name, where it has one) as one question; None when all match."""
    labels, fields = call.query.text("labelSelector"), call.query.text("fieldSelector")
    tests: list[Match] = []
    if labels:
        by_label = selectors.parse(labels)
        tests.append(lambda obj: by_label.matches(obj["metadata"].get("labels")))
    if fields:
        by_field = fieldselectors.parse(call.model, fields)
        tests.append(by_field.matches)
    if call.name:
        tests.append(lambda obj: obj["metadata"]["name"] == call.name)
    return (lambda obj: all(test(obj) for test in tests)) if tests else None


def prefix_of(call: Call) -> str:
    return f"{call.namespace}/" if call.namespace else ""


async def list_objects(call: Call) -> Response:
    """The list in the form asked for."""
    form = codec.negotiate(call.request.headers.get("accept", ""))
    items, metadata = collect(call)
    if form.kind == codec.TABLE:
        return plain(table(call, items, metadata, form), 200, form.media_type, call.warnings)
    if form.kind in (codec.METADATA, codec.METADATA_LIST):
        kind, version = codec.METADATA_LIST, METADATA_VERSION
        items = [metadata_only(item) for item in items]
    else:
        kind, version = call.model.list_kind, call.model.api_version
        if call.model.builtin:
            items = [_bare(item) for item in items]
    body = {"kind": kind, "apiVersion": version, "metadata": metadata, "items": items}
    return plain(body, 200, form.media_type, call.warnings)


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    """Items of a built-in list leave out what the list says for all of them."""
    return {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}


def collect(call: Call) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The matching objects of this page and the list's metadata."""
    match = matcher(call)
    limit = call.query.number("limit") or 0
    at, after = _position(call)
    items: list[dict[str, Any]] = []
    store, resource = call.server.store, storage_key(call.model)
    while True:
        rows = CHUNK if match or not limit else limit - len(items)
        try:
            page = store.page(resource, prefix_of(call), at=at, after=after, limit=rows if limit else -1)
        except Compacted as error:
            raise _expired(call, error, bool(call.query.text("continue"))) from None
        at = page.revision
        for index, row in enumerate(page.rows):
            obj = serve(call.model, json.loads(row.value))
            after = row.key
            if match is None or match(obj):
                items.append(obj)
            if limit and len(items) == limit:
                more = page.more or index + 1 < len(page.rows)
                return items, _list_metadata(call, at, after if more else "", match)
        if not page.more:
            return items, _list_metadata(call, at, "", match)


def _position(call: Call) -> tuple[int | None, str]:
    """Where the list is to start: at which revision, behind which key."""
    token, version = call.query.text("continue"), call.query.text("resourceVersion")
    policy = call.query.text("resourceVersionMatch")
    if token:
        if version and version != "0":
            raise errors.bad_request("specifying resource version is not allowed when using continue")
        return _decode_token(token)
    number = _revision(version)
    if policy == "Exact":
        if not number:
            raise errors.bad_request("resourceVersionMatch is forbidden unless resourceVersion is provided")
        return number, ""
    if number > call.server.store.revision:
        raise _too_large(number, call.server.store.revision)
    return None, ""


def _revision(text: str) -> int:
    if text and not text.isdigit():
        raise errors.bad_request(f'invalid resource version: "{text}"')
    return int(text or 0)


def _too_large(wanted: int, current: int) -> errors.StatusError:
    message = f"Too large resource version: {wanted}, current: {current}"
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    return errors.StatusError(errors.status(504, "Timeout", f"Timeout: {message}", details))


def _list_metadata(call: Call, revision: int, after: str, match: Match | None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if after:
        token = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": after}, separators=(",", ":"))
        metadata["continue"] = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
        if match is None:
            resource = storage_key(call.model)
            metadata["remainingItemCount"] = call.server.store.count(resource, prefix_of(call), after)
    return metadata


def _decode_token(token: str) -> tuple[int | None, str]:
    try:
        fields = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        revision = int(fields["rv"])
        return (None if revision < 0 else revision), str(fields["start"])
    except (ValueError, KeyError, TypeError) as error:
        raise errors.bad_request(f"continue key is not valid: {error}") from None


def _expired(call: Call, error: Compacted, continued: bool) -> errors.StatusError:
    """410; where a list was going on, with a token that goes on inconsistently."""
    if not continued:
        return errors.gone(f"The resourceVersion for the provided list is too old: {error}")
    expired = errors.gone(EXPIRED_CONTINUE)
    start = _decode_token(call.query.text("continue"))[1]
    token = json.dumps({"v": "meta.k8s.io/v1", "rv": -1, "start": start}, separators=(",", ":"))
    expired.status["metadata"] = {"continue": base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")}
    return expired
