"""The Prometheus metrics of queues and controllers, and the null ones for programs that show none.

Role: names and labels of the runtime's metrics in one place. Not its job: metrics of our kinds (a controller registers
its own on the same registry). Called by the manager; read by the health server.
"""

from __future__ import annotations

from typing import Any

_BUCKETS = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class RuntimeMetrics:
    """The metrics of one process, on a registry of their own."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        with_registry: dict[str, Any] = {"registry": self.registry}
        queue = ["name"]
        self.depth = Gauge("workqueue_depth", "Keys that are ready for a worker.", queue, **with_registry)
        self.adds = Counter("workqueue_adds", "Keys added.", queue, **with_registry)
        self.retries = Counter("workqueue_retries", "Keys added again after a failure.", queue, **with_registry)
        self.waits = Histogram(
            "workqueue_queue_duration_seconds", "Time from add to a worker.", queue, buckets=_BUCKETS, **with_registry
        )
        self.reconciles = Counter(
            "mcp_controller_reconcile", "Reconciles by outcome.", ["controller", "result"], **with_registry
        )
        self.errors = Counter(
            "mcp_controller_reconcile_errors", "Reconciles that failed.", ["controller", "error_type"], **with_registry
        )
        self.durations = Histogram(
            "mcp_controller_reconcile_duration_seconds",
            "Time of a reconcile.",
            ["controller"],
            buckets=_BUCKETS,
            **with_registry,
        )
        self.leader = Gauge(
            "leader_election_master_status", "1 while this process leads, else 0.", ["name"], **with_registry
        )

    def queue(self, name: str) -> QueueMetrics:
        return QueueMetrics(
            self.depth.labels(name), self.adds.labels(name), self.retries.labels(name), self.waits.labels(name)
        )

    def render(self) -> bytes:
        from prometheus_client import generate_latest

        return generate_latest(self.registry)


class QueueMetrics:
    """The metrics of one queue; each may be None."""

    __slots__ = ("_adds", "_depth", "_retries", "_waits")

    def __init__(self, depth: Any, adds: Any, retries: Any, waits: Any) -> None:
        self._depth = depth
        self._adds = adds
        self._retries = retries
        self._waits = waits

    @classmethod
    def none(cls) -> QueueMetrics:
        return cls(None, None, None, None)

    def added(self) -> None:
        if self._adds is not None:
            self._adds.inc()

    def retried(self) -> None:
        if self._retries is not None:
            self._retries.inc()

    def depth(self, keys: int) -> None:
        if self._depth is not None:
            self._depth.set(keys)

    def waited(self, seconds: float) -> None:
        if self._waits is not None:
            self._waits.observe(seconds)
