"""A node for the tests: the embedded cluster's own, or the agent as a program against a real control plane.

On a real control plane the node is tainted, so that only pods made here land on it. `Node` makes pods for it and waits
on what becomes of them.
"""

from __future__ import annotations

import sys
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.local.node.waiting import PATIENCE, until
from tests.support.api import PlainApi
from tests.support.processes import Process

TAINT = "mcp.allbeone.io/test"
HOST_IMAGE = "mcp.allbeone.io/host"


class AgentProgram:
    """`python -m mcp_cli.local.node` against a real control plane, under a node name of its own."""

    def __init__(self, api: PlainApi, kubeconfig: Path, folder: Path, node_name: str) -> None:
        self._api = api
        self._kubeconfig = kubeconfig
        self.folder = folder
        self.node_name = node_name
        self.process: Process | None = None

    def start(self) -> None:
        argv = [sys.executable, "-m", "mcp_cli.local.node", f"--kubeconfig={self._kubeconfig}"]
        argv += [f"--state-dir={self.folder}", f"--node-name={self.node_name}"]
        argv += [f"--register-with-taints={TAINT}={self.node_name}:NoSchedule"]
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = Process("node agent", argv, self.folder / "agent.log")
        self.process.wait_until(self._ready, "registered", 180)

    def stop(self, *, remove: bool = True) -> None:
        if self.process is not None:
            self.process.stop()
        if remove:
            self._api.call("DELETE", f"/api/v1/nodes/{self.node_name}")

    def _ready(self) -> bool:
        """Registered, and without the taint that the control plane gives to a node that is not ready."""
        try:
            node = self._api.call("GET", f"/api/v1/nodes/{self.node_name}")
        except urllib.error.HTTPError:
            return False
        return [taint["key"] for taint in node["spec"].get("taints") or []] == [TAINT]


def schedulable_node(api: PlainApi) -> str | None:
    """The name of the first node without a taint."""
    nodes = api.call("GET", "/api/v1/nodes")["items"]
    return next((node["metadata"]["name"] for node in nodes if not node["spec"].get("taints")), None)


@dataclass(frozen=True)
class Node:
    """One node and one namespace."""

    api: PlainApi
    namespace: str
    name: str

    # --- objects -------------------------------------------------------------------------------------------------

    def create(self, plural: str, body: dict[str, Any], group: str = "api/v1") -> dict[str, Any]:
        return self.api.call("POST", f"/{group}/namespaces/{self.namespace}/{plural}", body)

    def get(self, plural: str, name: str, group: str = "api/v1") -> dict[str, Any] | None:
        try:
            return self.api.call("GET", f"/{group}/namespaces/{self.namespace}/{plural}/{name}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def replace(self, plural: str, body: dict[str, Any], group: str = "api/v1") -> dict[str, Any]:
        path = f"/{group}/namespaces/{self.namespace}/{plural}/{body['metadata']['name']}"
        return self.api.call("PUT", path, body)

    def delete(self, plural: str, name: str, grace: int | None = None) -> None:
        options = {"apiVersion": "v1", "kind": "DeleteOptions"} | (
            {} if grace is None else {"gracePeriodSeconds": grace}
        )
        self.api.call("DELETE", f"/api/v1/namespaces/{self.namespace}/{plural}/{name}", options)

    def config_map(self, name: str, **data: str) -> None:
        self.create("configmaps", {"metadata": {"name": name}, "data": data})

    # --- pods ----------------------------------------------------------------------------------------------------

    def pod_spec(self, *containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
        """A specification that this node runs."""
        return {
            "nodeSelector": {"kubernetes.io/hostname": self.name},
            "tolerations": [{"key": TAINT, "operator": "Exists"}],
            "terminationGracePeriodSeconds": 5,
            "containers": list(containers),
        } | spec

    def run(self, name: str, *containers: dict[str, Any], labels: dict[str, str] | None = None, **spec: Any) -> None:
        metadata = {"name": name, "labels": labels or {}}
        self.create("pods", {"metadata": metadata, "spec": self.pod_spec(*containers, **spec)})

    def pod(self, name: str) -> dict[str, Any] | None:
        return self.get("pods", name)

    def until_pod(self, name: str, check: Callable[[dict[str, Any]], Any], what: str, timeout: float = PATIENCE) -> Any:
        """Wait on something of the pod; the pod as it is then."""

        def look() -> dict[str, Any] | None:
            pod = self.pod(name)
            return pod if pod is not None and check(pod) else None

        return until(look, f"pod {name}: {what}; it is {(self.pod(name) or {}).get('status')}", timeout)

    def until_ready(self, name: str, timeout: float = PATIENCE) -> dict[str, Any]:
        return self.until_pod(name, is_ready, "Ready", timeout)

    def until_phase(self, name: str, phase: str, timeout: float = PATIENCE) -> dict[str, Any]:
        return self.until_pod(name, lambda pod: pod["status"].get("phase") == phase, phase, timeout)

    def until_event(self, name: str, reason: str, words: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """An event on the object with these words."""

        def look() -> dict[str, Any] | None:
            for event in self.api.call("GET", f"/api/v1/namespaces/{self.namespace}/events")["items"]:
                involved = event["involvedObject"]["name"] == name
                if involved and event["reason"] == reason and words in event.get("message", ""):
                    return event
            return None

        return until(look, f"event {reason} on {name} with {words!r}", timeout)


def shell(script: str, name: str = "main", **more: Any) -> dict[str, Any]:
    """A container that runs a shell script on the host; a doubled dollar reaches the shell as it is."""
    return {"name": name, "image": HOST_IMAGE, "command": ["sh", "-c", script.replace("$$", "$$$$")]} | more


def web(name: str = "main", folder: str = "/data", **more: Any) -> dict[str, Any]:
    """A container that serves a folder over HTTP at the pod's address."""
    command = ["python3", "-u", "-m", "http.server", "8080", "--bind", "$(POD_IP)", "--directory", folder]
    env = [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]
    # On a busy machine an answer may take longer than the second that is the default.
    probe = {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1, "timeoutSeconds": 30}
    ports = [{"name": "http", "containerPort": 8080}]
    image = {"name": name, "image": HOST_IMAGE, "command": command, "env": env}
    return image | {"ports": ports, "readinessProbe": probe} | more


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = {entry["type"]: entry["status"] for entry in pod.get("status", {}).get("conditions") or []}
    return conditions.get("Ready") == "True"


def status_of(pod: dict[str, Any], container: str = "main") -> dict[str, Any]:
    """The container's entry in the pod's status."""
    entries = [
        *(pod["status"].get("containerStatuses") or []),
        *(pod["status"].get("initContainerStatuses") or []),
    ]
    return next((entry for entry in entries if entry["name"] == container), {"state": {}, "lastState": {}})


def waiting_reason(pod: dict[str, Any], container: str = "main") -> str | None:
    return (status_of(pod, container)["state"].get("waiting") or {}).get("reason")
