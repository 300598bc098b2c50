"""What objects count against a ResourceQuota.

Role: pure. Called by the API server's admission, which refuses what would be too much, and by the controller that
keeps `status.used`.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from mcp_cli.local.apimachinery import qos, quantities

COUNT = "count/"
CORE = (
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
)
COMPUTE = ("cpu", "memory", "ephemeral-storage")
ENDED = ("Succeeded", "Failed")
ZERO = Decimal(0)
Object = dict[str, Any]
Amounts = dict[str, Decimal]


def resource_of(name: str) -> tuple[str, str]:
    """Group and plural of the objects that a limit is about."""
    if name.startswith(COUNT):
        plural, _, group = name.removeprefix(COUNT).partition(".")
        return group, plural
    if name in CORE:
        return "", name
    if name.startswith("services."):
        return "", "services"
    return "", "persistentvolumeclaims" if name.endswith("requests.storage") else "pods"


def relevant(quota: Object, group: str, plural: str) -> list[str]:
    """The limits of a quota that objects of this resource count against."""
    hard = (quota.get("spec") or {}).get("hard") or {}
    return sorted(name for name in hard if resource_of(name) == (group, plural))


def applies(quota: Object, obj: Object) -> bool:
    """Whether the quota's scopes are the pod's."""
    spec = obj.get("spec") or {}
    best_effort, ends = qos.quality_class(spec) == "BestEffort", spec.get("activeDeadlineSeconds") is not None
    fits = {
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
        "Terminating": ends,
        "NotTerminating": not ends,
    }
    return all(fits.get(scope, True) for scope in (quota.get("spec") or {}).get("scopes") or ())


def usage(group: str, plural: str, obj: Object) -> Amounts:
    """What one object counts, by the names of limits."""
    out: Amounts = {COUNT + (f"{plural}.{group}" if group else plural): Decimal(1)}
    if group:
        return out
    if plural == "pods":
        return out if (obj.get("status") or {}).get("phase") in ENDED else out | {"pods": Decimal(1)} | _compute(obj)
    if plural in CORE:
        out[plural] = Decimal(1)
    spec = obj.get("spec") or {}
    if plural == "services" and spec.get("type") in ("NodePort", "LoadBalancer"):
        out["services.nodeports"] = Decimal(sum(1 for port in spec.get("ports") or () if port.get("nodePort")))
        out["services.loadbalancers"] = Decimal(spec["type"] == "LoadBalancer")
    if plural == "persistentvolumeclaims":
        storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage", "0")
        out["requests.storage"] = quantities.parse(storage)
    return out


def _compute(pod: Object) -> Amounts:
    out: Amounts = {}
    for kind in ("requests", "limits"):
        for name in COMPUTE:
            out[f"{kind}.{name}"] = of_pod(pod, kind, name)
    return out | {name: out[f"requests.{name}"] for name in COMPUTE}


def of_pod(pod: Object, kind: str, name: str) -> Decimal:
    """A pod's requests or limits: of its containers together, or of its largest init container."""
    spec = pod.get("spec") or {}
    running = sum((_amount(each, kind, name) for each in spec.get("containers") or ()), ZERO)
    return max([running, *(_amount(each, kind, name) for each in spec.get("initContainers") or ())])


def _amount(container: Object, kind: str, name: str) -> Decimal:
    return quantities.parse(((container.get("resources") or {}).get(kind) or {}).get(name, "0"))


def unspecified(names: Iterable[str], pod: Object) -> str:
    """The containers that do not say what the quota limits, as the refusal lists them."""
    said = []
    for name in names:
        kind, _, resource = name.rpartition(".")
        if resource in COMPUTE:
            without = [each["name"] for each in _all(pod) if resource not in _declared(each, kind or "requests")]
            said += [f"{name} for: {','.join(sorted(without))}"] if without else []
    return "; ".join(said)


def _all(pod: Object) -> list[Object]:
    spec = pod.get("spec") or {}
    return [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]


def _declared(container: Object, kind: str) -> Object:
    return (container.get("resources") or {}).get(kind) or {}


def added(left: Amounts, right: Amounts) -> Amounts:
    return {name: left.get(name, ZERO) + right.get(name, ZERO) for name in left.keys() | right.keys()}


def written(name: str, amount: Decimal) -> str:
    """An amount as a quantity: memory and storage in powers of two where that is shorter."""
    whole = amount == amount.to_integral_value()
    if whole and name.rpartition(".")[2] in ("memory", "storage", "ephemeral-storage"):
        return quantities.canonical(f"{int(amount) // 1024}Ki") if amount and not amount % 1024 else str(int(amount))
    return quantities.canonical(f"{amount:f}")
