"""Objects in interesting states, of which a real API server printed tables.

Role: data for the golden test of tables and for its differential twin: (path, object, status or None).
"""

from __future__ import annotations

from typing import Any

from tests.unit.apimachinery import scenarios, transcripts, widgets

START = "2026-01-01T00:00:00Z"
RUNNING: dict[str, Any] = {"running": {"startedAt": START}}
ENDED: dict[str, Any] = {"terminated": {"exitCode": 1, "finishedAt": START}}
NODE_INFO = ["architecture", "bootID", "kubeProxyVersion", "machineID", "operatingSystem", "systemUUID"]


def container(name: str = "c", **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": "x", "imageID": "", "ready": False, "restartCount": 0, **fields}


POD_STATES: list[dict[str, Any]] = [
    {"phase": "Running", "podIP": "1.2.3.4", "containerStatuses": [container(ready=True, state=RUNNING, started=True)]},
    {
        "phase": "Running",
        "containerStatuses": [
            container(restartCount=5, state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState=ENDED)
        ],
    },
    {"phase": "Pending", "initContainerStatuses": [container("i", state=RUNNING)]},
    {"phase": "Pending", "initContainerStatuses": [container("i", state={"terminated": {"exitCode": 3}})]},
    {
        "phase": "Pending",
        "initContainerStatuses": [
            container("i", restartCount=2, state={"waiting": {"reason": "ImagePullBackOff"}}, lastState=ENDED)
        ],
    },
    {
        "phase": "Succeeded",
        "containerStatuses": [container(state={"terminated": {"exitCode": 0, "reason": "Completed"}})],
    },
    {"phase": "Failed", "reason": "Evicted"},
    {
        "phase": "Running",
        "containerStatuses": [
            container(state={"terminated": {"exitCode": 0, "reason": "Completed"}}),
            container("d", ready=True, state=RUNNING),
        ],
    },
    {"phase": "Failed", "containerStatuses": [container(state={"terminated": {"exitCode": 137, "signal": 9}})]},
]
JOB_STATES: list[dict[str, Any]] = [
    {
        "startTime": START,
        "succeeded": 1,
        "completionTime": "2026-01-01T00:05:30Z",
        "conditions": [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}],
    },
    {"startTime": START, "active": 1},
]
NODE_STATE: dict[str, Any] = {
    "conditions": [{"type": "Ready", "status": "True"}],
    "addresses": [{"type": "InternalIP", "address": "1.2.3.4"}],
    "nodeInfo": {
        "kubeletVersion": "v1.36.0",
        "osImage": "Debian",
        "kernelVersion": "6.1",
        "containerRuntimeVersion": "x://1",
        **dict.fromkeys(NODE_INFO, ""),
    },
}
STATES: dict[str, list[dict[str, Any]]] = {
    "Pod": POD_STATES,
    "Job": JOB_STATES,
    "Node": [NODE_STATE],
    "Deployment": [{"replicas": 3, "readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1}],
    "HorizontalPodAutoscaler": [{"currentReplicas": 2}],
}


def cases() -> list[tuple[str, dict[str, Any], dict[str, Any] | None]]:
    """Every object of the transcript of creations, as it is and in the states above; and a custom resource."""
    found: list[tuple[str, dict[str, Any], dict[str, Any] | None]] = []
    seen: set[str] = set()
    for entry in transcripts.questions("created"):
        kind = entry["body"]["kind"]
        found.append((entry["path"], entry["body"], None))
        if kind not in seen:
            found.extend((entry["path"], entry["body"], state) for state in STATES.get(kind, ()))
        seen.add(kind)
    widget = scenarios.widget(size=4, ports=[{"port": 80}])
    found.append((widgets.WIDGETS, widget, {"phase": "Up"}))
    return [case for case in found if case[1]["kind"] != "CustomResourceDefinition"]
