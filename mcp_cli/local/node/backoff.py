"""How long a container that ended waits before it starts again. Pure; used by the container supervisor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

FIRST_DELAY = 10.0
LONGEST_DELAY = 300.0
RESET_AFTER = 600.0


@dataclass(slots=True)
class RestartBackOff:
    """The first restart comes at once, later ones after 10 s doubling to 5 minutes; ten quiet minutes reset it."""

    first: float = FIRST_DELAY
    longest: float = LONGEST_DELAY
    reset_after: float = RESET_AFTER
    _next: float = field(default=0.0, init=False)

    def after_exit(self, ran_for: float) -> float:
        """Seconds to wait from the exit of a run that took `ran_for` seconds."""
        if ran_for >= self.reset_after:
            self._next = 0.0
        delay = self._next
        self._next = min(self.longest, max(self.first, delay * 2))
        return delay


def retry_delays(first: float = 0.5, longest: float = 30.0) -> Iterator[float]:
    """Endless delays for something that is tried again and again: doubling, bounded."""
    delay = first
    while True:
        yield delay
        delay = min(longest, delay * 2)
