"""When to ask a registry again, and how long to wait before it: three policies. Pure.

Network errors pass in minutes, rate limits in up to an hour, a server's own errors in between. What a server says
itself (`Retry-After`, `X-RateLimit-Reset`) comes before what a policy would wait. Called by `fetch/http.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Literal

Trouble = Literal["network", "limit", "other"]
JITTER = 0.2
_SECONDARY_LIMIT = ("secondary rate limit", "abuse detection", "rate limit exceeded")


@dataclass(frozen=True, slots=True)
class Policy:
    """So many more attempts; the waits double from `first` to `longest` seconds."""

    attempts: int
    first: float
    longest: float

    def wait(self, attempt: int, chance: Callable[[], float]) -> float:
        """Seconds before attempt number `attempt` (1 is the first repetition); `chance` is from 0 to 1."""
        plain = min(self.longest, self.first * 2.0 ** (attempt - 1))
        return min(self.longest, plain * (1 - JITTER / 2 + JITTER * chance()))


@dataclass(frozen=True, slots=True)
class Policies:
    network: Policy = field(default_factory=lambda: Policy(5, 2, 120))
    limit: Policy = field(default_factory=lambda: Policy(3, 15 * 60, 60 * 60))
    other: Policy = field(default_factory=lambda: Policy(5, 1, 5 * 60))

    def of(self, trouble: Trouble) -> Policy:
        return {"network": self.network, "limit": self.limit, "other": self.other}[trouble]


def trouble_of(status: int, headers: Mapping[str, str], body: str) -> Trouble | None:
    """What an answer's status means for another attempt; None where asking again would change nothing."""
    if status == 429 or (status == 403 and _limited(headers, body)):
        return "limit"
    return "other" if status >= 500 or status == 408 else None


def said_wait(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that the server itself asks to wait, None where it does not say."""
    after = headers.get("retry-after", "").strip()
    if after.isdecimal():
        return float(after[:9])
    if after:
        try:
            return max(0.0, parsedate_to_datetime(after).timestamp() - now)
        except (ValueError, OverflowError):
            pass  # a date that nobody can read says nothing
    reset = headers.get("x-ratelimit-reset", "").strip()
    if reset.isdecimal() and headers.get("x-ratelimit-remaining", "0").strip() == "0":
        return max(0.0, float(reset[:12]) - now)
    return None


def wait_before(
    trouble: Trouble, policy: Policy, attempt: int, said: float | None, chance: Callable[[], float]
) -> float | None:
    """Seconds to wait before the next attempt; None to give up, also where the server asks for too much."""
    if attempt > policy.attempts:
        return None
    if said is None:
        return policy.wait(attempt, chance)
    return None if said > policy.longest else said + 1 + min(30.0, said * JITTER / 2) * chance()


def clock_time(moment: float) -> str:
    return time.strftime("%H:%M", time.localtime(moment))


def _limited(headers: Mapping[str, str], body: str) -> bool:
    if headers.get("retry-after") or headers.get("x-ratelimit-remaining", "").strip() == "0":
        return True
    return any(words in body.lower() for words in _SECONDARY_LIMIT)
