"""Endpoints and EndpointSlices follow the pods behind a Service, on every control plane."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.runtime.resources import DEPLOYMENTS, ENDPOINTS, ENDPOINTSLICES, PODS, SERVICES

from tests.support.waiting import eventually
from tests.support.workloads import Workloads, address_of, deployment

Object = dict[str, Any]


def service(name: str, **spec: Any) -> Object:
    ports = [{"name": "http", "port": 80, "targetPort": "web"}]
    return {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": ports, **spec}}


def placed(node: str, replicas: int) -> Object:
    """A Deployment whose pods are on the node: only such have endpoints."""
    body = deployment("web", replicas)
    spec = {**body["spec"]["template"]["spec"], "nodeName": node}
    del spec["nodeSelector"]
    body["spec"]["template"]["spec"] = spec
    return body


async def subsets(work: Workloads) -> list[Object]:
    for each in await work.all(ENDPOINTS):
        if each["metadata"]["name"] == "web":
            return each.get("subsets") or []
    return []


def addresses(subset: Object, field: str) -> set[str]:
    return {each["ip"] for each in subset.get(field) or ()}


async def test_endpoints_follow_readiness(work: Workloads, node: str) -> None:
    await work.create(SERVICES, service("web"))
    await work.create(DEPLOYMENTS, placed(node, 2))
    one, two = await work.all_ready("web", 2)

    async def both() -> Object | None:
        found = await subsets(work)
        return found[0] if found and len(addresses(found[0], "addresses")) == 2 else None

    subset = await eventually(both, "both addresses")
    assert addresses(subset, "addresses") == {address_of(one), address_of(two)}
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    assert subset["addresses"][0]["targetRef"]["kind"] == "Pod"

    await work.set_ready(one, ready=False)

    async def one_left() -> Object | None:
        found = await subsets(work)
        return found[0] if found and addresses(found[0], "notReadyAddresses") else None

    subset = await eventually(one_left, "one that is not ready")
    assert addresses(subset, "addresses") == {address_of(two)}
    assert addresses(subset, "notReadyAddresses") == {address_of(one)}

    await work.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 0}})
    await eventually(lambda: is_empty(work), "no addresses")


async def is_empty(work: Workloads) -> bool:
    return not await subsets(work)


async def test_slices_say_the_same(work: Workloads, node: str) -> None:
    if work.cluster.minor < 21:
        pytest.skip("discovery.k8s.io/v1 is served since Kubernetes 1.21")
    await work.create(SERVICES, service("web"))
    await work.create(DEPLOYMENTS, placed(node, 1))
    (pod,) = await work.all_ready("web", 1)

    async def filled() -> Object | None:
        found = [each for each in await work.all(ENDPOINTSLICES) if each.get("endpoints")]
        return found[0] if len(found) == 1 else None

    found = await eventually(filled, "the slice")
    labels = found["metadata"]["labels"]
    assert labels["kubernetes.io/service-name"] == "web"
    assert labels["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io"
    assert found["metadata"]["ownerReferences"][0]["kind"] == "Service"
    assert found["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    (endpoint,) = found["endpoints"]
    assert endpoint["addresses"] == [address_of(pod)]
    assert endpoint["conditions"]["ready"] is True
    assert endpoint["targetRef"]["name"] == pod["metadata"]["name"]

    await work.set_ready(pod, ready=False)

    async def not_ready() -> bool:
        filled = [each for each in await work.all(ENDPOINTSLICES) if each.get("endpoints")]
        return [each["endpoints"][0]["conditions"]["ready"] for each in filled] == [False]

    await eventually(not_ready, "the endpoint is not ready")
    await work.kube.delete(SERVICES, "web", work.namespace)
    await work.gone(ENDPOINTSLICES, found["metadata"]["name"])
    await work.gone(ENDPOINTS, "web")


async def test_not_ready_addresses_are_published_where_asked_for(work: Workloads, node: str) -> None:
    await work.create(SERVICES, service("web", clusterIP="None", publishNotReadyAddresses=True))
    await work.create(DEPLOYMENTS, placed(node, 1))
    (pod,) = await work.pods("web", 1)
    await work.set_ready(pod, ready=False)

    async def published() -> bool:
        found = await subsets(work)
        return bool(found) and addresses(found[0], "addresses") == {address_of(pod)}

    await eventually(published, "the address though the pod is not ready")
    headless = await work.get(ENDPOINTS, "web")
    assert "service.kubernetes.io/headless" in headless["metadata"]["labels"]


async def test_a_service_without_selector_keeps_the_endpoints_that_someone_wrote(work: Workloads) -> None:
    await work.create(SERVICES, {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}})
    by_hand = {"metadata": {"name": "web"}, "subsets": [{"addresses": [{"ip": "10.9.9.9"}], "ports": [{"port": 80}]}]}
    await work.create(ENDPOINTS, by_hand)
    # A second Service, whose endpoints the controller does write, tells that it has had its turn.
    await work.create(SERVICES, {**service("other")})

    async def other() -> bool:
        return any(each["metadata"]["name"] == "other" for each in await work.all(ENDPOINTS))

    await eventually(other, "the endpoints of the other Service")
    assert addresses((await subsets(work))[0], "addresses") == {"10.9.9.9"}


async def test_a_changed_selector_changes_the_endpoints(work: Workloads, node: str) -> None:
    await work.create(SERVICES, service("web"))
    await work.create(DEPLOYMENTS, placed(node, 1))
    await work.all_ready("web", 1)

    async def filled() -> bool:
        return bool(await subsets(work))

    await eventually(filled, "an address")
    await work.patch(SERVICES, "web", {"spec": {"selector": {"app": "nothing"}}})
    await eventually(lambda: is_empty(work), "no address")
    assert await work.all(PODS, "web")
