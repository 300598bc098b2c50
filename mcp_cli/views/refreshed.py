"""What a refresh of the catalogue shows: its progress, its results, the entries that were left out.

Role: results go to stdout, everything else to stderr. A terminal gets a bar; a log gets a line now and then. Called by
`mcp registry add` and `refresh`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from mcp_operator.catalog.fetch.http import Fetcher, Surroundings
from mcp_operator.catalog.refreshing import Watch

from mcp_cli.errors import Silent, say_error
from mcp_cli.live import LiveLine
from mcp_cli.output.style import is_terminal
from mcp_cli.views.catalogue import harmless

if TYPE_CHECKING:
    from mcp_operator.catalog.refreshing import Refreshed
    from mcp_operator.catalog.sources import Source

    from mcp_cli.session import Session

BAR = 24
QUIET_SECONDS = 5.0
SHOWN_ERRORS = 10


class Watched(Watch):
    """`with Watched(session) as watch:` shows on stderr what is read, and what a long wait is for."""

    def __init__(self, session: Session) -> None:
        super().__init__(Fetcher(Surroundings(say=self._say)))
        self._session = session
        self._line = LiveLine()
        self._terminal = is_terminal(sys.stderr)

    def __enter__(self) -> Watched:
        self._line.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.__exit__(None, None, None)
        self.fetcher.close()

    def progress(self, source: Source) -> Callable[[int, int | None], None]:
        """A bar on a terminal; elsewhere a line every few seconds, and none for what is read at once."""
        pause = 0.0 if self._terminal else QUIET_SECONDS
        last = time.monotonic()

        def show(done: int, total: int | None) -> None:
            nonlocal last
            if time.monotonic() - last >= pause:
                last = time.monotonic()
                self._line.show(progress_words(source.name, done, total, bar=self._terminal))

        if self._terminal and source.remote:
            self._line.show(f"{source.name}: asking {harmless(source.place)}")
        return show

    def _say(self, words: str) -> None:
        self._line.show(harmless(words))


def progress_words(name: str, done: int, total: int | None, *, bar: bool) -> str:
    """`docker [######      ] 70 of 282`."""
    count = f"{done} entries" if total is None else f"{done} of {total}"
    if not bar or not total:
        return f"{name}: {count}"
    filled = BAR * min(done, total) // total
    return f"{name} [{'#' * filled}{' ' * (BAR - filled)}] {count}"


def show_refreshed(session: Session, found: list[Refreshed]) -> None:
    """One line a source for a person, one document for a program; fails where a source could not be read."""
    for source in found:
        _show_errors(session, source)
    if session.printer.human:
        for source in found:
            if not source.failure:
                click.echo(f"{source.source}: {source.entries} servers{_changes(source)}")
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
    return f"its {source.entries} servers of {age(time.time() - source.refreshed)} ago still answer; "
