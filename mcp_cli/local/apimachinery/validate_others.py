"""Validation of configuration, access, autoscaling, disruption budgets and claims.

Role: pure. Called by `validators`.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery import gowords, names, quantities
from mcp_cli.local.apimachinery.validate_values import Causes, label_selector, messages, number_or_percent, one_of

SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
METRICS = ("ContainerResource", "External", "Object", "Pods", "Resource")
MEMBERS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}
MAX_DATA = 1024 * 1024
MAX_WINDOW = 3600
ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
ACCOUNT_TOKEN, ACCOUNT_NAME = "kubernetes.io/service-account-token", "kubernetes.io/service-account.name"


def config_map(obj: dict[str, Any]) -> Causes:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    for key in sorted(data):
        yield from messages(names.is_config_key, f"data[{key}]", key)
        if key in binary:
            yield wrong.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    for key in sorted(binary):
        yield from messages(names.is_config_key, f"binaryData[{key}]", key)
    size = sum(len(value.encode()) for value in data.values()) + sum(len(value) * 3 // 4 for value in binary.values())
    if size > MAX_DATA:
        yield wrong.too_long("", MAX_DATA)


def secret(obj: dict[str, Any]) -> Causes:
    data, kind = obj.get("data") or {}, obj.get("type", "")
    for key in sorted(data):
        yield from messages(names.is_config_key, f"data[{key}]", key)
    if sum(len(value) * 3 // 4 for value in data.values()) > MAX_DATA:
        yield wrong.too_long("data", MAX_DATA)
    for key in SECRET_KEYS.get(kind, ()):
        if key not in data:
            yield wrong.required(f"data[{key}]")
    yield from _registry_login(kind, data)
    if kind == ACCOUNT_TOKEN and not (obj["metadata"].get("annotations") or {}).get(ACCOUNT_NAME):
        yield wrong.required(f"metadata.annotations[{ACCOUNT_NAME}]")
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
        yield wrong.required("data[username]")
        yield wrong.required("data[password]")


def _registry_login(kind: str, data: dict[str, Any]) -> Causes:
    """Logins to registries are JSON; a message never shows them."""
    key = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": ".dockercfg"}.get(kind)
    if key is None or key not in data:
        return
    try:
        json.loads(base64.b64decode(data[key]))
    except json.JSONDecodeError as error:
        yield wrong.invalid(f"data[{key}]", "<secret contents redacted>", gowords.syntax_error(error))
    except ValueError:
        return


def role(obj: dict[str, Any]) -> Causes:
    for index, rule in enumerate(obj.get("rules") or ()):
        place = f"rules[{index}]"
        if not rule.get("verbs"):
            yield wrong.required(f"{place}.verbs", "verbs must contain at least one value")
        urls = rule.get("nonResourceURLs")
        if urls and obj.get("kind") == "Role":
            text = "namespaced rules cannot apply to non-resource URLs"
            yield wrong.invalid(f"{place}.nonResourceURLs", urls, text)
        if urls and (rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames")):
            text = "rules cannot apply to both regular resources and non-resource URLs"
            yield wrong.invalid(f"{place}.nonResourceURLs", urls, text)
        if urls:
            continue
        if not rule.get("apiGroups"):
            yield wrong.required(f"{place}.apiGroups", "resource rules must supply at least one api group")
        if not rule.get("resources"):
            yield wrong.required(f"{place}.resources", "resource rules must supply at least one resource")


def cluster_role(obj: dict[str, Any]) -> Causes:
    yield from role(obj)
    rule = obj.get("aggregationRule")
    if rule is not None and not rule.get("clusterRoleSelectors"):
        text = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        yield wrong.required("aggregationRule.clusterRoleSelectors", text)


def role_binding(obj: dict[str, Any]) -> Causes:
    target = obj.get("roleRef") or {}
    yield from one_of("roleRef.apiGroup", target.get("apiGroup", ""), ("rbac.authorization.k8s.io",))
    kinds = ("Role", "ClusterRole") if obj.get("kind") == "RoleBinding" else ("ClusterRole",)
    yield from one_of("roleRef.kind", target.get("kind", ""), kinds)
    if not target.get("name"):
        yield wrong.required("roleRef.name")
    for index, subject in enumerate(obj.get("subjects") or ()):
        place = f"subjects[{index}]"
        if not subject.get("name"):
            yield wrong.required(f"{place}.name")
        yield from one_of(f"{place}.kind", subject.get("kind", ""), ("ServiceAccount", "User", "Group"))
        if subject.get("kind") == "ServiceAccount" and not subject.get("namespace") and kinds[0] == "ClusterRole":
            yield wrong.required(f"{place}.namespace")


def autoscaler(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    low, high, target = spec.get("minReplicas"), spec.get("maxReplicas", 0), spec.get("scaleTargetRef") or {}
    if low is not None and low < 1:
        yield wrong.invalid("spec.minReplicas", low, "must be greater than or equal to 1")
    if high < 1:
        yield wrong.required("spec.maxReplicas", "must be set and greater than 0")
    if low is not None and high < low:
        yield wrong.invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`")
    for key in ("kind", "name"):
        if not target.get(key):
            yield wrong.required(f"spec.scaleTargetRef.{key}")
    if not target.get("apiVersion"):
        yield wrong.invalid("spec.scaleTargetRef.apiVersion", "", "apiVersion must specify API group")
    for index, metric in enumerate(spec.get("metrics") or ()):
        yield from _metric(metric, f"spec.metrics[{index}]")
    for key in ("scaleUp", "scaleDown"):
        yield from _scaling((spec.get("behavior") or {}).get(key), f"spec.behavior.{key}")
    if low == 0 and not any(m.get("type") in ("Object", "External") for m in spec.get("metrics") or ()):
        text = "must specify at least one Object or External metric to support scaling to zero replicas"
        yield wrong.forbidden("spec.metrics", text)


def _scaling(rules: dict[str, Any] | None, path: str) -> Causes:
    if rules is None:
        return
    window = rules.get("stabilizationWindowSeconds") or 0
    if window > MAX_WINDOW:
        yield wrong.invalid(f"{path}.stabilizationWindowSeconds", window, f"must be less than or equal to {MAX_WINDOW}")
    if not rules.get("policies"):
        yield wrong.required(f"{path}.policies", "must specify at least one Policy")
    for index, policy in enumerate(rules.get("policies") or ()):
        place = f"{path}.policies[{index}]"
        yield from one_of(f"{place}.type", policy.get("type", ""), ("Percent", "Pods"))
        for key in ("value", "periodSeconds"):
            if policy.get(key, 0) <= 0:
                yield wrong.invalid(f"{place}.{key}", policy.get(key, 0), "must be greater than zero")


def _metric(metric: dict[str, Any], path: str) -> Causes:
    kind = metric.get("type", "")
    if kind not in METRICS:
        # The API server says it twice.
        yield wrong.not_supported(f"{path}.type", kind, METRICS)
        yield wrong.not_supported(f"{path}.type", kind, METRICS)
        return
    member = MEMBERS[kind]
    source = metric.get(member)
    if source is None:
        yield wrong.required(f"{path}.{member}", "must populate information for the given metric source")
        return
    target = source.get("target") or {}
    if target.get("type") not in ("Utilization", "Value", "AverageValue"):
        text = "must be either Utilization, Value, or AverageValue"
        yield wrong.invalid(f"{path}.{member}.target.type", target.get("type", ""), text)
    if kind == "Resource":
        if not source.get("name"):
            yield wrong.required(f"{path}.resource.name", "must specify a resource name")
        if target.get("averageUtilization") is None and target.get("averageValue") is None:
            text = "must set either a target raw value or a target utilization"
            yield wrong.required(f"{path}.resource.target.averageUtilization", text)


def disruption_budget(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    low, high = spec.get("minAvailable"), spec.get("maxUnavailable")
    if low is not None and high is not None:
        fields = {"MinAvailable": low, "Selector": spec.get("selector"), "MaxUnavailable": high}
        shown = {**fields, "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy")}
        yield wrong.invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set")
    for key, value in (("minAvailable", low), ("maxUnavailable", high)):
        if value is not None:
            yield from number_or_percent(f"spec.{key}", value, at_most_all=True)
    yield from label_selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None:
        yield from one_of("spec.unhealthyPodEvictionPolicy", policy, ("AlwaysAllow", "IfHealthyBudget"))


def volume_claim(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    if not spec.get("accessModes"):
        yield wrong.required("spec.accessModes", "at least 1 access mode is required")
    for mode in spec.get("accessModes") or ():
        yield from one_of("spec.accessModes", mode, ACCESS_MODES)
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if not storage:
        yield wrong.required("spec.resources[storage]")
    elif quantities.parse(storage) <= 0:
        yield wrong.invalid("spec.resources[storage]", storage, "must be greater than zero")
