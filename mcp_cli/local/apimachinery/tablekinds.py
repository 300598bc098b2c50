"""Which columns each built-in kind has in a table, and who fills its rows.

Role: one table. A kind that is not in it shows its name and when it was created, as in the API server.
Called by `tables`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from mcp_cli.local.apimachinery import table_cluster as cluster
from mcp_cli.local.apimachinery import table_network as network
from mcp_cli.local.apimachinery import table_pods
from mcp_cli.local.apimachinery import table_workloads as workloads

RBAC = "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
EVENT = "Last Seen|Type|Reason|Object|Subobject!|Source!|Message|First Seen!|Count!|Name!"
TEMPLATE = "Containers!|Images!|Selector!"
SET = f"Name|Desired:integer|Current:integer|Ready:integer|Age|{TEMPLATE}"
BINDING = "Name|Role|Age|Users!|Groups!|ServiceAccounts!"
VOLUME_CLAIM = "Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age|VolumeMode!"
VOLUME = (
    "Name|Capacity|Access Modes|Reclaim Policy|Status|Claim|StorageClass|VolumeAttributesClass|Reason|Age|VolumeMode!"
)
NODE = "Name|Status|Roles|Age|Version|Internal-IP!|External-IP!|OS-Image!|Kernel-Version!|Container-Runtime!"
DAEMON_SET = (
    "Name|Desired:integer|Current:integer|Ready:integer|Up-to-date:integer|Available:integer|Node Selector|Age|"
    + TEMPLATE
)
CRON_JOB = f"Name|Schedule|Timezone|Suspend:boolean|Active:integer|Last Schedule|Age|{TEMPLATE}"


class Printer(NamedTuple):
    """Columns (`Name:type`, `!` for wide output) and the function that makes the cells of a row."""

    columns: str
    cells: Callable[[dict[str, Any], datetime], list[Any]]
    conditions: Callable[[dict[str, Any]], list[dict[str, Any]] | None] | None = None


KINDS: dict[tuple[str, str], Printer] = {
    ("", "Pod"): Printer(
        "Name|Ready|Status|Restarts|Age|IP!|Node!|Nominated Node!|Readiness Gates!",
        table_pods.cells,
        table_pods.conditions,
    ),
    ("apps", "Deployment"): Printer(f"Name|Ready|Up-to-date|Available|Age|{TEMPLATE}", workloads.deployment),
    ("apps", "ReplicaSet"): Printer(SET, workloads.replica_set),
    ("", "ReplicationController"): Printer(SET, workloads.replication_controller),
    ("apps", "StatefulSet"): Printer("Name|Ready|Age|Containers!|Images!", workloads.stateful_set),
    ("apps", "DaemonSet"): Printer(DAEMON_SET, workloads.daemon_set),
    ("apps", "ControllerRevision"): Printer("Name|Controller|Revision|Age", workloads.revision),
    ("batch", "Job"): Printer(f"Name|Status|Completions|Duration|Age|{TEMPLATE}", workloads.job),
    ("batch", "CronJob"): Printer(CRON_JOB, workloads.cron_job),
    ("autoscaling", "HorizontalPodAutoscaler"): Printer(
        "Name|Reference|Targets|MinPods|MaxPods|Replicas|Age", workloads.autoscaler
    ),
    ("policy", "PodDisruptionBudget"): Printer(
        "Name|Min Available|Max Unavailable|Allowed Disruptions:integer|Age", workloads.disruption_budget
    ),
    ("", "PodTemplate"): Printer("Name|Containers|Images|Pod Labels", workloads.pod_template),
    ("", "Service"): Printer("Name|Type|Cluster-IP|External-IP|Port(s)|Age|Selector!", network.service),
    ("", "Endpoints"): Printer("Name|Endpoints|Age", network.endpoints),
    ("discovery.k8s.io", "EndpointSlice"): Printer("Name|AddressType|Ports|Endpoints|Age", network.endpoint_slice),
    ("networking.k8s.io", "Ingress"): Printer("Name|Class|Hosts|Address|Ports|Age", network.ingress),
    ("networking.k8s.io", "IngressClass"): Printer("Name|Controller|Parameters|Age", network.ingress_class),
    ("networking.k8s.io", "NetworkPolicy"): Printer("Name|Pod-Selector|Age", network.network_policy),
    ("", "ConfigMap"): Printer("Name|Data|Age", cluster.config_map),
    ("", "Secret"): Printer("Name|Type|Data|Age", cluster.secret),
    ("", "ServiceAccount"): Printer("Name|Age", cluster.name_and_age),
    ("", "Namespace"): Printer("Name|Status|Age", cluster.namespace),
    ("", "Node"): Printer(NODE, cluster.node),
    ("", "Event"): Printer(EVENT, cluster.event),
    ("events.k8s.io", "Event"): Printer(EVENT, cluster.event),
    ("coordination.k8s.io", "Lease"): Printer("Name|Holder|Age", cluster.lease),
    ("", "PersistentVolumeClaim"): Printer(VOLUME_CLAIM, cluster.volume_claim),
    ("", "PersistentVolume"): Printer(VOLUME, cluster.volume),
    ("storage.k8s.io", "StorageClass"): Printer(
        "Name|Provisioner|ReclaimPolicy|VolumeBindingMode|AllowVolumeExpansion|Age", cluster.storage_class
    ),
    (RBAC, "RoleBinding"): Printer(BINDING, cluster.role_binding),
    (RBAC, "ClusterRoleBinding"): Printer(BINDING, cluster.role_binding),
    ("scheduling.k8s.io", "PriorityClass"): Printer(
        "Name|Value:integer|Global-Default:boolean|Age|PreemptionPolicy", cluster.priority_class
    ),
    (ADMISSION, "MutatingWebhookConfiguration"): Printer("Name|Webhooks:integer|Age", cluster.webhooks),
    (ADMISSION, "ValidatingWebhookConfiguration"): Printer("Name|Webhooks:integer|Age", cluster.webhooks),
    ("node.k8s.io", "RuntimeClass"): Printer("Name|Handler|Age", cluster.runtime_class),
    ("", "ResourceQuota"): Printer("Name|Request|Limit|Age", cluster.quota),
    ("apiregistration.k8s.io", "APIService"): Printer("Name|Service|Available|Age", cluster.api_service),
}
