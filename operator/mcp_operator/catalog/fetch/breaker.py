"""A circuit breaker for each host: after some requests in a row have failed, the next ones fail at once for a while.

Role: keep a dead registry from costing minutes for each of its entries. Called by `fetch/http.py`; the
sources of one fetcher share what it knows of their hosts, and so do its threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

FAILURES = 3
OPEN_SECONDS = 60.0


@dataclass(slots=True)
class _Host:
    failures: int = 0
    closed_at: float = 0.0


class Breaker:
    """Counts failures by host. After `OPEN_SECONDS` one request may try; its failure opens the circuit again."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def remaining(self, host: str) -> float:
        """Seconds until the host may be asked again; 0 where it may be asked now."""
        known = self._hosts.get(host)
        if known is None or known.failures < FAILURES:
            return 0.0
        return max(0.0, known.closed_at - self._clock())

    def succeeded(self, host: str) -> None:
        self._hosts.pop(host, None)

    def failed(self, host: str) -> None:
        with self._lock:
            known = self._hosts.setdefault(host, _Host())
            known.failures += 1
            if known.failures >= FAILURES:
                known.closed_at = self._clock() + OPEN_SECONDS
