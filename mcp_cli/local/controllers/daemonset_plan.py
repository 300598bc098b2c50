"""Which nodes a DaemonSet wants a pod on, and which pods must come or go.

Pure. Called by `daemonset`.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcp_operator.runtime.resources import DAEMONSETS

from mcp_cli.local.controllers.deployment_plan import scaled
from mcp_cli.local.controllers.objects import (
    Object,
    available_in,
    compact,
    is_deleting,
    is_finished,
    is_ready,
    labels,
    name,
    pod_from_template,
)
from mcp_cli.local.controllers.revisions import HASH
from mcp_cli.local.controllers.scheduler_plan import matches_node, tolerates_all

GENERATION = "pod-template-generation"
TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


def node_of(pod: Object) -> str:
    """The node that a pod is on, or is meant for."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for each in term.get("matchFields") or ():
            if each["key"] == "metadata.name":
                return str(each["values"][0])
    return ""


def eligible(owner: Object, nodes: Sequence[Object]) -> list[str]:
    probe = {"spec": _tolerant(owner["spec"]["template"]["spec"])}
    return [name(node) for node in nodes if matches_node(probe, node) and tolerates_all(probe, node)]


def missing(wanted: Sequence[str], pods: Sequence[Object]) -> list[str]:
    there = {node_of(pod) for pod in pods if not is_finished(pod) or is_deleting(pod)}
    return [node for node in wanted if node not in there]


def superfluous(owner: Object, wanted: Sequence[str], pods: Sequence[Object], revision: str) -> list[Object]:
    """Pods on the wrong node, second ones on the same, ended ones, and those of an earlier revision in their turn."""
    kept: dict[str, Object] = {}
    gone = []
    for pod in sorted(pods, key=lambda each: each["metadata"].get("creationTimestamp") or ""):
        if is_deleting(pod):
            continue
        if is_finished(pod) or node_of(pod) not in wanted or node_of(pod) in kept:
            gone.append(pod)
        else:
            kept[node_of(pod)] = pod
    return [*gone, *_outdated(owner, wanted, list(kept.values()), revision)]


def _outdated(owner: Object, wanted: Sequence[str], pods: Sequence[Object], revision: str) -> list[Object]:
    strategy = owner["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return []
    old = [pod for pod in pods if labels(pod).get(HASH) != revision]
    most = max(1, scaled((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), len(wanted), up=True))
    unavailable = len(wanted) - sum(is_ready(pod) for pod in pods)
    useless = [pod for pod in old if not is_ready(pod)]
    useful = [pod for pod in old if is_ready(pod)]
    return [*useless, *useful[: max(0, most - unavailable)]]


def make_pod(owner: Object, node: str, revision: str) -> Object:
    pod = pod_from_template(owner["spec"]["template"], owner, DAEMONSETS)
    identity = {HASH: revision, GENERATION: str(owner["metadata"].get("generation", 1))}
    pod["metadata"] = {**pod["metadata"], "labels": {**pod["metadata"].get("labels", {}), **identity}}
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    affinity = dict(pod["spec"].get("affinity") or {})
    affinity["nodeAffinity"] = {
        **(affinity.get("nodeAffinity") or {}),
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]},
    }
    return {**pod, "spec": {**_tolerant(pod["spec"]), "affinity": affinity}}


def _tolerant(spec: Object) -> Object:
    have = list(spec.get("tolerations") or ())
    added = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in TOLERATED]
    return {**spec, "tolerations": [*have, *(each for each in added if each not in have)]}


def new_status(owner: Object, wanted: Sequence[str], pods: Sequence[Object], revision: str) -> Object:
    min_ready = int(owner["spec"].get("minReadySeconds") or 0)
    alive = [pod for pod in pods if not is_finished(pod) and not is_deleting(pod)]
    at_home = {node_of(pod): pod for pod in alive if node_of(pod) in wanted}
    ready = sum(is_ready(pod) for pod in at_home.values())
    available = sum(available_in(pod, min_ready) == 0.0 for pod in at_home.values())
    return {
        "currentNumberScheduled": len(at_home),
        "desiredNumberScheduled": len(wanted),
        "numberMisscheduled": len({node_of(pod) for pod in alive} - set(wanted)),
        "numberReady": ready,
        **compact(
            {
                "numberAvailable": available,
                "numberUnavailable": len(wanted) - available,
                "observedGeneration": owner["metadata"].get("generation"),
                "updatedNumberScheduled": sum(labels(pod).get(HASH) == revision for pod in at_home.values()),
            }
        ),
    }
