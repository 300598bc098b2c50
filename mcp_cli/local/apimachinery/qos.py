"""The quality of service class of a pod, from its containers' requests and limits.

Role: pure. Called by `strategy` when a pod is created.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mcp_cli.local.apimachinery import quantities

COUNTED = ("cpu", "memory")
ZERO = Decimal(0)


def quality_class(spec: dict[str, Any]) -> str:
    """Guaranteed: every container limits cpu and memory to what it requests; BestEffort: nothing is said at all."""
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    amounts = [(_amounts(container, "requests"), _amounts(container, "limits")) for container in containers]
    if not any(requests or limits for requests, limits in amounts):
        return "BestEffort"
    guaranteed = all(set(limits) == set(COUNTED) and requests == limits for requests, limits in amounts)
    return "Guaranteed" if guaranteed else "Burstable"


def _amounts(container: dict[str, Any], kind: str) -> dict[str, Decimal]:
    declared = (container.get("resources") or {}).get(kind) or {}
    parsed = {name: quantities.parse(value) for name, value in declared.items() if name in COUNTED}
    return {name: amount for name, amount in parsed.items() if amount > ZERO}
