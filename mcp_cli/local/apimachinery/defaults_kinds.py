"""Defaults of whole kinds, and of the types in them that are no part of a pod.

Role: one setter a kind or type, in place. Called by `defaulting`.
"""

from __future__ import annotations

import base64
from typing import Any

from mcp_cli.local.apimachinery.defaults_pod import Setter, fill, filler, pod

RBAC = "rbac.authorization.k8s.io"
MAX_INT32 = 2**31 - 1
BALANCED = ("NodePort", "LoadBalancer")
AFFINITY_SECONDS = 10_800
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


def _spec(obj: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = obj.setdefault("spec", {})
    return spec


def deployment(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), maxUnavailable="25%", maxSurge="25%")


def replica_set(obj: dict[str, Any]) -> None:
    fill(_spec(obj), replicas=1)


def replication_controller(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    fill(spec, replicas=1)
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if labels:
        if not spec.get("selector"):
            spec["selector"] = dict(labels)
        if not obj["metadata"].get("labels"):
            obj["metadata"]["labels"] = dict(labels)


def stateful_set(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    fill(spec, podManagementPolicy="OrderedReady", replicas=1, revisionHistoryLimit=10)
    strategy = spec.setdefault("updateStrategy", {})
    fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), partition=0)
    fill(spec.setdefault("persistentVolumeClaimRetentionPolicy", {}), whenDeleted="Retain", whenScaled="Retain")
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")
        persistent_volume_claim(claim)


def daemon_set(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    obj["metadata"].setdefault("annotations", {}).setdefault(TEMPLATE_GENERATION, "1")
    fill(spec, revisionHistoryLimit=10)
    strategy = spec.setdefault("updateStrategy", {})
    fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), maxUnavailable=1, maxSurge=0)


