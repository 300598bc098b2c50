"""Why pods are not ready, in one reason and one sentence. Pure.

Role: reads pod and Deployment status as the kubelet and the controllers write it. The words stay the same while the
trouble does: no pod names, no counts, no alternation between a failed try and the wait for the next. Called by the
reconciler.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from mcp_operator.api import names
from mcp_operator.bridge.lastwords import telling
from mcp_operator.controllers.problem import Problem

Object = dict[str, Any]

_STARTING = frozenset({"ContainerCreating", "PodInitializing"})
_PULL = frozenset({"ErrImagePull", "ImagePullBackOff"})
_FATAL_WAITS = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeedsEngine",
        "ErrImageNeverPull",
        "InvalidImageName",
        "PostStartHookError",
        "RunContainerError",
        "StartError",
    }
)
# "0/3 nodes are available: 1 Insufficient cpu, 2 ... ." and, of newer schedulers, what preemption would not change.
_SCHEDULER = re.compile(r"0/\d+ nodes are available: (?P<causes>.*?)\.?(?: (?:[a-z ]+, )?preemption: .*)?$", re.DOTALL)
_LONGEST = 800
# A container that lived this long before it ended is no crash loop.
_LONG_LIFE = timedelta(minutes=10)


def diagnose(deployment: Object | None, pods: Sequence[Object]) -> Problem | None:
    """The problem that says most: a final one before one that may pass. None when no pod is in trouble."""
    found = [*_deployment(deployment), *(problem for pod in pods for problem in _pod(pod))]
    return min(found, key=lambda problem: not problem.fatal, default=None)


def pod_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


def _deployment(deployment: Object | None) -> Iterator[Problem]:
    for item in ((deployment or {}).get("status") or {}).get("conditions") or ():
        if item["type"] == "ReplicaFailure" and item["status"] == "True":
            message = re.sub(r'pods "[^"]*" is forbidden', "pods are forbidden", item.get("message", ""))
            yield Problem(item.get("reason", "FailedCreate"), _line(f"no pod can be made: {message}"), fatal=True)


def _pod(pod: Object) -> Iterator[Problem]:
    if pod_ready(pod) or pod["metadata"].get("deletionTimestamp"):
        return
    status = pod.get("status") or {}
    containers = [*_containers(status)]
    if containers:
        yield containers[0]
    elif status.get("phase") == "Failed":
        yield Problem(status.get("reason") or "PodFailed", _line(status.get("message") or "a pod has failed"))
    else:
        yield _waiting_for(status)


def _containers(status: Object) -> Iterator[Problem]:
    for container in status.get("initContainerStatuses") or ():
        yield from _container(container, init=True)
    for container in status.get("containerStatuses") or ():
        yield from _container(container, init=False)


def _container(container: Object, *, init: bool) -> Iterator[Problem]:
    state, name = container.get("state") or {}, container["name"]
    waiting, ended = state.get("waiting") or {}, _ended(container, init)
    reason = waiting.get("reason", "")
    if reason in _PULL:
        yield _pull(container, waiting)
    elif reason == "CrashLoopBackOff" or ended is not None:
        yield _crash(name, ended or {}, _loops(container, reason, ended or {}))
    elif reason and reason not in _STARTING:
        words = waiting.get("message") or reason
        yield Problem(reason, _line(f"container {name} cannot start: {words}"), fatal=reason in _FATAL_WAITS)


def _ended(container: Object, init: bool) -> Object | None:
    """How a container that is not ready ended: just now, or before its current start."""
    now = (container.get("state") or {}).get("terminated")
    before = (container.get("lastState") or {}).get("terminated")
    if init:
        # An init container that ends well has done its work.
        failed = [end for end in (now, before) if end and end.get("exitCode") != 0]
        return None if now and now.get("exitCode") == 0 else next(iter(failed), None)
    return None if container.get("ready") else now or before


def _loops(container: Object, reason: str, ended: Object) -> bool:
    return reason == "CrashLoopBackOff" or (int(container.get("restartCount") or 0) >= 2 and not _lived_long(ended))


def _lived_long(ended: Object) -> bool:
    if not ended.get("startedAt") or not ended.get("finishedAt"):
        return False
    return datetime.fromisoformat(ended["finishedAt"]) - datetime.fromisoformat(ended["startedAt"]) > _LONG_LIFE


def _crash(name: str, ended: Object, loops: bool) -> Problem:
    """`loops`: it happened again and again."""
    words = _last_words(ended.get("message", ""))
    said = f": {words}" if words else ""
    if name == names.CONTAINER_INSTALL:
        return Problem("InstallFailed", f"the package cannot be installed{said or _exit(ended)}", fatal=loops)
    if ended.get("reason") == "OOMKilled":
        return Problem("OOMKilled", f"container {name} used more memory than its limit and was killed", fatal=loops)
    if ended.get("reason") in _FATAL_WAITS:
        return Problem(ended["reason"], f"container {name} cannot start{said}", fatal=True)
    return Problem(
        "CrashLoopBackOff" if loops else "Crashed", f"container {name} ended{_exit(ended)}{said}", fatal=loops
    )


def _exit(ended: Object) -> str:
    return f" with exit code {ended['exitCode']}" if "exitCode" in ended else ""


def _pull(container: Object, waiting: Object) -> Problem:
    """The kubelet alternates between the failed pull and the wait for the next; its words are the same within."""
    message = waiting.get("message") or ""
    cause = message.rpartition("ErrImagePull: ")[2] if "ErrImagePull: " in message else message
    if cause.startswith("Back-off pulling image"):
        cause = ""
    words = f"image {container.get('image', '')} cannot be pulled" + (f": {cause}" if cause else "")
    return Problem("ImagePullBackOff", _line(words), fatal=True)


def _waiting_for(status: Object) -> Problem:
    if _installs(status):
        return Problem("Installing", "the package is being installed")
    if any("running" in (item.get("state") or {}) for item in status.get("containerStatuses") or ()):
        return Problem("ContainersNotReady", "the server runs and does not answer its readiness probe yet")
    for item in status.get("conditions") or ():
        if item["type"] == "PodScheduled" and item["status"] == "False":
            return Problem(item.get("reason") or "Unschedulable", _line(_no_node(item.get("message") or "")))
    return Problem("PodsStarting", "the pods are starting")


def _no_node(message: str) -> str:
    """What the scheduler says, without how many nodes it says it of: they come and go while the causes stay."""
    found = _SCHEDULER.match(message)
    if found is None:
        return message or "no node for the pod yet"
    causes = {re.sub(r"^\d+ ", "", cause) for cause in re.split(r", (?=\d+ )", found["causes"])}
    return f"no node takes the pod: {', '.join(sorted(causes))}"


def _installs(status: Object) -> bool:
    statuses: Iterable[Object] = status.get("initContainerStatuses") or ()
    return any(item["name"] == names.CONTAINER_INSTALL and "running" in (item.get("state") or {}) for item in statuses)


def _last_words(message: str) -> str:
    """What tells most of a container's output, in one line."""
    return " | ".join(telling(message)).removeprefix("mcp-bridge install: ")


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
