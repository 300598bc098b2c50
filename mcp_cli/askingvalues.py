"""Values that an entry of the catalogue misses, from the person at the terminal.

Role: offer to ask, then ask for each; a secret is not shown while it is typed. On a pipe nothing is asked. Called by
`fromcatalogue`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mcp_cli.session import stdin_is_terminal

if TYPE_CHECKING:
    from mcp_operator.catalog.errors import Missing

Answer = TypeVar("Answer")


def asking(entry: str, plan: Callable[[Mapping[str, Any]], Answer]) -> Answer:
    """What `plan` makes of the answers; it is tried again with those that it misses. Raises MissingValues."""
    from mcp_operator.catalog.errors import MissingValues

    answers: dict[str, Any] = {}
    while True:
        try:
            return plan(answers)
        except MissingValues as error:
            new = [one for one in error.missing if one.key not in answers]
            if not new or not _somebody_answers() or (not answers and not _agreed(entry, len(new))):
                raise
            answers |= {one.key: _ask(one) for one in new}


def _somebody_answers() -> bool:
    return stdin_is_terminal() and sys.stderr.isatty()


def _agreed(entry: str, count: int) -> bool:
    values, them = ("a value", "it") if count == 1 else (f"{count} values", "them")
    return click.confirm(f"{entry} needs {values}. Enter {them} now?", default=True, err=True)


def _ask(one: Missing) -> str:
    text = " ".join(f"{one.key} ({one.description})".split()) if one.description else one.key
    kind = click.Choice(one.choices) if one.choices else str
    answer: str = click.prompt(text, hide_input=one.secret, type=kind, err=True)
    return answer