def job(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    fill(spec, parallelism=1, completionMode="NonIndexed", suspend=False, manualSelector=False)
    fill(spec, backoffLimit=6 if spec.get("backoffLimitPerIndex") is None else MAX_INT32)
    fill(spec, podReplacementPolicy="Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)


def cron_job(obj: dict[str, Any]) -> None:
    fill(_spec(obj), concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)


def service(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    fill(spec, sessionAffinity="None", type="ClusterIP")
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        client = spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
        fill(client, timeoutSeconds=AFFINITY_SECONDS)
    for port in spec.get("ports") or ():
        fill(port, protocol="TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    if spec["type"] in BALANCED:
        fill(spec, externalTrafficPolicy="Cluster")
    if spec["type"] in ("ClusterIP", *BALANCED):
        fill(spec, internalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        fill(spec, allocateLoadBalancerNodePorts=True)


def secret(obj: dict[str, Any]) -> None:
    """`stringData` is only ever a way to write `data`."""
    fill(obj, type="Opaque")
    plain = obj.pop("stringData", None)
    if plain:
        data = obj.get("data") or {}
        data.update({key: base64.b64encode(value.encode()).decode() for key, value in plain.items()})
        obj["data"] = data


def namespace(obj: dict[str, Any]) -> None:
    name = obj["metadata"].get("name")
    if name:
        obj["metadata"].setdefault("labels", {}).setdefault("kubernetes.io/metadata.name", name)
    fill(obj.setdefault("status", {}), phase="Active")


def persistent_volume_claim(obj: dict[str, Any]) -> None:
    fill(obj.setdefault("status", {}), phase="Pending")
    fill(_spec(obj), volumeMode="Filesystem")


def persistent_volume(obj: dict[str, Any]) -> None:
    fill(obj.setdefault("status", {}), phase="Pending")
    fill(_spec(obj), volumeMode="Filesystem", persistentVolumeReclaimPolicy="Retain")


def autoscaler(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    fill(spec, minReplicas=1)
    if obj.get("apiVersion") == "autoscaling/v1":
        fill(spec, targetCPUUtilizationPercentage=80)
    elif not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is not None:
        up, down = behavior.setdefault("scaleUp", {}), behavior.setdefault("scaleDown", {})
        fill(up, stabilizationWindowSeconds=0, selectPolicy="Max")
        fill(up, policies=[_policy("Pods", 4), _policy("Percent", 100)])
        fill(down, selectPolicy="Max", policies=[_policy("Percent", 100)])


def _policy(kind: str, value: int) -> dict[str, Any]:
    return {"type": kind, "value": value, "periodSeconds": 15}


def network_policy(obj: dict[str, Any]) -> None:
    spec = _spec(obj)
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def role_binding(obj: dict[str, Any]) -> None:
    fill(obj.setdefault("roleRef", {}), apiGroup=RBAC)
    for subject in obj.get("subjects") or ():
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = RBAC


def webhooks(obj: dict[str, Any]) -> None:
    for webhook in obj.get("webhooks") or ():
        fill(webhook, failurePolicy="Fail", matchPolicy="Equivalent", timeoutSeconds=10)
        fill(webhook, namespaceSelector={}, objectSelector={})
        if obj.get("kind") == "MutatingWebhookConfiguration":
            fill(webhook, reinvocationPolicy="Never")
        for rule in webhook.get("rules") or ():
            fill(rule, scope="*")


def definition(obj: dict[str, Any]) -> None:
    """CustomResourceDefinition: the names that follow from the kind."""
    spec = _spec(obj)
    names = spec.setdefault("names", {})
    if not names.get("singular"):
        names["singular"] = names.get("kind", "").lower()
    if not names.get("listKind") and names.get("kind"):
        names["listKind"] = names["kind"] + "List"
    conversion = spec.setdefault("conversion", {})
    fill(conversion, strategy="None")


def ingress_class(obj: dict[str, Any]) -> None:
    parameters = (obj.get("spec") or {}).get("parameters")
    if parameters is not None:
        fill(parameters, scope="Cluster")


def limit_range_item(obj: dict[str, Any]) -> None:
    """Of containers: no limit is the largest, no request is the limit."""
    if obj.get("type") != "Container":
        return
    for target, source in (("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")):
        for name, amount in (obj.get(source) or {}).items():
            obj.setdefault(target, {}).setdefault(name, amount)


def endpoint_port(obj: dict[str, Any]) -> None:
    fill(obj, protocol="TCP")


def endpoint_slice(obj: dict[str, Any]) -> None:
    for port in obj.get("ports") or ():
        fill(port, name="")


KINDS: dict[tuple[str, str], Setter] = {
    ("", "Pod"): pod,
    ("", "Service"): service,
    ("", "Secret"): secret,
    ("", "Namespace"): namespace,
    ("", "PersistentVolumeClaim"): persistent_volume_claim,
    ("", "PersistentVolume"): persistent_volume,
    ("", "ReplicationController"): replication_controller,
    ("apps", "Deployment"): deployment,
    ("apps", "ReplicaSet"): replica_set,
    ("apps", "StatefulSet"): stateful_set,
    ("apps", "DaemonSet"): daemon_set,
    ("batch", "Job"): job,
    ("batch", "CronJob"): cron_job,
    ("autoscaling", "HorizontalPodAutoscaler"): autoscaler,
    ("networking.k8s.io", "NetworkPolicy"): network_policy,
    ("networking.k8s.io", "IngressClass"): ingress_class,
    ("discovery.k8s.io", "EndpointSlice"): endpoint_slice,
    (RBAC, "RoleBinding"): role_binding,
    (RBAC, "ClusterRoleBinding"): role_binding,
    ("scheduling.k8s.io", "PriorityClass"): filler(preemptionPolicy="PreemptLowerPriority"),
    ("storage.k8s.io", "StorageClass"): filler(reclaimPolicy="Delete", volumeBindingMode="Immediate"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): webhooks,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): webhooks,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definition,
}
TYPES: dict[str, Setter] = {
    "EndpointPort": endpoint_port,
    "LimitRangeItem": limit_range_item,
    "NetworkPolicyPort": filler(protocol="TCP"),
    "ServiceReference": filler(port=443),
}
