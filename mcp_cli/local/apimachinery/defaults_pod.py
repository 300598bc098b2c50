"""Defaults of what stands in a pod: containers, probes, volumes.

Role: one setter a type, in place. Called by `defaulting`, by the name of the type, wherever the type is embedded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Setter = Callable[[dict[str, Any]], None]
FILE_MODE = 0o644
PULL_ALWAYS, PULL_IF_ABSENT = "Always", "IfNotPresent"
VOLUME_NAME_ONLY = {"name"}


def fill(obj: dict[str, Any], **values: Any) -> None:
    for key, value in values.items():
        if obj.get(key) in (None, ""):
            obj[key] = value


def filler(**values: Any) -> Setter:
    """A setter of constants; only scalars, which need no copies."""

    def setter(obj: dict[str, Any]) -> None:
        fill(obj, **values)

    return setter


def pod_spec(spec: dict[str, Any]) -> None:
    fill(spec, dnsPolicy="ClusterFirst", restartPolicy="Always", schedulerName="default-scheduler")
    fill(spec, securityContext={}, terminationGracePeriodSeconds=30)
    # The older name of the same field is always there beside it.
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account


def pod(obj: dict[str, Any]) -> None:
    """Only pods themselves, not templates: requests follow limits, ports of the host's network are the host's."""
    spec = obj.get("spec") or {}
    fill(spec, enableServiceLinks=True)
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        resources = container.get("resources") or {}
        limits = resources.get("limits") or {}
        if limits:
            requests = resources.setdefault("requests", {})
            for name, amount in limits.items():
                requests.setdefault(name, amount)
        for port in container.get("ports") or () if spec.get("hostNetwork") else ():
            if not port.get("hostPort") and port.get("containerPort"):
                port["hostPort"] = port["containerPort"]


def container(obj: dict[str, Any]) -> None:
    fill(obj, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File")
    if not obj.get("imagePullPolicy") and "image" in obj:
        obj["imagePullPolicy"] = PULL_ALWAYS if image_is_latest(obj["image"]) else PULL_IF_ABSENT
    elif not obj.get("imagePullPolicy"):
        obj["imagePullPolicy"] = PULL_IF_ABSENT


def image_is_latest(image: str) -> bool:
    """No digest, and the tag `latest` or none."""
    if not image:
        return False
    match = re.search(r":([\w][\w.-]*)$", image)
    return "@" not in image and (match is None or match.group(1) == "latest")


def volume(obj: dict[str, Any]) -> None:
    if not set(obj) - VOLUME_NAME_ONLY:
        obj["emptyDir"] = {}


def http_get(obj: dict[str, Any]) -> None:
    fill(obj, path="/", scheme="HTTP")


def claim_template(obj: dict[str, Any]) -> None:
    fill(obj.setdefault("spec", {}), volumeMode="Filesystem")


TYPES: dict[str, Setter] = {
    "PodSpec": pod_spec,
    "Container": container,
    "EphemeralContainer": container,
    "ContainerPort": filler(protocol="TCP"),
    "Probe": filler(timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3),
    "HTTPGetAction": http_get,
    "GRPCAction": filler(service=""),
    "Volume": volume,
    "ObjectFieldSelector": filler(apiVersion="v1"),
    "ResourceFieldSelector": filler(divisor="0"),
    "SecretVolumeSource": filler(defaultMode=FILE_MODE),
    "ConfigMapVolumeSource": filler(defaultMode=FILE_MODE),
    "DownwardAPIVolumeSource": filler(defaultMode=FILE_MODE),
    "ProjectedVolumeSource": filler(defaultMode=FILE_MODE),
    "ServiceAccountTokenProjection": filler(expirationSeconds=3600),
    "HostPathVolumeSource": filler(type=""),
    "ISCSIVolumeSource": filler(iscsiInterface="default"),
    "RBDVolumeSource": filler(pool="rbd", user="admin", keyring="/etc/ceph/keyring"),
    "AzureDiskVolumeSource": filler(cachingMode="ReadWrite", kind="Shared", fsType="ext4", readOnly=False),
    "ScaleIOVolumeSource": filler(storageMode="ThinProvisioned", fsType="xfs"),
    "PersistentVolumeClaimTemplate": claim_template,
}
