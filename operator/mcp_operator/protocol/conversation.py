"""A client's whole conversation with one server: find its era, open, call, list, start over when a session is lost.

Flows only: `mcp_operator.client.sync` and `.aio` run them. One conversation remembers the era, the session and the
tools' definitions; it is used by one thread or task at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_operator.protocol import errors, names
from mcp_operator.protocol.effects import Flow
from mcp_operator.protocol.failures import InvalidAnswer, ProtocolError, SessionLost, UnusableTool
from mcp_operator.protocol.identity import ServerIdentity
from mcp_operator.protocol.legacy import LegacySpeaker, open_legacy
from mcp_operator.protocol.mirrors import Mirror, mirrors_of, usable_tools
from mcp_operator.protocol.modern import ModernSpeaker, discover
from mcp_operator.protocol.speaker import Settings, Wishes
from mcp_operator.protocol.versions import LEGACY, MODERN, Era

# A list that never ends is a server's mistake, not a reason to run out of memory.
MAX_PAGES = 1000


class Conversation:
    """One server. `era` skips the question when it is known; `can_ask` says whether a legacy session may elicit."""

    def __init__(self, settings: Settings, *, era: Era | None = None, can_ask: bool = False) -> None:
        self.settings = settings
        self.warnings: list[str] = []
        self._era = era
        self._can_ask = can_ask
        self._speaker: ModernSpeaker | LegacySpeaker | None = None
        self._tools: dict[str, dict[str, Any]] = {}
        self._unusable: dict[str, str] = {}

    def discover(self) -> Flow[ServerIdentity]:
        """Who the server is; asked once."""
        speaker = yield from self._open(self._can_ask)
        return speaker.identity

    def _open(self, can_ask: bool) -> Flow[ModernSpeaker | LegacySpeaker]:
        """The speaker for this server; a legacy session that never said it can be asked is replaced by one that did."""
        speaker = self._speaker
        if speaker is not None and can_ask and not speaker.can_ask:
            yield from self.close()
            speaker = None
        if speaker is None:
            speaker = yield from self._find(can_ask or self._can_ask)
            self._speaker = speaker
        return speaker

    def _find(self, can_ask: bool) -> Flow[ModernSpeaker | LegacySpeaker]:
        if self._era != LEGACY:
            verdict = yield from discover(self.settings)
            if verdict.era == MODERN and verdict.identity is not None:
                self._era = MODERN
                return ModernSpeaker(self.settings, verdict.identity)
            if self._era == MODERN:
                raise InvalidAnswer("the server does not speak the modern protocol (2026-07-28)")
        speaker = yield from open_legacy(self.settings, can_ask)
        self._era = LEGACY
        return speaker

    def request(
        self, method: str, params: Mapping[str, Any] | None = None, wishes: Wishes | None = None
    ) -> Flow[dict[str, Any]]:
        """Any request's complete result. A session that the server forgot is opened again, once."""
        wishes = wishes or Wishes()
        speaker = yield from self._open(wishes.ask)
        try:
            return (yield from speaker.request(method, params or {}, wishes))
        except SessionLost:
            self._speaker = None
        speaker = yield from self._open(wishes.ask)
        return (yield from speaker.request(method, params or {}, wishes))

    def list_all(self, method: str, key: str) -> Flow[list[dict[str, Any]]]:
        """Every page of a list. A cursor that comes twice is a server's mistake."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            result = yield from self.request(method, {} if cursor is None else {"cursor": cursor})
            page = result.get(key)
            if not isinstance(page, list):
                raise InvalidAnswer(f"the server answered {method} without a list of {key}")
            found.extend(item for item in page if isinstance(item, dict))
            cursor = result.get("nextCursor")
            if not isinstance(cursor, str):
                return found
            if cursor in seen:
                break
            seen.add(cursor)
        raise InvalidAnswer(f"the pages of {method} have no end")

    def list_optional(self, method: str, key: str, capability: str) -> Flow[list[dict[str, Any]]]:
        """As list_all, but a server that does not announce the capability, or know the method, has none of these."""
        identity = yield from self.discover()
        if capability not in identity.capabilities:
            return []
        try:
            return (yield from self.list_all(method, key))
        except ProtocolError as error:
            if error.code != errors.METHOD_NOT_FOUND:
                raise
            return []

    def list_tools(self) -> Flow[list[dict[str, Any]]]:
        """The tools that can be called; each that is left out adds a warning."""
        listed = yield from self.list_all(names.TOOLS_LIST, "tools")
        speaker = yield from self._open(False)
        # Legacy servers know no mirrored arguments: the keyword is one of theirs, and means nothing to us.
        tools, left_out = usable_tools(listed) if speaker.identity.era == MODERN else (listed, {})
        self._tools = {str(tool.get("name")): tool for tool in tools}
        self._unusable = left_out
        self.warnings = list(left_out.values())
        return tools

    def call_tool(
        self, name: str, arguments: Mapping[str, Any], *, progress: bool = False, ask: bool = False
    ) -> Flow[dict[str, Any]]:
        """A tool's result. The headers that mirror arguments are sent as its definition says, once that is known."""
        if name in self._unusable:
            raise UnusableTool(self._unusable[name])
        params = {"name": name, "arguments": dict(arguments)}
        try:
            return (yield from self.request(names.TOOLS_CALL, params, self._wishes(name, progress, ask)))
        except ProtocolError as error:
            if error.code != errors.HEADER_MISMATCH:
                raise
        # The server wants headers that its definition of the tool announces: read it (again), then call once more.
        yield from self.list_tools()
        if name in self._unusable:
            raise UnusableTool(self._unusable[name])
        return (yield from self.request(names.TOOLS_CALL, params, self._wishes(name, progress, ask)))

    def _wishes(self, name: str, progress: bool, ask: bool) -> Wishes:
        tool = self._tools.get(name, {})
        hints = tool.get("annotations")
        hints = hints if isinstance(hints, dict) else {}
        mirrors: tuple[Mirror, ...] = mirrors_of(tool) if self._era == MODERN else ()
        repeatable = hints.get("readOnlyHint") is True or hints.get("idempotentHint") is True
        return Wishes(progress, ask, repeatable, mirrors)

    def close(self) -> Flow[None]:
        """End what was opened. The conversation can be used again: it opens anew, in the era that it knows."""
        speaker, self._speaker = self._speaker, None
        if speaker is not None:
            yield from speaker.close()
