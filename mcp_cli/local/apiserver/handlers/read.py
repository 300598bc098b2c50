"""Get and list. A list is consistent at one revision, page by page; selectors see the served version."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from mcp_cli.local.apimachinery import fieldselectors, selectors
from mcp_cli.local.apiserver import codec
from mcp_cli.local.apiserver.handlers import paging
from mcp_cli.local.apiserver.handlers.respond import answer, encoded, metadata_only, plain, refuse_form, table
from mcp_cli.local.apiserver.objects import serve
from mcp_cli.local.apiserver.pace import Pace
from mcp_cli.local.apiserver.registry import storage_key
from mcp_cli.local.storage import Compacted

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.context import Call

CHUNK, ROWS_AT_ONCE = 500, 20
Match = Callable[[dict[str, Any]], bool]


async def get(call: Call) -> Response:
    """One object, of now: a version that was not reached yet is waited for by the client."""
    wanted, current = paging.parse_revision(call.query.text("resourceVersion"), single=True), call.server.store.revision
    if wanted > current:
        raise paging.too_large(wanted, current)
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
    refuse_form(call, form, is_list=True)
    items, metadata = await collect(call)
    if form.kind == codec.TABLE:
        metadata = {key: value for key, value in metadata.items() if value != ""}
        return plain(await long_table(call, items, metadata, form), 200, form.media_type, call.warnings)
    if form.kind in (codec.METADATA, codec.METADATA_LIST):
        kind, version = codec.METADATA_LIST, f"meta.k8s.io/{form.version}"
        items = [metadata_only(item, form.version) for item in items]
    else:
        kind, version = call.model.list_kind, call.model.api_version
        if call.model.builtin:
            items = [bare(item) for item in items]
    body = {"kind": kind, "apiVersion": version, "metadata": metadata, "items": items}
    return await list_answer(call, body, form)


async def list_answer(call: Call, body: dict[str, Any], form: codec.Form) -> Response:
    """A list, encoded a few items at a time."""
    if form.media_type == codec.JSON:
        return encoded(await codec.encode_list(body, "items"), 200, form.media_type, call.warnings)
    return plain(body, 200, form.media_type, call.warnings)


async def long_table(
    call: Call, items: list[dict[str, Any]], metadata: dict[str, Any], form: codec.Form
) -> dict[str, Any]:
    """A Table made a few rows at a time."""
    pace = Pace()
    whole = table(call, items[:ROWS_AT_ONCE], metadata, form)
    for start in range(ROWS_AT_ONCE, len(items), ROWS_AT_ONCE):
        await pace()
        whole["rows"] += table(call, items[start : start + ROWS_AT_ONCE], metadata, form, False)["rows"]
    return whole


def bare(item: dict[str, Any]) -> dict[str, Any]:
    """Items of a built-in list leave out what the list says for all of them."""
    return {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}


async def collect(call: Call) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The matching objects of this page and the list's metadata."""
    match = matcher(call)
    limit = call.query.number("limit") or 0
    at, after = paging.position(call.query, call.server.store.revision)
    items: list[dict[str, Any]] = []
    store, resource, pace = call.server.store, storage_key(call.model), Pace()
    while True:
        rows = CHUNK if match or not limit else limit - len(items)
        try:
            page = store.page(resource, prefix_of(call), at=at, after=after, limit=rows if limit else -1)
        except Compacted as error:
            raise paging.expired(call.query, error) from None
        at = page.revision
        for index, row in enumerate(page.rows):
            await pace()
            obj = serve(call.model, json.loads(row.value))
            after = row.key
            if match is None or match(obj):
                items.append(obj)
            if limit and len(items) == limit:
                more = page.more or index + 1 < len(page.rows)
                return items, _list_metadata(call, at, after if more else "", match)
        if not page.more:
            return items, _list_metadata(call, at, "", match)


def _list_metadata(call: Call, revision: int, after: str, match: Match | None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if not call.model.builtin:
        metadata["continue"] = ""
    if after:
        metadata["continue"] = paging.encode_token(revision, after)
        if match is None:
            resource = storage_key(call.model)
            metadata["remainingItemCount"] = call.server.store.count(resource, prefix_of(call), after)
    return metadata
