"""Waits of a fetcher: what each is for and how long it takes, and the pause that all who ask one host keep together.

Role: `Surroundings` is the seam through which the command line shows a wait and tests move the clock. Called by
`fetch/http.py`, whose requests may run in several threads.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from mcp_operator.catalog.fetch import retry

# Two clocks that are asked one after the other differ by a little.
_ALMOST_OVER = 0.05


@dataclass(frozen=True, slots=True)
class Wait:
    """Time that passes before a request is repeated: repetition `attempt` of `attempts`, `words` say why."""

    words: str
    seconds: float
    attempt: int = 0
    attempts: int = 0

    @property
    def counted(self) -> str:
        """` (1 of 3)`; nothing for a request that waits because of another one."""
        return f" ({self.attempt} of {self.attempts})" if self.attempts else ""

    def __str__(self) -> str:
        return f"{self.words}; asking again in {spell_seconds(self.seconds)}{self.counted}"


def _wait(wait: Wait) -> None:
    time.sleep(wait.seconds)


def _not_heard(where: str, size: int | None) -> None:
    """Nobody watches."""


@dataclass(slots=True)
class Surroundings:
    """What tests replace, and how waiting is told to somebody.

    `wait` lets the time pass; `heard` is told where a request goes (0 bytes), of each part of the answer (bytes so
    far), and of the end (None).
    """

    wait: Callable[[Wait], None] = _wait
    heard: Callable[[str, int | None], None] = _not_heard
    clock: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
    policies: retry.Policies = field(default_factory=retry.Policies)


class Pauses:
    """Until when each host wants to be left alone: what it says to one request holds for all of them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def begin(self, host: str, seconds: float) -> None:
        with self._lock:
            self._until[host] = max(self._until.get(host, 0.0), self._clock() + seconds)

    def remaining(self, host: str) -> float:
        """Seconds; 0 where the host may be asked."""
        left = self._until.get(host, 0.0) - self._clock()
        return left if left > _ALMOST_OVER else 0.0


def spell_seconds(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 120 else f"{round(whole / 60)} min"
