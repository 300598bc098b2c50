"""What a Job does about its pods, decided from plain dicts.

Pure: counting, how many pods to start or stop, when the Job is over and in which words. Called by `job`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mcp_operator.runtime.resources import JOBS

from mcp_cli.local.controllers.objects import (
    Object,
    annotations_of,
    compact,
    condition_is_true,
    is_deleting,
    is_finished,
    is_ready,
    name,
    pod_from_template,
    seconds_since,
    status,
    status_count,
    uid,
)

TRACKING = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
BACKOFF_SECONDS = 10.0
BACKOFF_LONGEST = 600.0


@dataclass(frozen=True, slots=True)
class Tally:
    """What is known of the pods of a Job at one moment."""

    active: list[Object]
    terminating: list[Object]
    uncounted_succeeded: list[Object]
    uncounted_failed: list[Object]
    succeeded: int
    failed: int
    """Counts with everything that has ended, written down or not."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a Job ended: the condition's type, reason and message."""

    type: str
    reason: str
    message: str


def is_over(job: Object) -> bool:
    return any(condition_is_true(status(job), each) for each in ("Complete", "Failed"))


def tally(job: Object, pods: Sequence[Object]) -> Tally:
    """Pods carry the tracking finalizer until they have been counted in the status."""
    uncounted = status(job).get("uncountedTerminatedPods") or {}
    written = {*(uncounted.get("succeeded") or ()), *(uncounted.get("failed") or ())}
    tracked = [pod for pod in pods if TRACKING in (pod["metadata"].get("finalizers") or ())]
    fresh = [pod for pod in tracked if uid(pod) not in written]
    succeeded = [pod for pod in fresh if status(pod).get("phase") == "Succeeded"]
    failed = [pod for pod in fresh if status(pod).get("phase") == "Failed" or _is_lost(pod)]
    alive = [pod for pod in pods if not is_finished(pod) and not is_deleting(pod)]
    pending = (len(uncounted.get("succeeded") or ()), len(uncounted.get("failed") or ()))
    return Tally(
        active=alive,
        terminating=[pod for pod in pods if is_deleting(pod) and not is_finished(pod)],
        uncounted_succeeded=succeeded,
        uncounted_failed=failed,
        succeeded=status_count(job, "succeeded") + pending[0] + len(succeeded),
        failed=status_count(job, "failed") + pending[1] + len(failed),
    )


def _is_lost(pod: Object) -> bool:
    """Deleted before it was ever given to a node, so that nobody will end it."""
    return is_deleting(pod) and not is_finished(pod) and not pod["spec"].get("nodeName")


def completions(job: Object) -> int | None:
    value = job["spec"].get("completions")
    return None if value is None else int(value)


