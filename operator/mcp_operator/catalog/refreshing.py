"""Reading a source into the index: what came, what changed, what was left out, and why nothing came.

Role: between a reader (`fetch`), which streams, and `staging`, which merges. Not its job: which sources there are.
Called by `catalogue.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mcp_operator.catalog import staging
from mcp_operator.catalog.errors import CatalogError, MalformedEntry
from mcp_operator.catalog.fetch.http import Fetcher
from mcp_operator.catalog.fetch.reading import Item, Kept, Progress, Reader, Reading, reader_for
from mcp_operator.catalog.index import Index
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.catalog.sources import Source, token_of
from mcp_operator.version import __version__

SHOWN_ERRORS = 100
LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh of one source found. `errors` names entries that were left out, the first hundred of them.

    With a `failure` the source could not be read: its `entries` are those of `refreshed`, seconds since the epoch.
    """

    source: str
    entries: int
    added: int = 0
    changed: int = 0
    removed: int = 0
    errors: tuple[str, ...] = ()
    left_out: int = 0
    failure: str = ""
    hint: str = ""
    refreshed: float = 0.0


class Watch:
    """What a refresh asks with and tells: the fetcher of one command, and who watches it. Replaced by the CLI."""

    def __init__(self, fetcher: Fetcher | None = None) -> None:
        self.fetcher = fetcher or Fetcher()

    def progress(self, source: Source) -> Progress:
        """Who is told how many entries of a source have come, and of how many where that is known."""
        return lambda done, total: None

    def writing(self, source: Source, count: int) -> None:
        """All has come; so many entries go into the index."""


@dataclass(slots=True)
class _Errors:
    """The errors of single entries, bounded: a broken registry may have one for each of its entries."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, words: str) -> None:
        self.count += 1
        if len(self.first) < SHOWN_ERRORS:
            self.first.append(words[:LONGEST_ERROR])


def refresh_or_say_why(
    index: Index, source: Source, watch: Watch | None, readers: dict[str, Reader], *, full: bool = False
) -> Refreshed:
    """`refresh_source`, with the failure as a result: the other sources are still to be read."""
    try:
        return refresh_source(index, source, watch, readers, full=full)
    except CatalogError as error:
        staging.note_failure(index, source.name, str(error)[:LONGEST_ERROR])
        known = index.state(source.name)
        count = index.counts().get(source.name, 0)
        refreshed = known.refreshed if known else 0.0
        return Refreshed(source.name, count, failure=str(error), hint=error.hint, refreshed=refreshed)


def refresh_source(
    index: Index,
    source: Source,
    watch: Watch | None = None,
    readers: dict[str, Reader] | None = None,
    *,
    full: bool = False,
) -> Refreshed:
    """Read a source and merge what has changed into the index. Raises CatalogError; the index is as before then."""
    stamp = f"{__version__}|{source.fingerprint}"
    known = index.state(source.name)
    anew = full or known is None or known.stamp != stamp
    before: dict[str, Any] = {} if anew or known is None else json.loads(known.state)
    watch = watch or Watch()
    reading = Reading(source, watch.fetcher, token_of(source), before, watch.progress(source))
    errors = _Errors()
    staged = staging.Staging(index, source.name, anew=anew)
    _stage(_reader(source, readers)(reading), staged, errors)
    if reading.unchanged:
        staging.note_unchanged(index, source.name)
        changes: staging.Changes | None = staging.Changes()
    else:
        watch.writing(source, staged.count)
        changes = staged.commit(stamp, json.dumps(reading.state), whole=reading.whole)
    return _result(index, source.name, changes or staging.Changes(), errors)


def _reader(source: Source, readers: dict[str, Reader] | None) -> Reader:
    try:
        return reader_for(source, readers)
    except KeyError:
        raise CatalogError(f"{source.name} is of the type {source.type}, which cannot be read here") from None


def _stage(items: Iterator[Item], staged: staging.Staging, errors: _Errors) -> None:
    for item in items:
        if isinstance(item, MalformedEntry):
            errors.add(str(item))
        elif isinstance(item, Kept):
            staged.keep(item.name, item.version)
        elif not staged.add(item):
            errors.add(_twice(item))


def _twice(entry: ServerEntry) -> str:
    version = f" in version {entry.version}" if entry.version else ""
    return f"{entry.name}: there is another entry of that name{version}; the first one is taken"


def _result(index: Index, name: str, changes: staging.Changes, errors: _Errors) -> Refreshed:
    known = index.state(name)
    return Refreshed(
        name,
        index.counts().get(name, 0),
        changes.added,
        changes.changed,
        changes.removed,
        tuple(errors.first),
        errors.count,
        refreshed=known.refreshed if known else 0.0,
    )
