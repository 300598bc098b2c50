"""What a namespace allows: LimitRanges and ResourceQuotas, on every control plane."""

from __future__ import annotations

from typing import Any

from tests.local.api.conftest import Api
from tests.local.api.objects import APPLY, config_map, deployment, pod, service
from tests.support.waiting import eventually

CONTAINER = {
    "type": "Container",
    "default": {"cpu": "500m"},
    "defaultRequest": {"cpu": "100m"},
    "max": {"cpu": "1", "memory": "1Gi"},
    "min": {"cpu": "50m"},
    "maxLimitRequestRatio": {"cpu": "5"},
}


def small(name: str, **resources: Any) -> dict[str, Any]:
    return pod(name, containers=[{"name": "main", "image": "registry.invalid/none:1", "resources": resources}])


async def limited(api: Api, **spec: Any) -> None:
    """A ResourceQuota that its controller has counted once."""
    await api.create("resourcequotas", {"metadata": {"name": "q"}, "spec": spec})

    async def counted() -> Any:
        return (await api.get("resourcequotas/q"))["status"].get("used")

    await eventually(counted, "the quota is counted")


async def test_containers_get_and_keep_to_the_limits_of_their_namespace(api: Api) -> None:
    made = await api.create("limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [CONTAINER]}})
    assert made["spec"]["limits"][0]["defaultRequest"] == {"cpu": "100m", "memory": "1Gi"}
    plain = await api.create("pods", small("plain"))
    assert plain["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "500m", "memory": "1Gi"},
        "requests": {"cpu": "100m", "memory": "1Gi"},
    }
    assert plain["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container main; cpu, memory limit for container main"
    )
    for resources, words in (
        ({"limits": {"memory": "2Gi"}}, "maximum memory usage per Container is 1Gi, but limit is 2Gi"),
        ({"requests": {"cpu": "10m"}, "limits": {"cpu": "50m"}}, "minimum cpu usage per Container is 50m, but request"),
        ({"requests": {"cpu": "100m"}, "limits": {"cpu": "1"}}, "per Container is 5, but provided ratio is 10.000000"),
    ):
        refusal = await api.refused("POST", "pods", small("p", **resources))
        assert (refusal.code, refusal.message.startswith('pods "p" is forbidden: ')) == (403, True)
        assert words in refusal.message


async def test_nothing_is_created_beyond_a_quota(api: Api) -> None:
    await limited(api, hard={"services": "1", "count/deployments.apps": "1", "pods": "1"})
    await api.create("services", service("a"))
    full = "is forbidden: exceeded quota: q, requested: services=1, used: services=1, limited: services=1"
    assert (await api.refused("POST", "services", service("b"))).message == f'services "b" {full}'
    applied = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "c"},
        "spec": {"ports": [{"port": 80, "protocol": "TCP"}]},
    }
    assert full in (await api.refused("PATCH", "services/c", applied, type=APPLY, fieldManager="m")).message
    await api.create("configmaps", config_map("free"))
    await api.create("deployments", deployment("d", 2), group="apps/v1")
    refusal = await api.refused("POST", "deployments", deployment("e"), group="apps/v1")
    assert "requested: count/deployments.apps=1, used: count/deployments.apps=1" in refusal.message

    async def failing() -> Any:
        conditions = (await api.get("deployments/d", group="apps/v1"))["status"].get("conditions") or ()
        return [c["message"] for c in conditions if c["type"] == "ReplicaFailure"]

    (words,) = await eventually(failing, "the deployment says that a pod is one too many")
    assert words.endswith("exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1")
    assert (await api.get("resourcequotas/q"))["status"]["used"]["services"] == "1"
    await api.delete("services/a")

    async def given_back() -> bool:
        used: dict[str, str] = (await api.get("resourcequotas/q"))["status"]["used"]
        return used["services"] == "0"

    await eventually(given_back, "the quota has its service back")


async def test_a_quota_of_resources_wants_them_said_and_adds_them_up(api: Api) -> None:
    await limited(api, hard={"requests.cpu": "1", "limits.memory": "1Gi"})
    refusal = await api.refused("POST", "pods", small("p"))
    assert "failed quota: q: must specify limits.memory" in refusal.message
    half = {"requests": {"cpu": "500m"}, "limits": {"memory": "512Mi"}}
    await api.create("pods", small("half", **half))
    refusal = await api.refused("POST", "pods", small("p", requests={"cpu": "600m"}, limits={"memory": "100Mi"}))
    assert "requested: requests.cpu=600m, used: requests.cpu=500m, limited: requests.cpu=1" in refusal.message
    assert (await api.get("resourcequotas/q"))["status"]["used"] == {"requests.cpu": "500m", "limits.memory": "512Mi"}
