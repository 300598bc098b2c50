"""What can go wrong with a catalogue, in words for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class CatalogError(Exception):
    """`str()` is what failed and why; `hint` is what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class EntryNotFound(CatalogError):
    """No entry has that name; `similar` holds names that look like it, best first."""

    def __init__(self, name: str, similar: Sequence[str] = (), gaps: Sequence[str] = ()) -> None:
        guess = f"did you mean {' or '.join(similar)}? " if similar else ""
        lacking = "".join(f"; {gap}" for gap in gaps)
        super().__init__(
            f"there is no server {name!r} in the catalogue", f"{guess}search with: mcp registry search {name}{lacking}"
        )
        self.similar = tuple(similar)


class MalformedEntry(CatalogError):
    """A document that is no entry: `str()` names it and says why."""


class NotDeployable(CatalogError):
    """An entry that cannot become an MCPServer."""


class UnusableValues(CatalogError):
    """Values that somebody gave and the entry has no use for, or does not allow."""


class Missing(NamedTuple):
    """One required value that nobody gave: its key, the flag that gives it, and what a person needs to know.

    `in_env` says that it is a variable, which a whole Secret can give; `form` how the value has to read.
    """

    key: str
    flag: str
    secret: bool = False
    description: str = ""
    choices: tuple[str, ...] = ()
    in_env: bool = False
    form: str = ""


class MissingValues(CatalogError):
    """Required values that nobody gave; `missing` holds all of them."""

    def __init__(self, entry: str, missing: Sequence[Missing]) -> None:
        hint = f"Give each: {' '.join(one.flag for one in missing)}; or all in a file: --values FILE"
        if any(one.in_env for one in missing):
            hint += "; or name a Secret that holds variables: --env-from-secret SECRET"
        wanted = ", ".join(f"{one.key} ({one.form})" if one.form else one.key for one in missing)
        super().__init__(f"{entry} needs {wanted}", hint)
        self.missing = tuple(missing)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.key for one in self.missing)