def judge(job: Object, counted: Tally, moment: datetime | None = None) -> Verdict | None:
    """Whether the Job is over; failure is looked for first, as Kubernetes does."""
    spec = job["spec"]
    if counted.failed > int(spec.get("backoffLimit", 6)):
        return Verdict("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    if _seconds_left(job, moment) == 0.0:
        return Verdict("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
    wanted = completions(job)
    if spec.get("suspend"):
        return None
    reached = counted.succeeded >= wanted if wanted is not None else counted.succeeded > 0 and not counted.active
    if reached:
        return Verdict("Complete", "CompletionsReached", "Reached expected number of succeeded pods")
    return None


def _seconds_left(job: Object, moment: datetime | None = None) -> float | None:
    limit, started = job["spec"].get("activeDeadlineSeconds"), status(job).get("startTime")
    if limit is None or not started or job["spec"].get("suspend"):
        return None
    return max(0.0, float(limit) - seconds_since(started, moment))


def seconds_to_deadline(job: Object) -> float | None:
    return _seconds_left(job)


def wanted_active(job: Object, counted: Tally) -> int:
    """How many pods should run now."""
    if job["spec"].get("suspend"):
        return 0
    parallel = int(job["spec"].get("parallelism", 1))
    goal = completions(job)
    if goal is None:
        # A work queue: the first success says that nothing new need start.
        return len(counted.active) if counted.succeeded else parallel
    return max(0, min(parallel, goal - counted.succeeded))


def backoff_left(job: Object, pods: Sequence[Object], counted: Tally, moment: datetime | None = None) -> float:
    """Seconds until the next pod may start: 10 s after the first failure, doubling up to ten minutes."""
    ends = [_finished_at(pod) for pod in pods if status(pod).get("phase") == "Failed"]
    last = max(filter(None, ends), default=None)
    if not counted.failed or last is None:
        return 0.0
    wait = min(BACKOFF_LONGEST, BACKOFF_SECONDS * 2 ** min(counted.failed - 1, 10))
    return max(0.0, wait - seconds_since(last, moment))


def _finished_at(pod: Object) -> str | None:
    ends = [
        ((each.get("state") or {}).get("terminated") or {}).get("finishedAt")
        for each in status(pod).get("containerStatuses") or ()
    ]
    return max(filter(None, ends), default=pod["metadata"].get("creationTimestamp"))


def pods_to_create(job: Object, pods: Sequence[Object], count: int) -> list[Object]:
    """New pods from the template; an Indexed Job gives each the lowest free index."""
    if job["spec"].get("completionMode") != "Indexed":
        return [_pod(job) for _ in range(count)]
    taken = {index_of(pod) for pod in pods if not _has_failed(pod)} | set(completed_indexes(job))
    free = [index for index in range(completions(job) or 0) if index not in taken]
    return [_indexed_pod(job, index) for index in free[:count]]


def _has_failed(pod: Object) -> bool:
    return status(pod).get("phase") == "Failed" or _is_lost(pod) or is_deleting(pod)


def _pod(job: Object, prefix: str | None = None) -> Object:
    pod = pod_from_template(job["spec"]["template"], job, JOBS, prefix)
    pod["metadata"] = {**pod["metadata"], "finalizers": [*pod["metadata"].get("finalizers", ()), TRACKING]}
    return pod


def _indexed_pod(job: Object, index: int) -> Object:
    pod = _pod(job, f"{name(job)}-{index}-")
    metadata = pod["metadata"]
    metadata["annotations"] = {**metadata.get("annotations", {}), INDEX: str(index)}
    metadata["labels"] = {**metadata.get("labels", {}), INDEX: str(index)}
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    variable = {"name": "JOB_COMPLETION_INDEX", "valueFrom": source}
    spec = {**pod["spec"], "hostname": f"{name(job)}-{index}"}
    for kind in ("initContainers", "containers"):
        if spec.get(kind):
            spec[kind] = [{**each, "env": [*(each.get("env") or ()), variable]} for each in spec[kind]]
    return {**pod, "spec": spec}


def index_of(pod: Object) -> int:
    return int(annotations_of(pod).get(INDEX, "-1"))


def completed_indexes(job: Object) -> list[int]:
    return expand_ranges(status(job).get("completedIndexes") or "")


def expand_ranges(text: str) -> list[int]:
    """`1,3-5` as numbers."""
    found: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return found


def spell_ranges(numbers: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for each in sorted(set(numbers)):
        if runs and each == runs[-1][1] + 1:
            runs[-1][1] = each
        else:
            runs.append([each, each])
    return ",".join(_spell_run(first, last) for first, last in runs)


def _spell_run(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}-{last}"


def new_counts(job: Object, counted: Tally) -> Object:
    """The fields of the status that are counted anew each time."""
    ready = sum(is_ready(pod) for pod in counted.active)
    return {
        **compact({"active": len(counted.active)}),
        "terminating": len(counted.terminating),
        "ready": ready,
    }


def expires_in(job: Object, moment: datetime | None = None) -> float | None:
    """Seconds until a finished Job is deleted (`ttlSecondsAfterFinished`)."""
    ttl = job["spec"].get("ttlSecondsAfterFinished")
    if ttl is None or not is_over(job):
        return None
    ends = [
        each.get("lastTransitionTime")
        for each in status(job).get("conditions") or ()
        if each["type"] in ("Complete", "Failed") and each["status"] == "True"
    ]
    return max(0.0, float(ttl) - seconds_since(max(filter(None, ends), default=None), moment))
