"""The pods of a server, and what kubectl would say of each.

Role: find them by their labels; readiness, restarts and the word for their state. The accessors are pure.
Called by `logs`, `describe` and `port-forward`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp_operator.api.names import CONTAINER_SERVER, LABEL_INSTANCE, LABEL_NAME, NAME_SERVER
from mcp_operator.runtime.resources import PODS

if TYPE_CHECKING:
    from mcp_cli.kube import Cluster

Pod = dict[str, Any]


def selector_of(name: str) -> str:
    return f"{LABEL_NAME}={NAME_SERVER},{LABEL_INSTANCE}={name}"


def pods_of(cluster: Cluster, name: str, namespace: str) -> list[Pod]:
    """The pods of a server, ready ones first, the newest of them first."""
    found = cluster.list(PODS, namespace, label_selector=selector_of(name))["items"]
    found.sort(key=lambda pod: pod["metadata"].get("creationTimestamp") or "", reverse=True)
    found.sort(key=lambda pod: not is_ready(pod))
    return found


def statuses(pod: Pod) -> list[dict[str, Any]]:
    return (pod.get("status") or {}).get("containerStatuses") or []


def is_ready(pod: Pod) -> bool:
    return (
        bool(statuses(pod))
        and all(one.get("ready") for one in statuses(pod))
        and not pod["metadata"].get("deletionTimestamp")
    )


def ready_text(pod: Pod) -> str:
    """`1/1`."""
    return f"{sum(bool(one.get('ready')) for one in statuses(pod))}/{len(pod['spec'].get('containers') or [])}"


def restarts(pod: Pod) -> int:
    return sum(int(one.get("restartCount") or 0) for one in statuses(pod))


def state_word(pod: Pod) -> str:
    """The one word that says most: what an init container or a container waits for or died of, else the phase."""
    status = pod.get("status") or {}
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for one in status.get("initContainerStatuses") or []:
        word = _unfinished(one)
        if word:
            return f"Init:{word}"
    words = [_stuck(one) for one in statuses(pod)]
    return next((word for word in words if word), status.get("reason") or status.get("phase") or "Unknown")


def state_message(pod: Pod) -> str:
    """What goes with the word: the message of the container that is stuck, or of the pod."""
    from mcp_operator.bridge.lastwords import telling

    status = pod.get("status") or {}
    for one in (status.get("initContainerStatuses") or []) + statuses(pod):
        state = one.get("state") or {}
        waits, ended = (state.get(word) or {} for word in ("waiting", "terminated"))
        message = waits.get("message") or " | ".join(telling(ended.get("message") or ""))
        if message:
            return str(message).strip()
    return status.get("message") or ""


def _unfinished(one: dict[str, Any]) -> str:
    """Of an init container: nothing once it ended well."""
    state = one.get("state") or {}
    ended = state.get("terminated")
    if ended is not None:
        return "" if not ended.get("exitCode") else ended.get("reason") or "Error"
    return (state.get("waiting") or {}).get("reason") or "Running"


def _stuck(one: dict[str, Any]) -> str:
    state = one.get("state") or {}
    held = state.get("waiting") or state.get("terminated") or {}
    return held.get("reason") or ""


def container_names(pod: Pod) -> list[str]:
    spec = pod["spec"]
    return [one["name"] for one in (spec.get("initContainers") or []) + (spec.get("containers") or [])]


def default_container(pod: Pod) -> str:
    """The server's own container, else the first."""
    names = [one["name"] for one in pod["spec"].get("containers") or []]
    return CONTAINER_SERVER if CONTAINER_SERVER in names else names[0]
