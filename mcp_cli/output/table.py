"""Aligned tables as kubectl prints them, and the printer for people.

Role: columns, rows, alignment, colour of cells. Pure but for the final write. Not its job: which columns a kind has
(`views`). Called through `printer_for` and by `views`.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import click

from mcp_cli.output.harmless import harmless
from mcp_cli.output.stream import put
from mcp_cli.output.style import colour_for, paint

GAP = 3


class Column(NamedTuple):
    """One column of a table of objects."""

    header: str
    value: Callable[[dict[str, Any]], object]
    wide: bool = False
    colours: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Headers, rows of text, and for each column the colours of its values."""

    columns: tuple[Column, ...]
    items: tuple[dict[str, Any], ...]
    empty: str = ""

    @classmethod
    def of(cls, columns: Sequence[Column], items: Iterable[dict[str, Any]], empty: str = "") -> Table:
        return cls(tuple(columns), tuple(items), empty)

    def render(self, *, wide: bool = False, colour: bool = False, headers: bool = True) -> str:
        """The whole table; nothing at all for no rows."""
        columns = [column for column in self.columns if wide or not column.wide]
        rows = [[cell(column.value(item)) for column in columns] for item in self.items]
        return align(
            [c.header for c in columns], rows, [c.colours for c in columns], colour=colour, headers_shown=headers
        )


class HumanPrinter:
    """Tables and texts for a person."""

    human = True

    def __init__(self, *, wide: bool = False, headers: bool = True) -> None:
        self.wide = wide
        self.headers = headers

    def show(
        self, document: Any, table: Callable[[], Table] | None = None, text: Callable[[], str] | None = None
    ) -> None:
        if text is not None:
            words = text().rstrip("\n")
            put(words, coloured=True)
        elif table is not None:
            made = table()
            if not made.items and made.empty:
                click.echo(made.empty, err=True)
            else:
                click.echo(made.render(wide=self.wide, colour=colour_for(sys.stdout), headers=self.headers))


def cell(value: object) -> str:
    """One cell on one line; what is not there is `<none>`, as in kubectl."""
    if value is None or value == "":
        return "<none>"
    if isinstance(value, bool):
        return str(value).lower()
    return harmless(" ".join(str(value).split()))


def align(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    colours: Sequence[dict[str, str] | None],
    *,
    colour: bool,
    headers_shown: bool = True,
) -> str:
    """Left-aligned columns three spaces apart, without trailing spaces."""
    shown = ([list(headers)] if headers_shown else []) + [list(row) for row in rows]
    widths = [max((width_of(row[i]) for row in shown), default=0) for i in range(len(headers))]
    lines = []
    for number, row in enumerate(shown):
        head = headers_shown and number == 0
        parts = []
        for i, text in enumerate(row):
            padding = "" if i == len(row) - 1 else " " * (widths[i] - width_of(text) + GAP)
            parts.append(paint(text, None if head else (colours[i] or {}).get(text), colour) + padding)
        lines.append("".join(parts).rstrip())
    return "\n".join(lines)


def width_of(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, width: int) -> str:
    """As much of one line as fits into so many columns."""
    if width_of(text) <= width:
        return text
    taken = 0
    for number, character in enumerate(text):
        taken += width_of(character)
        if taken > width:
            return text[:number]
    return text
