"""The catalogue's lists as tables for people; what a search has found is marked where there is colour. Pure.

Called by `mcp registry list` and `search`, only where a person reads the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mcp_cli.output.table import Column, Table

DESCRIPTION_WIDTH = 72
HIGHLIGHT, PLAIN = "\x1b[1;33m", "\x1b[0m"


class MarkedTable(Table):
    """A table that shows, where there is colour, what a search has found in it."""

    __slots__ = ("words",)
    words: tuple[str, ...]

    def render(self, *, wide: bool = False, colour: bool = False, headers: bool = True) -> str:
        plain = super().render(wide=wide, colour=colour, headers=headers)
        if not colour or not self.words:
            return plain
        head, line_break, rest = plain.partition("\n") if headers else ("", "", plain)
        beginnings = "|".join(re.escape(word) for word in self.words)
        return head + line_break + re.sub(rf"(?i)\b({beginnings})", rf"{HIGHLIGHT}\1{PLAIN}", rest)


def entry_table(document: dict[str, Any], empty: str, words: Iterable[str] = ()) -> Table:
    """The table of a list; `words` are those of a search."""
    columns = (
        Column("NAME", lambda item: item["name"]),
        Column("SOURCE", lambda item: item["source"]),
        Column("RUNTIME", lambda item: item["runtime"]),
        Column("PACKAGE", lambda item: item["package"], wide=True),
        Column("VERSION", lambda item: item["version"], wide=True),
        Column("STATUS", lambda item: item["status"], wide=True),
        Column("CATEGORIES", lambda item: ",".join(item["categories"]), wide=True),
        Column("DESCRIPTION", lambda item: _short(item["description"] or item["title"])),
    )
    table = MarkedTable(columns, tuple(document["items"]), empty)
    object.__setattr__(table, "words", tuple(words))
    return table


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= DESCRIPTION_WIDTH else line[: DESCRIPTION_WIDTH - 1].rstrip() + "…"
