"""The status of an MCPServer, from what was seen. Pure.

Role: phase, reason, message, counts, conditions. The same facts always give the same status, so that nothing is written
when nothing changed; `lastUpdateTime` moves only with something else. Not its job: looking. Called by the reconciler.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mcp_operator.api import conditions
from mcp_operator.api.conditions import Condition, condition
from mcp_operator.api.resolve import ResolvedServer
from mcp_operator.controllers import status_write
from mcp_operator.controllers.complete import Completion
from mcp_operator.controllers.problem import Problem
from mcp_operator.render.metadata import endpoint, selector_text
from mcp_operator.render.service import service_ports

Object = dict[str, Any]

PENDING, RUNNING, DEGRADED, FAILED, STOPPED, TERMINATING = (
    "Pending",
    "Running",
    "Degraded",
    "Failed",
    "Stopped",
    "Terminating",
)


SUSPENDED = "Suspended"
# Of a suspended server that spoke and whose pods are away: the condition remembers that it did.
UNAVAILABLE = "NoReplicaAvailable"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reconcile has seen of one server."""

    server: Object
    resolved: ResolvedServer | None = None
    deployment: Object | None = None
    applied: Problem | None = None
    """Why the children are not as rendered; None when they are."""
    pods: Problem | None = None
    speaks: bool = False
    """The running server has answered as the spec asks (or is not to be asked)."""
    probe: Problem | None = None
    mcp: Object | None = None
    completion: Completion | None = None
    """What a registry said, for a spec that left it what runs."""
    again: float | None = None
    """Seconds after which to look again although all is well."""
    leaving: tuple[str, ...] = ()
    """What is left of a server that is being deleted."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The Deployment's own counts, and whether they speak of its current spec."""

    wanted: int = 0
    replicas: int = 0
    ready: int = 0
    available: int = 0
    updated: int = 0
    current: bool = False

    @property
    def rolled_out(self) -> bool:
        """Every pod is of the current template, and as many are available as asked for."""
        return self.current and self.updated == self.replicas == self.wanted and self.available >= self.wanted


@dataclass(frozen=True, slots=True)
class Verdict:
    phase: str
    reason: str
    message: str = ""


def compute(facts: Facts, cluster_domain: str = "cluster.local") -> Object:
    """The status as it should be, without the times that `merge` adds."""
    counts = count(facts)
    verdict = judge(facts, counts)
    status: Object = {"phase": verdict.phase, "reason": verdict.reason, "message": verdict.message}
    if facts.resolved is not None:
        status |= _described(facts.resolved, cluster_domain)
    status |= {
        "observedGeneration": facts.server["metadata"].get("generation", 0),
        "replicas": counts.replicas,
        "readyReplicas": counts.ready,
        "availableReplicas": counts.available,
    }
    if facts.completion and facts.completion.registry:
        status |= {"registry": facts.completion.registry, "resolvedHash": facts.completion.resolved_hash}
    if facts.mcp:
        status["mcp"] = facts.mcp
    status["conditions"] = _conditions(facts, counts, verdict)
    return status


def merge(previous: Object, computed: Object, now: str) -> Object:
    """The status to write: `previous` itself when nothing but times would change."""
    return status_write.merge(previous, computed, now, touched="lastUpdateTime")


def steady(server: Object, problem: Problem | None) -> Problem | None:
    """A failure in the longer words that the status has for it: some come and go while the kubelet tries again.

    What may pass by itself is told as it is now: of several causes some may be gone.
    """
    if problem is None or not problem.fatal:
        return problem
    before = server.get("status") or {}
    said = before.get("message") or ""
    known = before.get("observedGeneration") == server["metadata"].get("generation")
    if not known or before.get("reason") != problem.reason or problem.message not in said:
        return problem
    return replace(problem, message=said[said.index(problem.message) :])


def holds(facts: Facts) -> bool:
    """Whether to leave the status as it is for a moment: the Deployment's own does not speak of its spec yet.

    Its generation also grows with an annotation, or when a change by hand is put back. Its next event settles it.
    """
    if facts.deployment is None or observed(facts.deployment) or facts.server["metadata"].get("deletionTimestamp"):
        return False
    before = (facts.server.get("status") or {}).get("observedGeneration")
    return bool(before == facts.server["metadata"].get("generation"))


def count(facts: Facts) -> Counts:
    deployment = facts.deployment
    wanted = facts.resolved.replicas if facts.resolved else 0
    if facts.resolved and facts.resolved.remote:
        # Somebody else runs it: it counts as one, which is there when it answers.
        wanted = min(wanted, 1)
        there = wanted if facts.speaks else 0
        return Counts(wanted, there, there, there, there, True)
    if deployment is None:
        return Counts(wanted)
    status = deployment.get("status") or {}
    return Counts(
        wanted,
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        status.get("availableReplicas", 0),
        status.get("updatedReplicas", 0),
        observed(deployment) and deployment["spec"].get("replicas") == wanted,
    )


def observed(deployment: Object) -> bool:
    """Whether the Deployment's status speaks of its current spec."""
    seen = (deployment.get("status") or {}).get("observedGeneration", 0)
    return bool(seen >= deployment["metadata"].get("generation", 0))


