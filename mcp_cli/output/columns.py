"""`-o custom-columns=NAME:.metadata.name,...`: a table of the user's own.

Role: parse the columns, look each value up. Called through `printer_for`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcp_cli.errors import WrongUsage
from mcp_cli.output.jsonpath import as_text, finder
from mcp_cli.output.stream import put
from mcp_cli.output.structured import items_of
from mcp_cli.output.table import align

if TYPE_CHECKING:
    from mcp_cli.output.table import Table


class ColumnsPrinter:
    """One row an object, one column an expression."""

    human = False

    def __init__(self, specification: str, *, headers: bool = True) -> None:
        self.headers = headers
        self.columns = [_column(part) for part in specification.split(",") if part]

    def show(
        self, document: Any, table: Callable[[], Table] | None = None, text: Callable[[], str] | None = None
    ) -> None:
        rows = [[_value(find(item)) for _, find in self.columns] for item in items_of(document)]
        headers = [header for header, _ in self.columns]
        if rows or self.headers:
            put(align(headers, rows, [None] * len(headers), colour=False, headers_shown=self.headers))


def _column(part: str) -> tuple[str, Callable[[Any], list[Any]]]:
    header, colon, expression = part.partition(":")
    if not (header and colon and expression):
        raise WrongUsage(f'"{part}" is no column', "A column is HEADER:EXPRESSION, for example NAME:.metadata.name.")
    return header, finder(expression.strip("{}"))


def _value(found: list[Any]) -> str:
    return ",".join(as_text(value) for value in found) if found else "<none>"
