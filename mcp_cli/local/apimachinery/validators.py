"""Which validator each built-in kind has, on create and on update.

Role: two tables. A kind that is in neither has only its metadata and types checked. Called by `validation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mcp_cli.local.apimachinery import validate_crds, validate_kinds, validate_others, validate_pods, validate_services
from mcp_cli.local.apimachinery import validate_updates as updates
from mcp_cli.local.apimachinery import validate_workloads as workloads
from mcp_cli.local.apimachinery.errors import Cause

RBAC = "rbac.authorization.k8s.io"
Create = Callable[[dict[str, Any]], Iterable[Cause]]
Update = Callable[[dict[str, Any], dict[str, Any]], Iterable[Cause]]
CREATE: dict[tuple[str, str], Create] = {
    ("", "Pod"): validate_pods.pod,
    ("", "ReplicationController"): workloads.replication_controller,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("batch", "Job"): workloads.job,
    ("batch", "CronJob"): workloads.cron_job,
    ("", "Service"): validate_services.service,
    ("", "Endpoints"): validate_services.endpoints,
    ("networking.k8s.io", "Ingress"): validate_services.ingress,
    ("networking.k8s.io", "NetworkPolicy"): validate_services.network_policy,
    ("", "ConfigMap"): validate_others.config_map,
    ("", "Secret"): validate_others.secret,
    ("", "PersistentVolumeClaim"): validate_others.volume_claim,
    ("autoscaling", "HorizontalPodAutoscaler"): validate_others.autoscaler,
    ("policy", "PodDisruptionBudget"): validate_others.disruption_budget,
    (RBAC, "Role"): validate_others.role,
    (RBAC, "ClusterRole"): validate_others.cluster_role,
    (RBAC, "RoleBinding"): validate_others.role_binding,
    (RBAC, "ClusterRoleBinding"): validate_others.role_binding,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): validate_crds.definition,
    ("coordination.k8s.io", "Lease"): validate_kinds.lease,
    ("scheduling.k8s.io", "PriorityClass"): validate_kinds.priority_class,
    ("storage.k8s.io", "StorageClass"): validate_kinds.storage_class,
    ("networking.k8s.io", "IngressClass"): validate_kinds.ingress_class,
    ("discovery.k8s.io", "EndpointSlice"): validate_kinds.endpoint_slice,
    ("", "Event"): validate_kinds.event,
    ("", "Node"): validate_kinds.node,
    ("apps", "ControllerRevision"): validate_kinds.controller_revision,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): validate_kinds.webhooks,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): validate_kinds.webhooks,
}
UPDATE: dict[tuple[str, str], Update] = {
    ("", "Pod"): updates.pod,
    ("apps", "Deployment"): updates.selector,
    ("apps", "ReplicaSet"): updates.selector,
    ("apps", "DaemonSet"): updates.selector,
    ("apps", "StatefulSet"): updates.stateful_set,
    ("batch", "Job"): updates.job,
    ("", "Service"): updates.service,
    ("", "Secret"): updates.secret,
    ("", "ConfigMap"): updates.config_map,
    ("", "PersistentVolumeClaim"): updates.volume_claim,
    (RBAC, "RoleBinding"): updates.role_binding,
    (RBAC, "ClusterRoleBinding"): updates.role_binding,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): validate_crds.update,
}
