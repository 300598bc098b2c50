"""StatefulSets, DaemonSets, the scheduler, budgets and autoscalers on every control plane."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.runtime.resources import DAEMONSETS, DEPLOYMENTS, HPAS, PDBS, PODS, STATEFULSETS

from tests.support.waiting import eventually
from tests.support.workloads import NOWHERE, Workloads, condition, deployment, pod_spec, template

Object = dict[str, Any]


async def test_a_stateful_set_makes_its_pods_in_order(work: Workloads) -> None:
    spec = {"replicas": 2, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}}, "template": template("db")}
    await work.create(STATEFULSETS, {"metadata": {"name": "db"}, "spec": spec})
    (first,) = await work.pods("db", 1)
    assert first["metadata"]["name"] == "db-0"
    assert first["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "db-0"
    await work.set_ready(first)
    both = await work.all_ready("db", 2)
    assert {pod["metadata"]["name"] for pod in both} == {"db-0", "db-1"}

    await work.patch(STATEFULSETS, "db", {"spec": {"replicas": 1}})
    (left,) = await work.pods("db", 1)
    assert left["metadata"]["uid"] == first["metadata"]["uid"]

    container = {"name": "app", "image": "example.test/app:2"}
    change = {"spec": {"template": {"spec": {"containers": [container]}}}}
    await work.kube.patch(STATEFULSETS, "db", change, work.namespace, type="strategic")

    async def renewed() -> Object | None:
        pods = await work.all(PODS, "db")
        return pods[0] if pods and pods[0]["metadata"]["uid"] != first["metadata"]["uid"] else None

    fresh = await eventually(renewed, "db-0 of the new revision")
    assert fresh["metadata"]["name"] == "db-0"
    assert fresh["spec"]["containers"][0]["image"] == "example.test/app:2"
    await work.set_ready(fresh)

    async def settled() -> bool:
        state = (await work.get(STATEFULSETS, "db"))["status"]
        return state.get("updatedReplicas") == 1 and state["currentRevision"] == state["updateRevision"]

    await eventually(settled, "the new revision is the current one")


async def test_a_daemon_set_has_one_pod_on_each_fitting_node(work: Workloads, node: str) -> None:
    spec = pod_spec(nodeSelector={"kubernetes.io/hostname": node})
    body = {
        "metadata": {"name": "ds"},
        "spec": {
            "selector": {"matchLabels": {"app": "ds"}},
            "template": {"metadata": {"labels": {"app": "ds"}}, "spec": spec},
        },
    }
    await work.create(DAEMONSETS, body)
    (pod,) = await work.pods("ds", 1)
    await work.set_ready(pod)

    async def counted() -> Object | None:
        state = (await work.get(DAEMONSETS, "ds")).get("status", {})
        return state if state.get("numberAvailable") == 1 else None

    state = await eventually(counted, "one available")
    assert (state["desiredNumberScheduled"], state["currentNumberScheduled"]) == (1, 1)


async def test_the_scheduler_binds_a_pod_to_a_node_that_fits(work: Workloads, node: str) -> None:
    spec = pod_spec(nodeSelector={"kubernetes.io/hostname": node})
    await work.create(PODS, {"metadata": {"name": "one", "labels": {"app": "one"}}, "spec": spec})

    async def bound() -> Object | None:
        pod = await work.get(PODS, "one")
        return pod if pod["spec"].get("nodeName") else None

    pod = await eventually(bound, "the pod has a node")
    assert pod["spec"]["nodeName"] == node
    scheduled = condition(pod, "PodScheduled")
    assert scheduled and scheduled["status"] == "True"
    said = await work.event("Pod", "one", "Scheduled")
    assert said["message"] == f"Successfully assigned {work.namespace}/one to {node}"


@pytest.mark.parametrize("why", ["selector", "affinity", "request"])
async def test_a_pod_that_fits_nowhere_says_so(work: Workloads, node: str, why: str) -> None:
    if why == "selector":
        spec = pod_spec(nodeSelector=NOWHERE)
    elif why == "affinity":
        term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["nowhere"]}]}
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
        spec = pod_spec(nodeSelector=None, affinity={"nodeAffinity": required})
    else:
        spec = pod_spec(nodeSelector=on(node))
        spec["containers"][0]["resources"] = {"requests": {"cpu": "4000"}}
    # Else the scheduler may still take the node for one that is not ready, and say that.
    await work.create(PODS, {"metadata": {"name": "first"}, "spec": pod_spec(nodeSelector=on(node))})
    await eventually(lambda: has_a_node(work, "first"), "the scheduler knows the node")
    await work.create(PODS, {"metadata": {"name": "one"}, "spec": spec})

    async def refused() -> Object | None:
        return condition(await work.get(PODS, "one"), "PodScheduled")

    found = await eventually(refused, "the condition PodScheduled")
    assert (found["status"], found["reason"]) == ("False", "Unschedulable")
    words = "Insufficient cpu" if why == "request" else "node(s) didn't match Pod's node affinity"
    assert words in found["message"]
    said = await work.event("Pod", "one", "FailedScheduling")
    assert words in said["message"]


def on(node: str) -> Object:
    return {"kubernetes.io/hostname": node}


async def has_a_node(work: Workloads, pod: str) -> bool:
    return bool((await work.get(PODS, pod))["spec"].get("nodeName"))


async def test_a_waiting_pod_is_bound_when_its_node_comes_to_fit(work: Workloads, node: str) -> None:
    wanted = {"test.example/late": work.namespace}
    await work.create(PODS, {"metadata": {"name": "one"}, "spec": pod_spec(nodeSelector=wanted)})
    await work.event("Pod", "one", "FailedScheduling")
    work.cluster.kubectl("label", "node", node, f"test.example/late={work.namespace}")

    async def bound() -> bool:
        return (await work.get(PODS, "one"))["spec"].get("nodeName") == node

    await eventually(bound, "the pod has a node")


async def test_a_budget_counts_the_healthy_pods(work: Workloads) -> None:
    if work.cluster.minor < 21:
        pytest.skip("policy/v1 is served since Kubernetes 1.21")
    budget = {"metadata": {"name": "web"}, "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}}
    await work.create(PDBS, budget)
    await work.create(DEPLOYMENTS, deployment("web", 3))
    await work.all_ready("web", 3)

    async def allowed() -> Object | None:
        state = (await work.get(PDBS, "web")).get("status", {})
        return state if state.get("disruptionsAllowed") == 1 else None

    state = await eventually(allowed, "one disruption allowed")
    assert (state["expectedPods"], state["desiredHealthy"], state["currentHealthy"]) == (3, 2, 3)


async def test_an_autoscaler_without_metrics_keeps_the_bounds_and_says_why_it_does_no_more(work: Workloads) -> None:
    if work.cluster.minor < 23:
        pytest.skip("autoscaling/v2 is served since Kubernetes 1.23")
    await work.create(DEPLOYMENTS, deployment("web", 1))
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 3}
    await work.create(HPAS, {"metadata": {"name": "web"}, "spec": spec})

    async def inactive() -> Object | None:
        found = await work.get(HPAS, "web")
        active = condition(found, "ScalingActive")
        return found if active and active["status"] == "False" else None

    found = await eventually(inactive, "ScalingActive is False", timeout=120)
    active, able = condition(found, "ScalingActive"), condition(found, "AbleToScale")
    assert active and able
    assert active["reason"] == "FailedGetResourceMetric"
    assert "the server could not find the requested resource (get pods.metrics.k8s.io)" in active["message"]
    assert able["status"] == "True"
    assert (await work.get(DEPLOYMENTS, "web"))["spec"]["replicas"] == 2
