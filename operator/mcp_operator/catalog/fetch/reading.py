"""One reading of one source: what a reader gets, what it gives back, and which reader a type has.

Role: a reader is a function that streams entries, errors of single entries, and names of what has not changed; what
the next reading needs to know goes into `Reading.state`. Another package can add a type of its own through `readers`.
Called by `catalogue.py` and by the registry controller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NamedTuple

from mcp_operator.catalog.errors import MalformedEntry
from mcp_operator.catalog.fetch.http import Fetcher
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.catalog.sources import Source


class Kept(NamedTuple):
    """An entry that is as it was at the last reading."""

    name: str
    version: str


Item = ServerEntry | MalformedEntry | Kept
Progress = Callable[[int, int | None], None]


def _no_progress(done: int, total: int | None) -> None:
    """Nobody watches."""


@dataclass(slots=True)
class Reading:
    """`before` is the state that the last reading left, empty to begin anew; a reader leaves the next in `state`.

    `whole` says that every entry was given, so that what was not is gone; `unchanged` that nothing has changed at all.
    """

    source: Source
    fetcher: Fetcher
    token: str = field(default="", repr=False)
    before: dict[str, Any] = field(default_factory=dict)
    progress: Progress = _no_progress
    state: dict[str, Any] = field(default_factory=dict)
    whole: bool = True
    unchanged: bool = False


Reader = Callable[[Reading], Iterator[Item]]

_MODULES = {
    "builtin": "local",
    "directory": "local",
    "file": "local",
    "docker": "github",
    "official": "official_api",
    "http": "http_file",
}


def reader_for(source: Source, readers: dict[str, Reader] | None = None) -> Reader:
    """The function that reads this type of source. Raises KeyError for a type that nobody reads."""
    if readers and source.type in readers:
        return readers[source.type]
    reader: Reader = import_module(f"mcp_operator.catalog.fetch.{_MODULES[source.type]}").read
    return reader
