"""How long to wait before trying again: doubling from a base to a ceiling, with jitter.

Role: one arithmetic for informers, queues and leader election. Pure.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


def delay(failures: int, base: float, ceiling: float) -> float:
    """The wait after the given number of failures in a row (1 gives the base)."""
    # The exponent is bounded: a float overflows after a thousand failures.
    return min(base * 2.0 ** min(max(failures - 1, 0), 60), ceiling)


@dataclass(slots=True)
class Backoff:
    """The waits of one thing that keeps failing; jitter keeps many of them apart."""

    base: float = 1.0
    ceiling: float = 300.0
    jitter: float = 0.2
    failures: int = 0

    def next(self) -> float:
        self.failures += 1
        return delay(self.failures, self.base, self.ceiling) * random.uniform(1.0, 1.0 + self.jitter)

    def reset(self) -> None:
        self.failures = 0
