"""Metrics of readings of registries: how many, how they ended, how long they took."""

from __future__ import annotations

import contextlib
from typing import Any

from mcp_operator.runtime.metrics import RuntimeMetrics
from mcp_operator.runtime.resources import Key

RESULTS = ("success", "error")
_BUCKETS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0)


class RegistryMetrics:
    """Counters on the registry of `metrics`."""

    def __init__(self, metrics: RuntimeMetrics) -> None:
        from prometheus_client import Counter, Histogram

        labels = ["namespace", "registry_server"]
        self._operations = Counter(
            "mcp_registry_operations",
            "Readings of the sources of MCPRegistries.",
            [*labels, "result"],
            registry=metrics.registry,
        )
        self._durations = Histogram(
            "mcp_registry_operation_duration_seconds",
            "How long they took.",
            labels,
            buckets=_BUCKETS,
            registry=metrics.registry,
        )

    def observe(self, registry: dict[str, Any], result: str, seconds: float) -> None:
        """One reading that has ended."""
        labels = (registry["metadata"]["namespace"], registry["metadata"]["name"])
        self._operations.labels(*labels, result).inc()
        self._durations.labels(*labels).observe(seconds)

    def forget(self, key: Key) -> None:
        """The registry is gone: so are its numbers."""
        for result in RESULTS:
            with contextlib.suppress(KeyError):
                self._operations.remove(*key, result)
        with contextlib.suppress(KeyError):
            self._durations.remove(*key)
