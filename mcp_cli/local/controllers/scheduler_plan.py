"""Which node a pod may go to, and the words for why none will have it.

Pure; the filters and messages are those of kube-scheduler. Called by `scheduler`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from mcp_cli.local.apimachinery.quantities import parse as parse_quantity
from mcp_cli.local.controllers.objects import Object, condition_is_true, is_finished, name, status
from mcp_cli.local.controllers.selectors import node_term_matches

NOT_READY = "node.kubernetes.io/not-ready"
UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
NO_PREEMPTION = "Preemption is not helpful for scheduling."


def choose(pod: Object, nodes: Sequence[Object], pods_by_node: dict[str, list[Object]]) -> tuple[str | None, str]:
    """The least loaded node that fits, or None and the words of the PodScheduled condition."""
    if not nodes:
        return None, "no nodes available to schedule pods"
    reasons: Counter[str] = Counter()
    fitting = []
    for node in nodes:
        refused = refusals(pod, node, pods_by_node.get(name(node), []))
        reasons.update(refused)
        if not refused:
            fitting.append(node)
    if fitting:
        return name(min(fitting, key=lambda node: (len(pods_by_node.get(name(node), [])), name(node)))), ""
    spelled = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    preemption = f"0/{len(nodes)} nodes are available: {len(nodes)} {NO_PREEMPTION}"
    return None, f"0/{len(nodes)} nodes are available: {spelled}. no new claims to deallocate, preemption: {preemption}"


def refusals(pod: Object, node: Object, residents: Sequence[Object]) -> list[str]:
    """Why this node does not take the pod: the first filter that says no, as in kube-scheduler."""
    if node["spec"].get("unschedulable") and not _tolerates(pod, UNSCHEDULABLE):
        return ["node(s) were unschedulable"]
    if not tolerates_all(pod, node):
        return ["node(s) had untolerated taint(s)"]
    if not matches_node(pod, node):
        return ["node(s) didn't match Pod's node affinity/selector"]
    if _ports(pod) & {port for each in residents for port in _ports(each)}:
        return ["node(s) didn't have free ports for the requested pod ports"]
    return _lacking(pod, node, residents)


def tolerates_all(pod: Object, node: Object) -> bool:
    hard = ("NoSchedule", "NoExecute")
    return all(_tolerates(pod, taint) for taint in _taints(node) if taint["effect"] in hard)


def _taints(node: Object) -> list[Object]:
    taints = list(node["spec"].get("taints") or ())
    if not condition_is_true(status(node), "Ready") and not any(each["key"] == NOT_READY for each in taints):
        taints.append({"key": NOT_READY, "effect": "NoSchedule"})
    return taints


def _tolerates(pod: Object, taint: Object) -> bool:
    for each in pod["spec"].get("tolerations") or ():
        if each.get("effect") and each["effect"] != taint["effect"]:
            continue
        if each.get("operator") == "Exists" and each.get("key") in (None, "", taint["key"]):
            return True
        if each.get("key") == taint["key"] and (each.get("value") or "") == (taint.get("value") or ""):
            return True
    return False


def matches_node(pod: Object, node: Object) -> bool:
    """nodeSelector and the required node affinity."""
    node_labels = node["metadata"].get("labels") or {}
    if any(node_labels.get(key) != value for key, value in (pod["spec"].get("nodeSelector") or {}).items()):
        return False
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(node_term_matches(term, node) for term in required.get("nodeSelectorTerms") or ())


def _ports(pod: Object) -> set[tuple[str, int]]:
    """Ports of the host that a pod claims."""
    return {
        (port.get("protocol") or "TCP", int(port["hostPort"]))
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or ()
        if port.get("hostPort")
    }


def _lacking(pod: Object, node: Object, residents: Sequence[Object]) -> list[str]:
    allocatable = status(node).get("allocatable") or {}
    present = [each for each in residents if not is_finished(each)]
    if "pods" in allocatable and len(present) >= int(allocatable["pods"]):
        return ["Too many pods"]
    wanted = requests(pod)
    used: dict[str, Decimal] = {}
    for each in present:
        for resource, amount in requests(each).items():
            used[resource] = used.get(resource, Decimal(0)) + amount
    return [
        f"Insufficient {resource}"
        for resource, amount in sorted(wanted.items())
        if amount and amount + used.get(resource, Decimal(0)) > parse_quantity(allocatable.get(resource, "0"))
    ]


def requests(pod: Object) -> dict[str, Decimal]:
    """What a pod asks for: the sum of its containers, or one of its init containers where that is more."""
    total: dict[str, Decimal] = {}
    for container in pod["spec"]["containers"]:
        for resource, amount in _container_requests(container).items():
            total[resource] = total.get(resource, Decimal(0)) + amount
    for container in pod["spec"].get("initContainers") or ():
        for resource, amount in _container_requests(container).items():
            total[resource] = max(total.get(resource, Decimal(0)), amount)
    return total


def _container_requests(container: Object) -> dict[str, Decimal]:
    asked = (container.get("resources") or {}).get("requests") or {}
    return {resource: parse_quantity(amount) for resource, amount in asked.items()}
