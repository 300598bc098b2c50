"""What a refresh of the catalogue has found: its results, and the entries that were left out.

Role: results go to stdout, everything else to stderr. Not its job: progress (`watched`). Called by `mcp registry add`
and `refresh`.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.errors import Silent, say_error
from mcp_cli.views.catalogue import harmless

if TYPE_CHECKING:
    from mcp_operator.catalog.refreshing import Refreshed

    from mcp_cli.session import Session

SHOWN_ERRORS = 10


def show_refreshed(session: Session, found: list[Refreshed]) -> None:
    """One line a source for a person, one document for a program; fails where a source could not be read."""
    for source in found:
        _show_errors(session, source)
    if session.printer.human:
        for source in found:
            if not source.failure:
                click.echo(f"{source.source}: {_servers(source.entries)}{_changes(source)}")
    else:
        session.printer.show({"items": [_document(source) for source in found]})
    for source in found:
        if source.failure:
            say_error(f"{source.source}: {harmless(source.failure)}", f"{_still_there(source)}{source.hint}")
    if any(source.failure for source in found):
        raise Silent()


def _document(source: Refreshed) -> dict[str, Any]:
    return {"name": source.source, **asdict(source), "errors": [harmless(error) for error in source.errors]}


def _show_errors(session: Session, source: Refreshed) -> None:
    shown = source.errors if session.verbose else source.errors[:SHOWN_ERRORS]
    for error in shown:
        session.say(f"left out: {harmless(error)}")
    if source.left_out > len(shown):
        session.say(f"left out: {source.left_out - len(shown)} more of {source.source} (-v names the first hundred)")


def _changes(source: Refreshed) -> str:
    """What a refresh changed; the first one adds everything, which goes without saying."""
    counts = {"new": source.added, "changed": source.changed, "gone": source.removed}
    if source.added >= source.entries:
        counts["new"] = 0
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f" ({said})" if said else ""


def _still_there(source: Refreshed) -> str:
    from mcp_operator.catalog.catalogue import age

    if not source.refreshed:
        return ""
    answer = "answers" if source.entries == 1 else "answer"
    return f"its {_servers(source.entries)} of {age(time.time() - source.refreshed)} ago still {answer}; "


def _servers(count: int) -> str:
    return f"{count} server{'' if count == 1 else 's'}"
