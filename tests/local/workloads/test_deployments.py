"""Deployments on every control plane: rollouts, scaling, history, conditions, adoption."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.runtime.resources import DEPLOYMENTS, PODS, REPLICASETS

from tests.support.waiting import eventually
from tests.support.workloads import REVISION, Workloads, condition, deployment, pod_spec, template

SURGE_ONE = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


async def change_image(work: Workloads, name: str, image: str) -> None:
    container = {"name": "app", "image": image}
    change = {"spec": {"template": {"spec": {"containers": [container]}}}}
    await work.kube.patch(DEPLOYMENTS, name, change, work.namespace, type="strategic")


async def sizes(work: Workloads, app: str) -> list[int]:
    return [each["spec"]["replicas"] for each in await work.replica_sets(app)]


async def test_a_deployment_makes_one_replica_set_and_its_pods(work: Workloads) -> None:
    made = await work.create(DEPLOYMENTS, deployment("web", 3))
    pods = await work.all_ready("web", 3)
    done = await work.rolled_out("web")

    (only,) = await work.replica_sets("web")
    value = only["metadata"]["labels"]["pod-template-hash"]
    assert only["metadata"]["name"] == f"web-{value}"
    assert only["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": value}
    assert only["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"] == "3"
    assert only["metadata"]["annotations"]["deployment.kubernetes.io/max-replicas"] == "4"
    (owner,) = only["metadata"]["ownerReferences"]
    assert owner == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "web",
        "uid": made["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    for pod in pods:
        assert pod["metadata"]["generateName"] == f"web-{value}-"
        assert pod["metadata"]["ownerReferences"][0]["uid"] == only["metadata"]["uid"]
    assert done["metadata"]["annotations"][REVISION] == "1"
    assert done["metadata"]["generation"] == 1, "writing the revision is no change of what is wanted"
    counts = {key: value for key, value in done["status"].items() if key.endswith("eplicas") and value}
    assert counts == {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}


async def test_the_conditions_speak_as_in_kubernetes(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 2))
    await work.pods("web", 2)

    async def unavailable() -> Any:
        return condition(await work.get(DEPLOYMENTS, "web"), "Available")

    before = await eventually(unavailable, "condition Available")
    assert (before["status"], before["reason"]) == ("False", "MinimumReplicasUnavailable")
    assert before["message"] == "Deployment does not have minimum availability."

    await work.all_ready("web", 2)
    done = await work.rolled_out("web")
    available, progressing = condition(done, "Available"), condition(done, "Progressing")
    assert available and progressing
    assert (available["status"], available["reason"]) == ("True", "MinimumReplicasAvailable")
    (only,) = await work.replica_sets("web")
    assert progressing["message"] == f'ReplicaSet "{only["metadata"]["name"]}" has successfully progressed.'


async def test_a_new_image_rolls_one_by_one_and_never_below_what_must_be_available(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 3, strategy=SURGE_ONE))
    old = {pod["metadata"]["name"] for pod in await work.all_ready("web", 3)}
    await work.rolled_out("web")

    await change_image(work, "web", "example.test/app:2")
    # With maxSurge 1 and maxUnavailable 0 exactly one new pod may start, and no old one may go before it is ready.
    for left in (3, 2, 1):
        fresh = await eventually(lambda: newcomer(work, old), "one new pod that is not ready")
        assert await sizes(work, "web") == [left, 4 - left]
        await work.set_ready(fresh)
        await eventually(lambda n=left: has_sizes(work, [n - 1, min(3, 5 - n)]), f"the old set at {left - 1}")
        # What may start is reckoned by the sets; their pods follow each at its own time.
        await eventually(lambda n=left: has_left(work, old, n - 1), f"{left - 1} old pods")
    done = await work.rolled_out("web")
    assert done["metadata"]["annotations"][REVISION] == "2"
    assert not old & {pod["metadata"]["name"] for pod in await work.pods("web", 3)}


async def newcomer(work: Workloads, old: set[str]) -> dict[str, Any] | None:
    pods = [pod for pod in await work.all(PODS, "web") if not pod["metadata"].get("deletionTimestamp")]
    fresh = [pod for pod in pods if pod["metadata"]["name"] not in old and "podIP" not in pod["status"]]
    assert len(pods) <= 4, "maxSurge is 1"
    assert len(fresh) <= 1, "the next one comes when this one is ready"
    return fresh[0] if fresh else None


async def has_left(work: Workloads, old: set[str], number: int) -> bool:
    alive = {each["metadata"]["name"] for each in await work.all(PODS) if not each["metadata"].get("deletionTimestamp")}
    return len(alive & old) == number


async def has_sizes(work: Workloads, wanted: list[int]) -> bool:
    return await sizes(work, "web") == wanted


async def test_max_unavailable_lets_old_pods_go_first(work: Workloads) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    await work.create(DEPLOYMENTS, deployment("web", 3, strategy=strategy))
    await work.all_ready("web", 3)
    await work.rolled_out("web")
    await change_image(work, "web", "example.test/app:2")
    await eventually(lambda: has_sizes(work, [2, 1]), "one old pod made room for a new one")
    await work.pods("web", 3)

    async def two_available() -> bool:
        return (await work.get(DEPLOYMENTS, "web"))["status"].get("availableReplicas") == 2

    await eventually(two_available, "two pods still available")


async def test_a_broken_image_leaves_the_old_pods_alone(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 2, strategy=SURGE_ONE, progressDeadlineSeconds=1))
    await work.all_ready("web", 2)
    await work.rolled_out("web")
    await change_image(work, "web", "example.test/broken:1")

    async def stuck() -> Any:
        found = condition(await work.get(DEPLOYMENTS, "web"), "Progressing")
        return found if found and found["status"] == "False" else None

    late = await eventually(stuck, "the deadline was missed")
    assert late["reason"] == "ProgressDeadlineExceeded"
    assert late["message"].endswith("has timed out progressing.")
    assert await sizes(work, "web") == [2, 1]
    available = condition(await work.get(DEPLOYMENTS, "web"), "Available")
    assert available and available["status"] == "True"


async def test_recreate_waits_until_the_last_old_pod_is_gone(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 2, strategy={"type": "Recreate"}))
    first = await work.all_ready("web", 2)
    await work.rolled_out("web")
    held = first[0]["metadata"]["name"]
    await work.patch(PODS, held, {"metadata": {"finalizers": ["test.example/hold"]}})
    await change_image(work, "web", "example.test/app:2")

    async def only_held() -> bool:
        return [pod["metadata"]["name"] for pod in await work.all(PODS, "web")] == [held]

    await eventually(only_held, "all old pods but the one that is held")
    assert len(await work.replica_sets("web")) == 1, "no new revision while an old pod is there"
    await work.patch(PODS, held, {"metadata": {"finalizers": None}})
    await work.all_ready("web", 2)
    assert await sizes(work, "web") == [0, 2]
    await work.rolled_out("web")


@pytest.mark.parametrize("way", ["scale subresource", "kubectl"])
async def test_scaling_changes_the_size_and_makes_no_revision(work: Workloads, way: str) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 1))
    await work.all_ready("web", 1)
    await work.rolled_out("web")
    if way == "kubectl":
        work.cluster.kubectl("scale", "deployment/web", "--replicas=3")
    else:
        change = {"spec": {"replicas": 3}}
        await work.kube.patch(DEPLOYMENTS, "web", change, work.namespace, subresource="scale")
    await work.all_ready("web", 3)
    done = await work.rolled_out("web")
    assert done["metadata"]["annotations"][REVISION] == "1"
    (only,) = await work.replica_sets("web")
    assert only["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"] == "3"

    await work.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 0}})
    await work.pods("web", 0)


async def test_scaling_down_takes_the_pod_that_is_not_ready(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 3))
    pods = await work.all_ready("web", 3)
    await work.rolled_out("web")
    weak = pods[1]
    await work.set_ready(weak, ready=False)

    async def noticed() -> bool:
        return (await work.get(DEPLOYMENTS, "web"))["status"].get("readyReplicas") == 2

    await eventually(noticed, "the controllers know that one is not ready")
    await work.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 2}})
    left = await work.pods("web", 2)
    assert weak["metadata"]["name"] not in {pod["metadata"]["name"] for pod in left}


async def test_the_deletion_cost_chooses_among_equals(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 3))
    cheap = (await work.pods("web", 3))[2]["metadata"]["name"]
    note = {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "-5"}}}
    await work.patch(PODS, cheap, note)
    # Written before the pods are ready: who counts them as ready has seen it.
    await work.all_ready("web", 3)
    await work.rolled_out("web")
    if work.cluster.minor < 22:
        pytest.skip("the annotation counts since Kubernetes 1.22")
    await work.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 2}})
    assert cheap not in {pod["metadata"]["name"] for pod in await work.pods("web", 2)}


async def test_kubectl_undoes_a_rollout(work: Workloads) -> None:
    kubectl = work.cluster.kubectl
    await work.create(DEPLOYMENTS, deployment("web", 1))
    await work.all_ready("web", 1)
    await work.rolled_out("web")
    await change_image(work, "web", "example.test/app:2")
    await eventually(lambda: has_sizes(work, [1, 1]), "the second revision")
    await work.all_ready("web", 2)
    await work.rolled_out("web")

    kubectl("rollout", "undo", "deployment/web")
    await work.all_ready("web", 2)
    done = await work.rolled_out("web")
    assert done["metadata"]["annotations"][REVISION] == "3"
    newest = (await work.replica_sets("web"))[-1]
    assert newest["spec"]["template"]["spec"]["containers"][0]["image"] == "example.test/app:1"
    assert newest["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    history = kubectl("rollout", "history", "deployment/web").split("\n")
    assert [line.split()[0] for line in history[2:] if line] == ["2", "3"]


async def test_the_history_limit_removes_the_oldest_sets(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 0, revisionHistoryLimit=1))
    await work.rolled_out("web")
    for number in (2, 3, 4):
        await change_image(work, "web", f"example.test/app:{number}")
        done = await eventually(lambda n=number: at_revision(work, n), f"revision {number}")
        assert done

    async def revisions() -> bool:
        found = [each["metadata"]["annotations"][REVISION] for each in await work.replica_sets("web")]
        # Before 1.21 the oldest set went by its time of creation, and here all are of the same second.
        return found == ["3", "4"] if work.cluster.minor > 20 else len(found) == 2

    await eventually(revisions, "the newest set and one old one")


async def at_revision(work: Workloads, number: int) -> bool:
    found = await work.get(DEPLOYMENTS, "web")
    return found["metadata"]["annotations"].get(REVISION) == str(number)


async def test_a_paused_deployment_scales_and_does_not_roll(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 1))
    await work.all_ready("web", 1)
    await work.rolled_out("web")
    work.cluster.kubectl("rollout", "pause", "deployment/web")

    async def paused() -> bool:
        found = condition(await work.get(DEPLOYMENTS, "web"), "Progressing")
        return bool(found and (found["status"], found["reason"]) == ("Unknown", "DeploymentPaused"))

    await eventually(paused, "Progressing says that it is paused")
    await change_image(work, "web", "example.test/app:2")
    await work.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 2}})
    await work.all_ready("web", 2)
    assert len(await work.replica_sets("web")) == 1
    work.cluster.kubectl("rollout", "resume", "deployment/web")
    await eventually(lambda: at_revision(work, 2), "the second revision")


async def test_a_deleted_pod_and_a_deleted_set_come_back(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 2))
    pods = await work.pods("web", 2)
    await work.kube.delete(PODS, pods[0]["metadata"]["name"], work.namespace)
    after = await work.pods("web", 2)
    assert {pod["metadata"]["uid"] for pod in after} != {pod["metadata"]["uid"] for pod in pods}
    (only,) = await work.replica_sets("web")
    await work.kube.delete(REPLICASETS, only["metadata"]["name"], work.namespace)

    async def another() -> bool:
        return [each["metadata"]["uid"] for each in await work.replica_sets("web")] not in (
            [],
            [only["metadata"]["uid"]],
        )

    await eventually(another, "a new set")
    await work.pods("web", 2)


async def test_a_bare_pod_that_matches_is_adopted_and_one_that_stops_matching_is_let_go(work: Workloads) -> None:
    replica_set = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "web"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template("web")},
    }
    await work.create(PODS, {"metadata": {"name": "bare", "labels": {"app": "web"}}, "spec": pod_spec()})
    await pods_are_seen(work)
    made = await work.create(REPLICASETS, replica_set)

    async def owners() -> Any:
        return (await work.get(PODS, "bare"))["metadata"].get("ownerReferences")

    (owner,) = await eventually(owners, "the pod was adopted")
    assert (owner["uid"], owner["controller"]) == (made["metadata"]["uid"], True)
    assert len(await work.pods("web", 1)) == 1

    await work.patch(PODS, "bare", {"metadata": {"labels": {"app": "other"}}})
    await work.pods("web", 1)

    async def released() -> bool:
        return not (await work.get(PODS, "bare"))["metadata"].get("ownerReferences")

    await eventually(released, "the pod was let go")


async def pods_are_seen(work: Workloads) -> None:
    """The controller of sets knows of every pod that is there: it has counted one that was made after them."""
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "later"}}, "template": template("later")}
    await work.create(REPLICASETS, {"metadata": {"name": "later"}, "spec": spec})

    async def counted() -> bool:
        return (await work.get(REPLICASETS, "later")).get("status", {}).get("replicas") == 1

    await eventually(counted, "a later pod is counted")


async def test_events_tell_what_was_scaled_and_created(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 1))
    (pod,) = await work.pods("web", 1)
    (only,) = await work.replica_sets("web")
    scaled = await work.event("Deployment", "web", "ScalingReplicaSet")
    assert scaled["message"].startswith(f"Scaled up replica set {only['metadata']['name']}")
    assert scaled["message"].endswith("to 1")
    assert scaled["source"]["component"] == "deployment-controller"
    created = await work.event("ReplicaSet", only["metadata"]["name"], "SuccessfulCreate")
    assert created["message"] == f"Created pod: {pod['metadata']['name']}"


async def test_nothing_is_written_when_nothing_changes(work: Workloads) -> None:
    await work.create(DEPLOYMENTS, deployment("web", 1))
    (pod,) = await work.all_ready("web", 1)
    await work.rolled_out("web")
    before = await versions(work)
    # A change of the pod that no controller cares for, and yet makes each of them look again.
    await work.patch(PODS, pod["metadata"]["name"], {"metadata": {"annotations": {"note": "1"}}})
    marker = await work.create(DEPLOYMENTS, deployment("marker", 0))
    await work.rolled_out(marker["metadata"]["name"])
    assert await versions(work) == before


async def versions(work: Workloads) -> list[str]:
    found = [await work.get(DEPLOYMENTS, "web"), *(await work.replica_sets("web"))]
    return [each["metadata"]["resourceVersion"] for each in found]
