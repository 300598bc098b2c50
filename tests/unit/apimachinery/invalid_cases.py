"""Objects that the API server refuses, one mistake or a few each: what both sides are asked about.

Role: data for the golden test of validation and for its differential twin.
"""

from __future__ import annotations

import copy
from typing import Any

Obj = dict[str, Any]
PATHS = {
    "Pod": "/api/v1/namespaces/default/pods",
    "Deployment": "/apis/apps/v1/namespaces/default/deployments",
    "ReplicaSet": "/apis/apps/v1/namespaces/default/replicasets",
    "StatefulSet": "/apis/apps/v1/namespaces/default/statefulsets",
    "DaemonSet": "/apis/apps/v1/namespaces/default/daemonsets",
    "Job": "/apis/batch/v1/namespaces/default/jobs",
    "CronJob": "/apis/batch/v1/namespaces/default/cronjobs",
    "Service": "/api/v1/namespaces/default/services",
    "ConfigMap": "/api/v1/namespaces/default/configmaps",
    "Secret": "/api/v1/namespaces/default/secrets",
    "Namespace": "/api/v1/namespaces",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
    "Endpoints": "/api/v1/namespaces/default/endpoints",
    "PersistentVolumeClaim": "/api/v1/namespaces/default/persistentvolumeclaims",
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
}
CONTAINER: Obj = {"name": "c", "image": "x"}


def api_version(kind: str) -> str:
    parts = PATHS[kind].strip("/").split("/")
    return parts[1] if parts[0] == "api" else f"{parts[1]}/{parts[2]}"


def make(kind: str, spec: Obj | None = None, metadata: Obj | None = None, **fields: Any) -> Obj:
    obj = {"apiVersion": api_version(kind), "kind": kind, "metadata": {"name": "t1", **(metadata or {})}, **fields}
    if spec is not None:
        obj["spec"] = spec
    return copy.deepcopy(obj)


def pod(container: Obj | None = None, **spec: Any) -> Obj:
    return make("Pod", {"containers": [{**CONTAINER, **(container or {})}], **spec})


def template(labels: Obj | None = None, **spec: Any) -> Obj:
    return {"metadata": {"labels": labels or {"a": "b"}}, "spec": {"containers": [CONTAINER], **spec}}


def deployment(**spec: Any) -> Obj:
    return make("Deployment", {"selector": {"matchLabels": {"a": "b"}}, "template": template(), **spec})


def service(**spec: Any) -> Obj:
    return make("Service", {"ports": [{"port": 80}], "selector": {"a": "b"}, **spec})


def autoscaler(**spec: Any) -> Obj:
    target = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
    return make("HorizontalPodAutoscaler", {"maxReplicas": 3, "scaleTargetRef": target, **spec})


def rule(path: Obj) -> Obj:
    return {"host": "a.b", "http": {"paths": [path]}}


