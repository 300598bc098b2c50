"""What the bridge counts, and its text for Prometheus.

Role: counters and histograms with bounded labels; no library, which would cost more memory than the bridge.
Called by: `exchange.py` for each request, `server.py` for /metrics.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# Names come from clients: what is longer, or beyond this many pairs of method and tool, is counted as "other".
MAX_SERIES = 200
LONGEST_NAME = 256

REQUEST = ("method", "tool", "result")

Labels = tuple[tuple[str, str], ...]


class Histogram:
    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(BUCKETS, value)] += 1
        self.total += value


class Metrics:
    """All figures of one bridge. Gauges are asked for when the text is made."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, str]] = Counter()
        self.durations: dict[tuple[str, str], Histogram] = {}
        self.in_flight = 0
        self.refused: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.child_starts: Counter[str] = Counter()
        self.child_restarts = 0
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {}

    def started(self, method: str) -> None:
        self.in_flight += 1

    def finished(self, method: str, tool: str, result: str, seconds: float) -> None:
        self.in_flight -= 1
        key = (method, tool)
        histogram = self.durations.get(key)
        if histogram is None:
            if len(self.durations) >= MAX_SERIES or len(method) > LONGEST_NAME or len(tool) > LONGEST_NAME:
                key = ("other", "")
            histogram = self.durations.setdefault(key, Histogram())
        histogram.add(seconds)
        self.requests[(*key, result)] += 1

    def text(self) -> str:
        lines: list[str] = []
        add = partial(family, lines)
        add("mcp_bridge_requests_total", "counter", "Requests relayed, by result.", rows(self.requests, *REQUEST))
        help_text = "Requests that ended in an error or got no answer."
        add("mcp_bridge_request_errors_total", "counter", help_text, rows(self._errors(), "method", "tool"))
        self._histograms(lines)
        help_text = "Requests refused before the server saw them."
        add("mcp_bridge_refused_total", "counter", help_text, rows(self.refused, "reason"))
        help_text = "Messages of the server that nobody waited for."
        add("mcp_bridge_dropped_messages_total", "counter", help_text, rows(self.dropped, "reason"))
        add("mcp_bridge_child_starts_total", "counter", "Server processes started.", rows(self.child_starts, "kind"))
        help_text = "Server processes of sessions that died by themselves."
        add("mcp_bridge_session_restarts_total", "counter", help_text, [((), self.child_restarts)])
        add("mcp_bridge_requests_in_flight", "gauge", "Requests being answered.", [((), self.in_flight)])
        for name, (gauge_help, read) in sorted(self.gauges.items()):
            add(name, "gauge", gauge_help, [((), read())])
        return "\n".join(lines) + "\n"

    def _errors(self) -> Counter[tuple[str, str]]:
        errors: Counter[tuple[str, str]] = Counter()
        for (method, tool, result), count in self.requests.items():
            if result in ("error", "failed"):
                errors[(method, tool)] += count
        return errors

    def _histograms(self, lines: list[str]) -> None:
        name = "mcp_bridge_request_duration_seconds"
        lines += [f"# HELP {name} From the whole request to its last byte.", f"# TYPE {name} histogram"]
        for (method, tool), histogram in sorted(self.durations.items()):
            labels: Labels = (("method", method), ("tool", tool))
            count = 0
            for bound, hits in zip((*map(str, BUCKETS), "+Inf"), histogram.counts, strict=True):
                count += hits
                lines.append(f"{name}_bucket{render((*labels, ('le', bound)))} {count}")
            lines.append(f"{name}_sum{render(labels)} {histogram.total:.6f}")
            lines.append(f"{name}_count{render(labels)} {count}")


def family(lines: list[str], name: str, kind: str, help_text: str, rows: Iterable[tuple[Labels, float]]) -> None:
    lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
    lines += [f"{name}{render(labels)} {value}" for labels, value in rows]


def rows(counter: Counter[Any], *names: str) -> Iterable[tuple[Labels, float]]:
    """A counter's keys, a value or a tuple of values, as labels of these names."""
    for key, count in sorted(counter.items()):
        yield tuple(zip(names, (key,) if isinstance(key, str) else key, strict=True)), count


def render(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{key}="{escape(value)}"' for key, value in labels) + "}"


def escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
