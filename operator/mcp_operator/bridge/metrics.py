"""What the bridge counts, and its text for Prometheus.

Role: counters and histograms with bounded labels; no library, which would cost more memory than the bridge.
Called by: `exchange.py` for each request, `server.py` for /metrics.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# Names come from clients: beyond this many pairs of method and tool, the rest is counted as "other".
MAX_SERIES = 200

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
            if len(self.durations) >= MAX_SERIES:
                key = ("other", "")
            histogram = self.durations.setdefault(key, Histogram())
        histogram.add(seconds)
        self.requests[(*key, result)] += 1

    def text(self) -> str:
        lines: list[str] = []
        family(lines, "mcp_bridge_requests_total", "counter", "Requests relayed, by method, tool and result.",
               (((("method", m), ("tool", t), ("result", r)), n) for (m, t, r), n in sorted(self.requests.items())))  # fmt: skip
        family(lines, "mcp_bridge_request_errors_total", "counter", "Requests that ended in an error or got no answer.",
               (((("method", m), ("tool", t)), n) for (m, t), n in sorted(self._errors().items())))  # fmt: skip
        self._histograms(lines)
        family(lines, "mcp_bridge_refused_total", "counter", "Requests refused before the server saw them, by reason.",
               (((("reason", k),), n) for k, n in sorted(self.refused.items())))  # fmt: skip
        family(lines, "mcp_bridge_dropped_messages_total", "counter", "Messages of the server that nobody waited for.",
               (((("reason", k),), n) for k, n in sorted(self.dropped.items())))  # fmt: skip
        family(lines, "mcp_bridge_child_starts_total", "counter", "Server processes started, by kind.",
               (((("kind", k),), n) for k, n in sorted(self.child_starts.items())))  # fmt: skip
        family(lines, "mcp_bridge_session_restarts_total", "counter", "Server processes of sessions that died by themselves.",
               [((), self.child_restarts)])  # fmt: skip
        family(lines, "mcp_bridge_requests_in_flight", "gauge", "Requests being answered.", [((), self.in_flight)])
        for name, (help_text, read) in sorted(self.gauges.items()):
            family(lines, name, "gauge", help_text, [((), read())])
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
    lines += [f"{name}{render(labels)} {value:g}" for labels, value in rows]


def render(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{key}="{escape(value)}"' for key, value in labels) + "}"


def escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
