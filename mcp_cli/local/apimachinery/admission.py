"""The parts of the API server's own admission that need to look at no other object.

Role: in place, before validation: tolerations and priority of pods, the taint of a new node, protecting finalizers.
Not its job: webhooks, service accounts, limits of a namespace. Called by the API server when an object is created.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp_cli.local.apimachinery.models import Model

TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
TOLERATION_SECONDS = 300
SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def admit(model: Model, obj: dict[str, Any]) -> None:
    step = STEPS.get((model.group, model.kind))
    if step is not None:
        step(obj)


def tolerate(spec: dict[str, Any]) -> None:
    """Every pod stays for a while on a node that is in trouble; whoever replaces its tolerations keeps that."""
    tolerations = spec.setdefault("tolerations", [])
    for key in TOLERATED:
        if not any(_tolerates(toleration, key) for toleration in tolerations):
            toleration = {"key": key, "operator": "Exists", "effect": "NoExecute"}
            tolerations.append({**toleration, "tolerationSeconds": TOLERATION_SECONDS})


def _pod(obj: dict[str, Any]) -> None:
    spec = obj.setdefault("spec", {})
    tolerate(spec)
    if "priority" not in spec:
        spec["priority"] = SYSTEM_PRIORITIES.get(spec.get("priorityClassName", ""), 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")


def _tolerates(toleration: dict[str, Any], key: str) -> bool:
    return toleration.get("key") in (key, None, "") and toleration.get("effect") in ("NoExecute", None, "")


def _node(obj: dict[str, Any]) -> None:
    taints = obj.setdefault("spec", {}).setdefault("taints", [])
    if not any(taint.get("key") == TOLERATED[0] and taint.get("effect") == "NoSchedule" for taint in taints):
        taints.append({"key": TOLERATED[0], "effect": "NoSchedule"})


def _protector(finalizer: str) -> Callable[[dict[str, Any]], None]:
    def protect(obj: dict[str, Any]) -> None:
        finalizers = obj["metadata"].setdefault("finalizers", [])
        if finalizer not in finalizers:
            finalizers.append(finalizer)

    return protect


STEPS: dict[tuple[str, str], Callable[[dict[str, Any]], None]] = {
    ("", "Pod"): _pod,
    ("", "Node"): _node,
    ("", "PersistentVolumeClaim"): _protector("kubernetes.io/pvc-protection"),
    ("", "PersistentVolume"): _protector("kubernetes.io/pv-protection"),
}
