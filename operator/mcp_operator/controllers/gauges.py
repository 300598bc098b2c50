"""Metrics about MCPServers, counted from the cache when someone scrapes.

Role: `mcp_servers_total` and `mcp_server_info`. Nothing is kept between scrapes, so nothing outlives its server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

Object = dict[str, Any]


class ServerCollector:
    """`servers` lists the MCPServers of the cache."""

    def __init__(self, servers: Callable[[], list[Object]]) -> None:
        self._servers = servers

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        servers = self._servers()
        # The name is the project's: `_total` on a gauge is older than the convention.
        by_phase = GaugeMetricFamily("mcp_servers_total", "MCPServers by phase.", labels=["namespace", "phase"])
        for (namespace, phase), number in sorted(Counter(map(_phase, servers)).items()):
            by_phase.add_metric([namespace, phase], number)
        yield by_phase
        labels = ["namespace", "name", "runtime_type", "image", "version"]
        info = GaugeMetricFamily("mcp_server_info", "What each MCPServer runs; the value is 1.", labels=labels)
        for server in servers:
            info.add_metric(_info(server), 1)
        yield info


def _phase(server: Object) -> tuple[str, str]:
    return server["metadata"].get("namespace", ""), (server.get("status") or {}).get("phase") or "Pending"


def _info(server: Object) -> list[str]:
    status, spec = server.get("status") or {}, server.get("spec") or {}
    kind = (spec.get("runtime") or {}).get("type", "docker")
    metadata = server["metadata"]
    return [metadata.get("namespace", ""), metadata["name"], kind, status.get("image", ""), status.get("tag", "")]