def judge(facts: Facts, counts: Counts) -> Verdict:
    """Phase, reason and message."""
    if facts.server["metadata"].get("deletionTimestamp"):
        left = ", ".join(facts.leaving)
        return Verdict(TERMINATING, "Deleting", f"waiting for the end of: {left}" if left else "everything is gone")
    if facts.applied is not None:
        return _hindered(facts.applied, counts)
    if counts.wanted == 0:
        return Verdict(STOPPED, "Stopped", "no replicas are asked for")
    serving = counts.ready if facts.speaks else 0
    problem = facts.pods or (facts.probe if counts.ready or _remote(facts) else None)
    if serving >= counts.wanted:
        return _enough(facts, counts)
    if serving:
        default = f"{counts.ready} of {counts.wanted} replicas are ready"
        return Verdict(DEGRADED, problem.reason if problem else "ReplicasMissing", _said(problem, default))
    if problem and problem.fatal:
        return Verdict(FAILED, problem.reason, problem.message)
    return Verdict(PENDING, problem.reason, problem.message) if problem else _starting(facts)


def _remote(facts: Facts) -> bool:
    return facts.resolved is not None and facts.resolved.remote


def _starting(facts: Facts) -> Verdict:
    """Nothing is wrong and nothing is ready: what was said last stays, rather than a step back for a moment."""
    before = facts.server.get("status") or {}
    same = before.get("observedGeneration") == facts.server["metadata"].get("generation")
    if same and before.get("phase") == PENDING and before.get("message"):
        return Verdict(PENDING, before["reason"], before["message"])
    return Verdict(PENDING, "PodsStarting", "the pods are starting")


def _enough(facts: Facts, counts: Counts) -> Verdict:
    """As many are ready as asked for; they may be of an earlier template."""
    if counts.rolled_out:
        return Verdict(RUNNING, "Ready", "every replica is ready")
    if facts.pods and facts.pods.fatal:
        return Verdict(DEGRADED, facts.pods.reason, f"the update does not get on: {facts.pods.message}")
    return Verdict(RUNNING, "RollingUpdate", "the pods are being replaced")


def _hindered(problem: Problem, counts: Counts) -> Verdict:
    if problem.reason == SUSPENDED:
        phase = STOPPED if counts.wanted == 0 else _by_count(counts)
        return Verdict(phase, problem.reason, problem.message)
    if counts.ready:
        return Verdict(DEGRADED, problem.reason, problem.message)
    return Verdict(FAILED if problem.fatal else PENDING, problem.reason, problem.message)


def _by_count(counts: Counts) -> str:
    if counts.ready >= counts.wanted:
        return RUNNING
    return DEGRADED if counts.ready else PENDING


def _said(problem: Problem | None, default: str) -> str:
    return problem.message if problem else default


def _conditions(facts: Facts, counts: Counts, verdict: Verdict) -> list[Condition]:
    ready = verdict.phase == RUNNING and verdict.reason == "Ready"
    found = [
        condition(conditions.READY, "True" if ready else "False", verdict.reason, verdict.message),
        _available(facts, counts, verdict),
        _progressing(facts, counts, verdict),
    ]
    if verdict.phase != TERMINATING:
        found.append(_applied(facts.applied))
        found.extend(_registry(facts))
    return found


def _available(facts: Facts, counts: Counts, verdict: Verdict) -> Condition:
    if facts.speaks and verdict.phase != TERMINATING:
        if counts.available > 0:
            return condition(conditions.AVAILABLE, "True", "Available", "requests are served")
        if facts.applied is not None and facts.applied.reason == SUSPENDED:
            return condition(conditions.AVAILABLE, "False", UNAVAILABLE, "no replica is available")
    return condition(conditions.AVAILABLE, "False", _word(verdict.reason), verdict.message)


def _progressing(facts: Facts, counts: Counts, verdict: Verdict) -> Condition:
    if verdict.phase == TERMINATING:
        return condition(conditions.PROGRESSING, "True", verdict.reason, verdict.message)
    stuck = facts.applied or next((item for item in (facts.pods, facts.probe) if item and item.fatal), None)
    if stuck is not None:
        return condition(conditions.PROGRESSING, "False", stuck.reason, stuck.message)
    if counts.rolled_out and (facts.speaks or counts.wanted == 0):
        return condition(conditions.PROGRESSING, "False", "Complete", "nothing is under way")
    return condition(conditions.PROGRESSING, "True", _word(verdict.reason), verdict.message)


def _word(reason: str) -> str:
    return "InProgress" if reason == "Ready" else reason


def _applied(problem: Problem | None) -> Condition:
    if problem is None:
        return condition(conditions.APPLIED, "True", "Applied", "every object is as rendered")
    return condition(conditions.APPLIED, "False", problem.reason, problem.message)


def _registry(facts: Facts) -> list[Condition]:
    """A spec that names its registry entry and says what runs was resolved before it was written."""
    found = facts.completion
    trouble = (found.problem or found.outdated) if found else None
    if trouble is not None:
        return [condition(conditions.REGISTRY_FETCHED, "False", trouble.reason, trouble.message)]
    if facts.resolved is None or not (facts.resolved.spec.get("registry") or {}).get("name"):
        return []
    words = "Registry data successfully fetched"
    return [condition(conditions.REGISTRY_FETCHED, "True", "RegistryFetched", words)]


def _described(resolved: ResolvedServer, cluster_domain: str) -> Object:
    if resolved.remote:
        return {"image": resolved.shown_image, "serviceEndpoint": resolved.url}
    port = service_ports(resolved)[0]["port"]
    return {
        "image": resolved.shown_image,
        "tag": resolved.shown_tag,
        "selector": selector_text(resolved.name),
        "serviceEndpoint": endpoint(resolved.name, resolved.namespace, port, cluster_domain),
    }
