"""What a controller has asked for and not yet seen in its cache.

A cache runs behind: a controller that has just created pods would not find them and create them again. So it notes how
many creations and which deletions it waits for, and acts again when they have all been seen (or after a time, in case
an event was lost). Called by the controllers that create pods.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from mcp_operator.runtime.resources import Key

EXPIRE_SECONDS = 300.0


@dataclass(slots=True)
class _Open:
    since: float
    creations: int = 0
    deletions: set[str] = field(default_factory=set)


class Expectations:
    """Keyed by the object that owns the pods."""

    def __init__(self) -> None:
        self._open: dict[Key, _Open] = {}

    def satisfied(self, key: Key) -> bool:
        entry = self._open.get(key)
        if entry is None:
            return True
        if (entry.creations <= 0 and not entry.deletions) or time.monotonic() - entry.since > EXPIRE_SECONDS:
            del self._open[key]
            return True
        return False

    def expect_creations(self, key: Key, count: int) -> None:
        self._entry(key).creations += count

    def expect_deletions(self, key: Key, uids: list[str]) -> None:
        self._entry(key).deletions.update(uids)

    def created(self, key: Key, count: int = 1) -> None:
        """Creations were seen, or have failed."""
        if key in self._open:
            self._open[key].creations -= count

    def deleted(self, key: Key, uid: str) -> None:
        """A deletion was seen, or has failed."""
        if key in self._open:
            self._open[key].deletions.discard(uid)

    def forget(self, key: Key) -> None:
        self._open.pop(key, None)

    def _entry(self, key: Key) -> _Open:
        entry = self._open.setdefault(key, _Open(time.monotonic()))
        entry.since = time.monotonic()
        return entry
