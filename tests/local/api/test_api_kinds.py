"""Objects that the API server refuses, kind by kind, in the words of Kubernetes 1.36; nothing of it is stored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.api.conftest import Api
from tests.local.api.objects import pod, service

PREFIX = 'must be a domain-prefixed path (such as "acme.io/foo")'
INDEXED = "requires indexed completion mode"
TEMPLATE: dict[str, Any] = {"metadata": {"labels": {"a": "b"}}, "spec": pod("x")["spec"]}
ONCE = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}
SELECTED: dict[str, Any] = {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
RBAC, NETWORK = "rbac.authorization.k8s.io/v1", "networking.k8s.io/v1"
SCALED = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}, "maxReplicas": 2}
HOOK: dict[str, Any] = {"name": "a.b.c", "clientConfig": {"url": "https://x"}, "sideEffects": "None",
                        "admissionReviewVersions": ["v1"]}  # fmt: skip


def spec(**fields: Any) -> dict[str, Any]:
    return {"spec": fields}


def web(**fields: Any) -> dict[str, Any]:
    return {"spec": {"ports": [{"port": 80}], **fields}}


def peer(**fields: Any) -> dict[str, Any]:
    return spec(podSelector={}, ingress=[fields])


# group and version ("" is v1), plural, the object without its name, and what the refusal says
REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("", "services", web(externalTrafficPolicy="Local"), "may only be set for externally-accessible services"),
    ("", "services", web(ipFamilyPolicy="RequireDualStack"), "this cluster is not configured for dual-stack services"),
    ("", "services", web(ipFamilies=["IPv6"]), 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this'),
    ("", "services", web(loadBalancerSourceRanges=["10.0.0.0/8"]), "may only be used when `type` is 'LoadBalancer'"),
    ("", "services", web(trafficDistribution="X"), 'Unsupported value: "X": supported values: "PreferClose", '),
    ("", "secrets", {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "x"}},
     '"<secret contents redacted>": invalid character \'x\' looking for beginning of value'),
    ("", "secrets", {"type": "kubernetes.io/service-account-token"}, "service-account.name]: Required value"),
    ("", "persistentvolumeclaims", spec(accessModes=["X"], resources={"requests": {"storage": "-1"}}),
     'spec.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany"'),
    ("", "events", {"involvedObject": {"namespace": "other"}}, '"other": does not match event.namespace'),
    ("", "replicationcontrollers", spec(template=None), "spec.template: Required value"),
    ("apps/v1", "statefulsets", spec(**SELECTED, ordinals={"start": -1}), "spec.ordinals.start: Invalid value: -1"),
    ("apps/v1", "statefulsets", spec(**SELECTED, persistentVolumeClaimRetentionPolicy={"whenDeleted": "X"}),
     'whenDeleted: Unsupported value: "X": supported values: "Retain", "Delete"'),
    ("apps/v1", "daemonsets", spec(**SELECTED, updateStrategy={"rollingUpdate": {"maxUnavailable": 0}}),
     "maxUnavailable: Required value: cannot be 0 when maxSurge is 0"),
    ("apps/v1", "controllerrevisions", {"revision": -1}, "data: Required value: data is mandatory"),
    ("batch/v1", "jobs", spec(template=ONCE, podReplacementPolicy="X"), '"Failed", "TerminatingOrFailed"'),
    ("batch/v1", "jobs", spec(template=ONCE, backoffLimitPerIndex=1), f"PerIndex: Invalid value: 1: {INDEXED}"),
    ("batch/v1", "jobs", spec(template=ONCE, maxFailedIndexes=1), "Required value: when maxFailedIndexes is specified"),
    ("batch/v1", "jobs", spec(template=ONCE, managedBy="a"), f'spec.managedBy: Invalid value: "a": {PREFIX}'),
    ("batch/v1", "jobs", spec(template=ONCE, manualSelector=True), "spec.selector: Required value"),
    ("batch/v1", "cronjobs", spec(schedule="61 * * * *", jobTemplate=spec(template=ONCE)),
     "end of range (61) above maximum (59): 61"),
    ("batch/v1", "cronjobs", spec(schedule="TZ=UTC * * * * *", jobTemplate=spec(template=ONCE)), "cannot use TZ or"),
    ("autoscaling/v2", "horizontalpodautoscalers",
     spec(**SCALED, behavior={"scaleUp": {"stabilizationWindowSeconds": 9999}}),
     "must be less than or equal to 3600"),
    ("policy/v1", "poddisruptionbudgets", spec(unhealthyPodEvictionPolicy="X"), '"AlwaysAllow", "IfHealthyBudget"'),
    (NETWORK, "networkpolicies", peer(**{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}}]}),
     'except[0]: Invalid value: "11.0.0.0/8": must be a strict subset of `cidr`'),
    (NETWORK, "networkpolicies", peer(ports=[{"endPort": 5}]), "may not be specified when `port` is not specified"),
    (NETWORK, "ingresses", spec(rules=[{"http": {"paths": []}}]), "spec.rules[0].http.paths: Required value"),
    (NETWORK, "ingresses", spec(defaultBackend={"service": {"name": "s", "port": {"number": 1, "name": "q"}}}),
     "spec.defaultBackend: Invalid value: \"\": cannot set both port name & port number"),
    (NETWORK, "ingressclasses", spec(controller="x"), f'spec.controller: Invalid value: "x": {PREFIX}'),
    (RBAC, "roles", {"rules": [{"nonResourceURLs": ["/x"], "verbs": ["get"]}]}, "cannot apply to non-resource URLs"),
    (RBAC, "clusterroles", {"aggregationRule": {"clusterRoleSelectors": []}}, "clusterRoleSelectors: Required value"),
    (RBAC, "rolebindings", {"roleRef": {"apiGroup": "x", "kind": "Role", "name": "r"}}, 'Unsupported value: "x"'),
    ("coordination.k8s.io/v1", "leases", spec(leaseDurationSeconds=0), "Invalid value: 0: must be greater than 0"),
    ("discovery.k8s.io/v1", "endpointslices", {"addressType": "IPv4", "endpoints": [{"addresses": ["x"]}]},
     'endpoints[0].addresses[0]: Invalid value: "x": must be a valid IP address'),
    ("discovery.k8s.io/v1", "endpointslices", {"endpoints": []}, "addressType: Required value"),
    ("scheduling.k8s.io/v1", "priorityclasses", {"value": 2000000000}, "user defined priority is 1000000000"),
    ("storage.k8s.io/v1", "storageclasses", {}, "provisioner: Required value"),
    ("admissionregistration.k8s.io/v1", "validatingwebhookconfigurations", {"webhooks": [{**HOOK, "name": "a"}]},
     "webhooks[0].name: Invalid value: \"a\": should be a domain with at least three segments separated by dots"),
    ("admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations",
     {"webhooks": [{**HOOK, "sideEffects": "Some"}]},
     'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'),
]  # fmt: skip
CLUSTER_SCOPED = {"ingressclasses", "clusterroles", "priorityclasses", "storageclasses"}


async def test_each_kind_refuses_what_it_cannot_be(api: Api) -> None:
    if api.cluster.minor < 36:
        pytest.skip("the words are those of 1.36")
    for group, plural, body, words in REFUSED:
        apart = plural in CLUSTER_SCOPED or plural.endswith("webhookconfigurations")
        path = f"/apis/{group}/{plural}" if apart else plural
        metadata = {"name": f"refused-{api.cluster.namespace}"}
        refusal = await api.refused("POST", path, {"metadata": metadata, **body}, group=group, dryRun="All")
        assert (refusal.code, words in refusal.message) == (422, True), f"{plural}: {refusal.message}"


async def test_a_pods_deadline_only_comes_nearer_and_its_tolerations_stay(api: Api) -> None:
    await api.create("pods", pod("p"))
    await api.patch("pods/p", {"spec": {"activeDeadlineSeconds": 50}})
    refusal = await api.refused(
        "PATCH", "pods/p", {"spec": {"activeDeadlineSeconds": 60}}, type="application/merge-patch+json"
    )
    assert (
        "spec.activeDeadlineSeconds: Invalid value: 60: must be less than or equal to previous value" in refusal.message
    )
    changed = await api.patch("pods/p", {"spec": {"tolerations": [{"key": "k", "operator": "Exists"}]}})
    keys = {toleration["key"] for toleration in changed["spec"]["tolerations"]}
    assert keys == {"k", "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}
    seen = await api.patch("pods/p/status", {"status": {"podIP": "1.2.3.4"}})
    assert seen["status"]["podIPs"] == [{"ip": "1.2.3.4"}]


async def test_a_headless_service_without_a_selector_has_both_families(api: Api) -> None:
    if api.cluster.minor < 36:
        pytest.skip("as in 1.36")
    body = service("s", clusterIP="None")
    del body["spec"]["selector"]
    assert (await api.create("services", body))["spec"]["ipFamilies"] == ["IPv4", "IPv6"]


async def test_a_definition_is_refused_or_kept_as_it_was_written(api: Api) -> None:
    if api.cluster.minor < 36:
        pytest.skip("the words are those of 1.36")
    group = f"{api.cluster.namespace}.example.test"
    nested = {"type": "object", "default": {}, "properties": {"x": {"type": "string", "default": "d"}}}
    version: dict[str, Any] = {"name": "v1", "served": True, "storage": True}
    version["schema"] = {"openAPIV3Schema": {"type": "object", "properties": {"spec": nested}}}
    body = {"metadata": {"name": f"things.{group}"}}
    named = {"group": group, "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"}}
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    made = await api.create(path, {**body, "spec": {**named, "versions": [version]}}, dryRun="All")
    assert made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["default"] == {}
    warned = [{**version, "deprecationWarning": "gone"}]
    for fields, words in (
        ({"conversion": {"strategy": "X"}}, 'Unsupported value: "X": supported values: "None", "Webhook"'),
        ({"conversion": {"strategy": "Webhook"}}, "Required value: required when strategy is set to Webhook"),
        ({"versions": warned}, 'deprecationWarning: Invalid value: "gone": can only be set for deprecated versions'),
        ({"group": "a.k8s.io"}, "[api-approved.kubernetes.io]: Required value: protected groups must have approval"),
    ):
        wrong = {**body, "spec": {**named, "versions": [version], **fields}}
        refusal = await api.refused("POST", path, wrong, dryRun="All")
        assert (refusal.code, words in refusal.message) == (422, True), refusal.message
