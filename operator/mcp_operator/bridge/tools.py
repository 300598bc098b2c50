"""The tools that ask for `Mcp-Param-*` headers, as the child's tools/list says.

Role: read the list on the shared child when it is needed, remember it until the child says that it changed.
Called by: `modern.py`, before a tools/call is relayed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from mcp_operator.protocol import names
from mcp_operator.protocol.messages import Message
from mcp_operator.protocol.mirrors import MalformedMirror, Mirror, mirrors_of

MAX_PAGES = 100

Ask = Callable[[str, Message], Awaitable[Message | None]]


class ToolHeaders:
    """What each tool wants repeated in headers. `known` is None until the list was read."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._generation = 0
        self.known: dict[str, tuple[Mirror, ...]] | None = None

    def forget(self) -> None:
        self._generation += 1
        self.known = None

    async def read(self) -> None:
        """Fill `known`; a server without tools has none that ask for anything."""
        while self.known is None:
            generation = self._generation
            found = await self._pages()
            if generation == self._generation:
                self.known = found

    async def _pages(self) -> dict[str, tuple[Mirror, ...]]:
        found: dict[str, tuple[Mirror, ...]] = {}
        cursor: Any = None
        for _ in range(MAX_PAGES):
            response = await self._ask(names.TOOLS_LIST, {} if cursor is None else {"cursor": cursor})
            result = response.get("result") if response else None
            if not isinstance(result, dict):
                break
            tools = result.get("tools")
            for tool in tools if isinstance(tools, list) else []:
                if isinstance(tool, dict):
                    found[str(tool.get("name"))] = mirrors(tool)
            cursor = result.get("nextCursor")
            if cursor is None:
                break
        return found


def mirrors(tool: Message) -> tuple[Mirror, ...]:
    """What the tool wants in headers; nothing where one annotation is malformed: no client has this tool then."""
    try:
        return mirrors_of(tool)
    except MalformedMirror:
        return ()
