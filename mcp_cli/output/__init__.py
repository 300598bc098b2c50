"""The printers: the one way results reach stdout.

Role: `printer_for` turns the value of `-o` into a `Printer`. Every printer takes the same two things: a document (an
object, a List, or any plain data) and, for people, a table or a text made only when it is asked for. Not its job: what
a command shows. Called through `Session.printer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mcp_cli.errors import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mcp_cli.output.table import Table


class Printer(Protocol):
    """How a result is written."""

    human: bool
    """Whether a person reads it: then short messages take the place of whole objects."""

    def show(
        self, document: Any, table: Callable[[], Table] | None = None, text: Callable[[], str] | None = None
    ) -> None:
        """Write the document in this form."""


def printer_for(output: str, formats: tuple[str, ...], *, headers: bool = True) -> Printer:
    """The printer of a format name; the empty name is the form for people."""
    kind, given, argument = output.partition("=")
    if output and not any(known.rstrip("=") == kind for known in formats):
        raise WrongUsage(f'unknown output format "{output}"', f"The formats of this command are {', '.join(formats)}.")
    if kind in ("jsonpath", "custom-columns") and not (given and argument):
        example = "jsonpath='{.status.phase}'" if kind == "jsonpath" else "custom-columns=NAME:.metadata.name"
        raise WrongUsage(f"-o {kind} needs an expression", f"For example -o {example}.")
    if kind in ("", "table", "wide", "text"):
        from mcp_cli.output.table import HumanPrinter

        return HumanPrinter(wide=kind == "wide", headers=headers)
    return _machine(kind, argument, headers)


def _machine(kind: str, argument: str, headers: bool) -> Printer:
    if kind == "jsonpath":
        from mcp_cli.output.jsonpath import JsonPathPrinter

        return JsonPathPrinter(argument)
    if kind == "custom-columns":
        from mcp_cli.output.columns import ColumnsPrinter

        return ColumnsPrinter(argument, headers=headers)
    from mcp_cli.output.structured import JsonPrinter, NamePrinter, YamlPrinter

    printers: dict[str, type[Printer]] = {"json": JsonPrinter, "yaml": YamlPrinter, "name": NamePrinter}
    return printers[kind]()
