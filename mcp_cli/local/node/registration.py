"""The Node object and its heartbeat: a Lease every few seconds, the status now and then.

Called by the agent. Writes little: at rest one small write in `LEASE_SECONDS`, and the status when it is due.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import time
from datetime import UTC, datetime
from typing import Any

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import AlreadyExists, ApiError, NotFound
from mcp_operator.runtime.resources import LEASES, NODES
from mcp_operator.version import __version__

from mcp_cli.local.node import procfs
from mcp_cli.local.node.config import KUBELET_PORT, NodeConfig
from mcp_cli.local.node.states import api_time, now

LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 15.0
LEASE_DURATION = 40
STATUS_SECONDS = 300.0
RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


def capacity(max_pods: int) -> dict[str, str]:
    """What the machine has, as quantities."""
    return {
        "cpu": str(os.cpu_count() or 1),
        "memory": f"{_memory_kib()}Ki",
        "ephemeral-storage": "100Gi",
        "pods": str(max_pods),
    }


def _memory_kib() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024
    except (ValueError, OSError):
        # A system that does not tell how much it has is taken to have enough for a few servers.
        return 8 * 1024 * 1024


def node_object(config: NodeConfig) -> dict[str, Any]:
    """The Node as it is created."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    labels = {
        "kubernetes.io/hostname": config.node_name,
        "kubernetes.io/os": platform.system().lower(),
        "kubernetes.io/arch": machine,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": config.node_name, "labels": labels},
        "spec": {"taints": [parse_taint(text) for text in config.taints]} if config.taints else {},
        "status": node_status(config, labels),
    }


def parse_taint(text: str) -> dict[str, str]:
    """`key=value:effect` or `key:effect` as a Node has it."""
    rest, _, effect = text.rpartition(":")
    key, _, value = rest.partition("=")
    if not key or effect not in ("NoSchedule", "PreferNoSchedule", "NoExecute"):
        raise ValueError(
            f"a taint is key=value:effect with effect NoSchedule, PreferNoSchedule or NoExecute, not {text}"
        )
    return {"key": key, "value": value, "effect": effect}


def node_status(config: NodeConfig, labels: dict[str, str]) -> dict[str, Any]:
    """Capacity, addresses, endpoint, conditions."""
    resources = capacity(config.max_pods)
    return {
        "capacity": resources,
        "allocatable": resources,
        # No Hostname: an API server would prefer it, and no resolver knows the node by a name.
        "addresses": [{"type": "InternalIP", "address": config.node_address}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
        "conditions": _conditions(),
        "nodeInfo": {
            "architecture": labels["kubernetes.io/arch"],
            "bootID": procfs.boot_id(),
            "containerRuntimeVersion": f"host://{__version__}",
            "kernelVersion": platform.release(),
            "kubeProxyVersion": f"v{__version__}",
            "kubeletVersion": f"v{__version__}",
            "machineID": "",
            "operatingSystem": labels["kubernetes.io/os"],
            "osImage": platform.platform(terse=True),
            "systemUUID": "",
        },
    }


def _conditions() -> list[dict[str, Any]]:
    moment = api_time(now())
    facts = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "the node does not measure memory pressure"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "the node does not measure disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "the node does not measure process pressure"),
        ("Ready", "True", "KubeletReady", "the node agent runs pods as processes of this machine"),
    ]
    return [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": moment,
            "lastTransitionTime": moment,
        }
        for kind, status, reason, message in facts
    ]


class Registration:
    """Keeps the Node and its Lease in the API."""

    def __init__(self, client: KubeClient, config: NodeConfig) -> None:
        self._client = client
        self._config = config
        self._lease_exists = False

    async def register(self) -> None:
        """Create the Node or take over the one that is there; waits for an API server that does not answer yet."""
        while True:
            try:
                # In this order: a node that calls itself ready beside a lease of last night is taken for lost.
                await self._renew_lease()
                await self._write_node()
                return
            except ApiError as error:
                log.warning("node %s not registered yet: %s", self._config.node_name, error)
                await asyncio.sleep(RETRY_SECONDS)

    async def run(self) -> None:
        """Heartbeats until cancelled."""
        status_due = time.time() + STATUS_SECONDS
        last_renewal = time.time()
        while True:
            try:
                await self._renew_lease()
                # After a silence (the machine slept, the API server was away) the node may count as lost.
                if time.time() >= status_due or time.time() - last_renewal > 2 * LEASE_SECONDS:
                    await self._write_node()
                    status_due = time.time() + STATUS_SECONDS
                last_renewal = time.time()
            except ApiError as error:
                log.warning("heartbeat of node %s failed: %s", self._config.node_name, error)
            await asyncio.sleep(LEASE_SECONDS)

    async def _write_node(self) -> None:
        node = node_object(self._config)
        name = self._config.node_name
        try:
            await self._client.create(NODES, node)
            return
        except AlreadyExists:
            present = await self._client.get(NODES, name)
        status = node["status"]
        _keep_transitions((present.get("status") or {}).get("conditions") or [], status["conditions"])
        await self._client.patch(NODES, name, {"status": status}, type="strategic", subresource="status")
        labels = present["metadata"].get("labels") or {}
        missing = {key: value for key, value in node["metadata"]["labels"].items() if labels.get(key) != value}
        if missing:
            await self._client.patch(NODES, name, {"metadata": {"labels": missing}})

    async def _renew_lease(self) -> None:
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if self._lease_exists:
            try:
                await self._client.patch(
                    LEASES, self._config.node_name, {"spec": {"renewTime": moment}}, LEASE_NAMESPACE
                )
                return
            except NotFound:
                self._lease_exists = False
        spec = {
            "holderIdentity": self._config.node_name,
            "leaseDurationSeconds": LEASE_DURATION,
            "renewTime": moment,
        }
        metadata = {"name": self._config.node_name, "namespace": LEASE_NAMESPACE}
        lease = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}
        try:
            await self._client.create(LEASES, lease)
        except AlreadyExists:
            await self._client.patch(LEASES, self._config.node_name, {"spec": spec}, LEASE_NAMESPACE)
        self._lease_exists = True


def _keep_transitions(before: list[dict[str, Any]], fresh: list[dict[str, Any]]) -> None:
    old = {entry["type"]: entry for entry in before}
    for entry in fresh:
        last = old.get(entry["type"])
        if last is not None and last.get("status") == entry["status"]:
            entry["lastTransitionTime"] = last.get("lastTransitionTime") or entry["lastTransitionTime"]