BACKEND: Obj = {"service": {"name": "s", "port": {"number": 80}}}
METADATA: list[Obj] = [
    make("ConfigMap", metadata={"name": "A_b"}),
    make("ConfigMap", metadata={"name": ""}),
    make("ConfigMap", metadata={"name": "a" * 254}),
    make("ConfigMap", metadata={"labels": {"a b": "c", "x": "y z"}}),
    make("ConfigMap", metadata={"labels": {"a/b/c": "d", "/x": "", "x/": "v"}}),
    make("ConfigMap", metadata={"labels": {"k": "v" * 64}}),
    make("ConfigMap", metadata={"annotations": {"a b": "c"}}),
    make("ConfigMap", metadata={"finalizers": ["x", "a.b/c", "A B"]}),
    make("ConfigMap", metadata={"ownerReferences": [{"apiVersion": "v1", "kind": "", "name": "", "uid": ""}]}),
    make("Namespace", metadata={"name": "a.b"}),
    make("Namespace", metadata={"name": "a" * 64}),
    make("Service", {"ports": [{"port": 80}]}, {"name": "1a"}),
    make("Role", metadata={"name": "a/b"}),
    make("ConfigMap", data={"a b": "x", "..": "y"}),
    make("ConfigMap", data={"a": "x"}, binaryData={"a": "eA=="}),
    make("Secret", type="kubernetes.io/tls", data={"tls.crt": "eA=="}),
    make("Secret", type="kubernetes.io/dockerconfigjson", data={}),
    make("Secret", type="kubernetes.io/basic-auth", data={}),
    make("Secret", data={"a b": "eA=="}),
]
PODS: list[Obj] = [
    make("Pod", {}),
    make("Pod", {"containers": []}),
    pod({"name": ""}),
    pod({"name": "A"}),
    pod({"image": ""}),
    pod({"image": " x"}),
    make("Pod", {"containers": [CONTAINER, CONTAINER]}),
    make("Pod", {"containers": [CONTAINER], "initContainers": [CONTAINER, {"name": "x"}]}),
    pod({"ports": [{"containerPort": 0}, {"containerPort": 70000}, {"containerPort": 80, "protocol": "X"}]}),
    pod({"ports": [{"containerPort": 80, "name": "A"}, {"containerPort": 81, "name": "toolongportnamexx"}]}),
    pod({"ports": [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]}),
    pod({"ports": [{"containerPort": 80, "hostPort": 70000}]}),
    pod(
        {
            "env": [
                {"name": ""},
                {"name": "a=b"},
                {"name": "x", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            ]
        }
    ),
    pod({"env": [{"name": "x", "valueFrom": {"fieldRef": {"fieldPath": "foo.bar"}}}, {"name": "y", "valueFrom": {}}]}),
    pod({"env": [{"name": "x", "valueFrom": {"secretKeyRef": {"name": "", "key": ""}}}]}),
    pod({"env": [{"name": "x", "valueFrom": {"resourceFieldRef": {"resource": "limits.foo"}}}]}),
    pod({"envFrom": [{}, {"prefix": "a=", "configMapRef": {"name": "A"}}]}),
    pod({"imagePullPolicy": "X"}),
    pod({"terminationMessagePolicy": "X"}),
    pod({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}),
    pod({"resources": {"requests": {"cpu": "-1", "foo": "1"}}}),
    pod({"resources": {"limits": {"memory": "-1"}}}),
    pod({"volumeMounts": [{"name": "v", "mountPath": "/x"}]}),
    pod({"volumeMounts": [{"name": "", "mountPath": ""}]}),
    pod(
        {"volumeMounts": [{"name": "v", "mountPath": "/x"}, {"name": "v", "mountPath": "/x"}]}, volumes=[{"name": "v"}]
    ),
    pod({"volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "../y"}]}, volumes=[{"name": "v"}]),
    pod(volumes=[{"name": "v"}, {"name": "v"}, {"name": ""}, {"name": "A"}]),
    pod(volumes=[{"name": "v", "emptyDir": {}, "secret": {"secretName": "x"}}]),
    pod(volumes=[{"name": "v", "secret": {}}, {"name": "w", "configMap": {}}, {"name": "x", "hostPath": {"path": ""}}]),
    pod(volumes=[{"name": "v", "secret": {"secretName": "x", "defaultMode": 1000}}]),
    pod(volumes=[{"name": "v", "secret": {"secretName": "x", "items": [{"key": "", "path": "/a"}]}}]),
    pod(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": ""}}]),
    pod(restartPolicy="X"),
    pod(dnsPolicy="X"),
    pod(dnsPolicy="None"),
    pod(nodeSelector={"a b": "c"}),
    pod(serviceAccountName="A_"),
    pod(activeDeadlineSeconds=0),
    pod(terminationGracePeriodSeconds=-1),
    pod(hostname="A_", subdomain="B_"),
    pod(
        tolerations=[
            {"key": "a", "operator": "X"},
            {"operator": "Equal"},
            {"key": "b", "operator": "Exists", "value": "x"},
        ]
    ),
    pod(
        tolerations=[
            {"key": "a", "operator": "Exists", "effect": "X"},
            {"key": "a", "operator": "Exists", "tolerationSeconds": 1},
        ]
    ),
    pod(securityContext={"runAsUser": -1, "fsGroup": -5}),
    pod({"securityContext": {"runAsUser": -1, "privileged": True, "allowPrivilegeEscalation": False}}),
    pod({"livenessProbe": {"httpGet": {"port": 0}}}),
    pod({"livenessProbe": {"httpGet": {"port": "A!"}, "periodSeconds": -1}}),
    pod({"livenessProbe": {}}),
    pod({"livenessProbe": {"httpGet": {"port": 80}, "tcpSocket": {"port": 80}}}),
    pod({"livenessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 2}}),
    pod({"readinessProbe": {"exec": {"command": []}, "initialDelaySeconds": -1}}),
    pod({"lifecycle": {"preStop": {}}}),
    pod({"readinessProbe": {"httpGet": {"port": 80, "scheme": "ftp", "httpHeaders": [{"name": "a b", "value": "x"}]}}}),
    pod(topologySpreadConstraints=[{"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": "X"}]),
    pod(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}),
    pod(imagePullSecrets=[{"name": "A_"}], hostAliases=[{"ip": "x", "hostnames": ["A_"]}]),
    pod(ephemeralContainers=[{"name": "x", "image": "y"}]),
    pod(priorityClassName="A_"),
    pod(preemptionPolicy="X"),
]
WORKLOADS: list[Obj] = [
    make("Deployment", {}),
    make("Deployment"),
    deployment(selector={"matchLabels": {"a": "c"}}),
    deployment(selector={}),
    deployment(selector={"matchExpressions": [{"key": "a", "operator": "X"}, {"key": "b", "operator": "In"}]}),
    deployment(
        selector={"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["x"]}], "matchLabels": {"a": "b"}}
    ),
    deployment(replicas=-1),
    deployment(template=template(restartPolicy="Never")),
    deployment(template=template(activeDeadlineSeconds=5)),
    deployment(strategy={"type": "X"}),
    deployment(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),
    deployment(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
    deployment(strategy={"rollingUpdate": {"maxSurge": "x", "maxUnavailable": "200%"}}),
    deployment(strategy={"rollingUpdate": {"maxSurge": -1}}),
    deployment(minReadySeconds=-1, revisionHistoryLimit=-1, progressDeadlineSeconds=-1),
    deployment(minReadySeconds=600),
    deployment(template={"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "A"}]}}),
    make("ReplicaSet", {"selector": {"matchLabels": {"a": "c"}}, "template": template(), "replicas": -1}),
    make("ReplicaSet", {"template": template()}),
    make("StatefulSet", {"template": template()}),
    make(
        "StatefulSet",
        {
            "selector": {"matchLabels": {"a": "c"}},
            "template": template(),
            "podManagementPolicy": "X",
            "updateStrategy": {"type": "X"},
        },
    ),
    make("DaemonSet", {"selector": {"matchLabels": {"a": "c"}}, "template": template(restartPolicy="OnFailure")}),
    make("Job", {"template": template()}),
    make(
        "Job", {"template": template(restartPolicy="Always"), "parallelism": -1, "completions": -1, "backoffLimit": -1}
    ),
    make(
        "Job",
        {
            "template": template(restartPolicy="Never"),
            "activeDeadlineSeconds": -1,
            "ttlSecondsAfterFinished": -1,
            "completionMode": "X",
        },
    ),
    make("Job", {"template": template(restartPolicy="Never"), "selector": {"matchLabels": {"x": "y"}}}),
    make(
        "CronJob",
        {
            "schedule": "x",
            "concurrencyPolicy": "X",
            "jobTemplate": {"spec": {"template": template(restartPolicy="Never")}},
        },
    ),
    make("CronJob", {"schedule": "", "jobTemplate": {"spec": {"template": template()}}}),
    make(
        "CronJob",
        {
            "schedule": "* * * * *",
            "timeZone": "X/Y",
            "successfulJobsHistoryLimit": -1,
            "jobTemplate": {"spec": {"template": template(restartPolicy="Never")}},
        },
    ),
    make(
        "CronJob",
        {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template(restartPolicy="Never")}}},
        {"name": "a" * 53},
    ),
]
OTHERS: list[Obj] = [
    make("Service", {}),
    service(type="X"),
    service(ports=[{"port": 0}, {"port": 70000}]),
    service(ports=[{"port": 80}, {"port": 81}]),
    service(ports=[{"port": 80, "name": "A"}, {"port": 80, "name": "b"}]),
    service(ports=[{"port": 80, "protocol": "X"}]),
    service(ports=[{"port": 80, "targetPort": "A_"}]),
    service(ports=[{"port": 80, "targetPort": 70000}]),
    service(clusterIP="x"),
    service(sessionAffinity="X"),
    service(sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 0}}),
    service(selector={"a b": "c"}),
    make("Service", {"type": "ExternalName"}),
    make("Service", {"type": "ExternalName", "externalName": "A_"}),
    service(externalIPs=["x"]),
    service(type="ClusterIP", ports=[{"port": 80, "nodePort": 30000}]),
    service(internalTrafficPolicy="X"),
    autoscaler(maxReplicas=0),
    autoscaler(minReplicas=5),
    autoscaler(minReplicas=0),
    autoscaler(scaleTargetRef={"kind": "", "name": ""}),
    autoscaler(metrics=[{"type": "Resource"}]),
    autoscaler(metrics=[{"type": "X"}]),
    autoscaler(metrics=[{"type": "Resource", "resource": {"name": "", "target": {"type": "Utilization"}}}]),
    make("PodDisruptionBudget", {"selector": {}, "minAvailable": 1, "maxUnavailable": 1}),
    make("PodDisruptionBudget", {"selector": {}, "minAvailable": -1}),
    make("PodDisruptionBudget", {"selector": {}, "minAvailable": "x"}),
    make("NetworkPolicy", {"podSelector": {}, "policyTypes": ["X"]}),
    make("NetworkPolicy", {"podSelector": {"matchLabels": {"a b": "c"}}, "ingress": [{"ports": [{"port": 0}]}]}),
    make("NetworkPolicy", {"podSelector": {}, "egress": [{"to": [{}]}]}),
    make("NetworkPolicy", {"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "x"}}]}]}),
    make("Ingress", {}),
    make("Ingress", {"rules": [rule({"path": "/", "backend": BACKEND})]}),
    make("Ingress", {"rules": [rule({"path": "x", "pathType": "Prefix", "backend": {}})]}),
    make("Ingress", {"rules": [{"host": "1.2.3.4"}]}),
    make("Role", rules=[{"apiGroups": [""], "resources": ["pods"]}]),
    make("Role", rules=[{"verbs": ["get"]}]),
    make("RoleBinding", roleRef={"kind": "X", "name": ""}),
    make(
        "RoleBinding",
        roleRef={"kind": "Role", "name": "x"},
        subjects=[{"kind": "X", "name": "y"}, {"kind": "ServiceAccount", "name": "y"}],
    ),
    make("Endpoints", subsets=[{"addresses": [{"ip": "x"}, {"ip": "127.0.0.1"}], "ports": [{"port": 0}]}]),
    make("PersistentVolumeClaim", {}),
]
CASES: list[Obj] = [*METADATA, *PODS, *WORKLOADS, *OTHERS]
