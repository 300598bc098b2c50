"""What can go wrong with a catalogue, in words for people."""

from __future__ import annotations

from collections.abc import Sequence


class CatalogError(Exception):
    """`str()` is what failed and why; `hint` is what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class EntryNotFound(CatalogError):
    """No entry has that name; `similar` holds names that look like it, best first."""

    def __init__(self, name: str, similar: Sequence[str] = ()) -> None:
        guess = f"did you mean {' or '.join(similar)}? " if similar else ""
        super().__init__(
            f"there is no server {name!r} in the catalogue", f"{guess}search with: mcp registry search {name}"
        )
        self.similar = tuple(similar)


class MalformedEntry(CatalogError):
    """A document that is no entry: `str()` names it and says why."""


class NotDeployable(CatalogError):
    """An entry that cannot become an MCPServer."""


class MissingValues(CatalogError):
    """Required values that nobody gave; `names` lists all of them."""

    def __init__(self, entry: str, names: Sequence[str], hint: str) -> None:
        super().__init__(f"{entry} needs {', '.join(names)}", hint)
        self.names = tuple(names)
