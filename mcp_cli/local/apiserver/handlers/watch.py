"""Watch: the changes of a resource as a stream of JSON lines, with bookmarks, as long as the client listens.

An object that starts or stops to match the selectors is seen as added or deleted. A revision that history no longer
reaches ends the stream with one ERROR event (410 Expired), as clients expect it.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from starlette.responses import Response, StreamingResponse

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apiserver import codec, options
from mcp_cli.local.apiserver.handlers import paging
from mcp_cli.local.apiserver.handlers.read import Match, matcher, prefix_of
from mcp_cli.local.apiserver.handlers.respond import shaped
from mcp_cli.local.apiserver.objects import serve
from mcp_cli.local.apiserver.pace import Pace
from mcp_cli.local.apiserver.registry import storage_key
from mcp_cli.local.storage import Change, Compacted, Watcher

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.context import Call

BOOKMARK_SECONDS = 55.0
LINES_AT_ONCE = 50
DEFAULT_TIMEOUT = (1800, 3600)
_INITIAL_END = "k8s.io/initial-events-end"


async def watch(call: Call) -> Response:
    """Open the stream; what is wrong with the request is said before it begins."""
    form = codec.negotiate(call.request.headers.get("accept", ""), streaming=True)
    version = call.query.text("resourceVersion")
    options.check_watch(call.query)
    revision = paging.parse_revision(version, single=True)
    initial = call.query.flag("sendInitialEvents")
    match = matcher(call)
    return StreamingResponse(Stream(call, form, match).events(revision, initial), media_type="application/json")


class Stream:
    """One client's watch."""

    def __init__(self, call: Call, form: codec.Form, match: Match | None) -> None:
        self.call, self.form, self.match = call, form, match
        self.store = call.server.store
        self.resource = storage_key(call.model)
        self._columns = True
        self._pace = Pace()
        self._deadline = time.monotonic() + (call.query.number("timeoutSeconds") or random.uniform(*DEFAULT_TIMEOUT))
        self._bookmarks = call.query.flag("allowWatchBookmarks")

    async def events(self, since: int, initial: bool) -> AsyncIterator[bytes]:
        """The encoded events until the time is over, the client goes, or the server stops."""
        start = since
        if initial or since == 0:
            start = self.store.revision
        try:
            watcher = self.store.watch(self.resource, prefix_of(self.call), since=start)
        except Compacted as error:
            yield self._encode("ERROR", errors.gone(str(error)).status)
            return
        try:
            if initial or since == 0:
                async for event in self._initial(start, initial):
                    yield event
            async for event in self._live(watcher, start):
                yield event
        finally:
            self.store.unwatch(watcher)

    async def _initial(self, revision: int, marked: bool) -> AsyncIterator[bytes]:
        """What there is already, as additions."""
        lines: list[bytes] = []
        for row in self.store.page(self.resource, prefix_of(self.call), at=revision).rows:
            await self._pace()
            obj = serve(self.call.model, json.loads(row.value))
            if self.match is None or self.match(obj):
                lines.append(self._encode("ADDED", self._shape(obj)))
            if len(lines) == LINES_AT_ONCE:
                yield b"".join(lines)
                lines.clear()
        if marked and self._bookmarks:
            lines.append(self._bookmark(revision, {_INITIAL_END: "true"}))
        if lines:
            yield b"".join(lines)

    async def _live(self, watcher: Watcher, revision: int) -> AsyncIterator[bytes]:
        next_bookmark = time.monotonic() + BOOKMARK_SECONDS
        while not watcher.closed or watcher.pending():
            wait = min(self._deadline, next_bookmark) - time.monotonic()
            change = await watcher.next(max(wait, 0.0))
            if change is not None:
                changes = [change, *watcher.take(LINES_AT_ONCE)]
                revision = changes[-1].revision
                lines = await self._events(changes)
                if lines:
                    yield lines
                continue
            now = time.monotonic()
            if watcher.closed or now >= self._deadline:
                return
            if now >= next_bookmark:
                next_bookmark = now + BOOKMARK_SECONDS
                if self._bookmarks:
                    yield self._bookmark(max(revision, self.store.revision), {})

    async def _events(self, changes: list[Change]) -> bytes:
        """What these changes are to this client; nothing where none concerns it."""
        lines = []
        for change in changes:
            await self._pace()
            lines.append(self._event(change) or b"")
        return b"".join(lines)

    def _event(self, change: Change) -> bytes | None:
        """A change as this client's selectors see it."""
        model, kind = self.call.model, change.type
        simple = self.match is None and self.form.kind == codec.OBJECT
        if simple:
            memo = (model.api_version, "event")
            if memo not in change.memo:
                change.memo[memo] = self._encode(kind, self._served(change))
            return change.memo[memo]
        obj = self._served(change)
        if self.match is not None:
            now = kind != "DELETED" and self.match(obj)
            before = change.previous_value is not None and self.match(self._served(change, before=True))
            kind = {(True, True): "MODIFIED", (True, False): "ADDED", (False, True): "DELETED"}.get((now, before), "")
            if not kind:
                return None
            if kind == "DELETED" and change.type == "MODIFIED":
                obj = self._served(change, before=True)
                obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(change.revision)}}
        return self._encode(kind, self._shape(obj))

    def _served(self, change: Change, *, before: bool = False) -> dict[str, Any]:
        """The object after or before the change, shared by all watches of this version: only to be read."""
        memo = (self.call.model.api_version, before)
        if memo not in change.memo:
            change.memo[memo] = serve(self.call.model, (change.previous or {}) if before else change.object)
        return change.memo[memo]

    def _shape(self, obj: dict[str, Any]) -> dict[str, Any]:
        shape = shaped(self.call, obj, self.form, columns=self._columns)
        self._columns = False
        return shape

    def _bookmark(self, revision: int, annotations: dict[str, str]) -> bytes:
        metadata: dict[str, Any] = {"resourceVersion": str(revision)}
        if annotations:
            metadata["annotations"] = annotations
        obj: dict[str, Any] = {
            "kind": self.call.model.kind,
            "apiVersion": self.call.model.api_version,
            "metadata": metadata,
        }
        if self.form.kind == codec.TABLE:
            obj = {
                "kind": "Table",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
                "columnDefinitions": [],
                "rows": [],
            }
        return self._encode("BOOKMARK", obj)

    def _encode(self, kind: str, obj: dict[str, Any]) -> bytes:
        return codec.encode({"type": kind, "object": obj})
