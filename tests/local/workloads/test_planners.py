"""The decisions of the workload controllers, without a cluster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.runtime.resources import CONFIGMAPS

from mcp_cli.local.controllers import cron, deployment_plan, deployment_status, ownership, scheduler_plan
from mcp_cli.local.controllers.endpoints_plan import backends, slices, subsets
from mcp_cli.local.controllers.job_plan import expand_ranges, spell_ranges
from mcp_cli.local.controllers.replicaset_plan import pods_to_delete
from mcp_cli.local.controllers.selectors import matches
from mcp_cli.local.controllers.statefulset_plan import plan as stateful_plan
from mcp_cli.local.controllers.template_hash import same_template, template_hash, with_hash

pytestmark = pytest.mark.fast

Object = dict[str, Any]
NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)


def deployment(wanted: int, surge: int | str = "25%", unavailable: int | str = "25%", **status: int) -> Object:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    return {"metadata": {"name": "d"}, "spec": {"replicas": wanted, "strategy": strategy}, "status": status}


def replica_set(name: str, size: int, available: int | None = None, **annotations: Any) -> Object:
    return {
        "metadata": {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": annotations},
        "spec": {"replicas": size},
        "status": {"replicas": size, "availableReplicas": size if available is None else available},
    }


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "wanted"),
    [
        (4, "25%", "25%", (1, 1)),
        (3, "25%", "25%", (1, 0)),
        (1, 0, 0, (0, 1)),
        (10, 3, "0%", (3, 0)),
        (1, "0%", "25%", (0, 1)),
    ],
)
def test_percentages_round_surge_up_and_unavailable_down(
    replicas: int, surge: int | str, unavailable: int | str, wanted: tuple[int, int]
) -> None:
    assert deployment_plan.fenceposts(deployment(replicas, surge, unavailable)) == wanted


@given(st.integers(1, 12), st.integers(0, 5), st.integers(0, 5), st.data())
def test_a_rollout_ends_and_never_breaks_its_bounds(
    replicas: int, surge: int, unavailable: int, data: st.DataObject
) -> None:
    """However slowly pods become ready: never more pods than allowed, never fewer available than promised."""
    wanted = deployment(replicas, surge, unavailable)
    surge, unavailable = deployment_plan.fenceposts(wanted)
    old, new = replica_set("old", replicas), replica_set("new", 0)
    for _ in range(20 * (replicas + 1)):
        plan = deployment_plan.plan_new(wanted, new, [old, new]) or deployment_plan.plan_old(wanted, new, [old])
        for each in (old, new):
            size = plan.get(each["metadata"]["name"], each["spec"]["replicas"])
            each["spec"]["replicas"] = size
            each["status"]["availableReplicas"] = min(size, each["status"]["availableReplicas"])
        total = old["spec"]["replicas"] + new["spec"]["replicas"]
        assert total <= replicas + surge
        ready = old["status"]["availableReplicas"] + new["status"]["availableReplicas"]
        assert ready >= replicas - unavailable
        if not plan:
            missing = new["spec"]["replicas"] - new["status"]["availableReplicas"]
            if not missing:
                break
            new["status"]["availableReplicas"] += data.draw(st.integers(1, missing))
    assert (old["spec"]["replicas"], new["spec"]["replicas"]) == (0, replicas)


def test_pods_that_are_not_available_are_scaled_down_first() -> None:
    old, new = replica_set("old", 4, available=2), replica_set("new", 1, available=0)
    assert deployment_plan.plan_old(deployment(4, 1, 1), new, [old]) == {"old": 3}


def test_scaling_during_a_rollout_is_shared_in_proportion() -> None:
    sized: dict[str, Any] = {deployment_plan.DESIRED: "10", deployment_plan.MAXIMUM: "13"}
    old, new = replica_set("old", 8, **sized), replica_set("new", 5, **sized)
    plan = deployment_plan.plan_scale(deployment(20, 3, 2, replicas=13), new, [old])
    assert sum({"old": 8, "new": 5, **plan}.values()) == 23
    assert plan == {"old": 14, "new": 9}


def test_the_progress_condition_keeps_its_time_while_nothing_changes() -> None:
    first = deployment_status.make_condition("Available", "True", "MinimumReplicasAvailable", "fine")
    first["lastTransitionTime"] = "2020-01-01T00:00:00Z"
    again = deployment_status.make_condition("Available", "True", "MinimumReplicasAvailable", "fine")
    assert deployment_status.set_condition([first], again) == [first]


def test_a_rollout_is_late_only_while_it_is_under_way() -> None:
    waiting = {"reason": "ReplicaSetUpdated", "lastUpdateTime": "2026-11-21T12:00:00Z"}
    assert not deployment_status.timed_out(waiting, 60, NOW)
    assert deployment_status.timed_out(waiting, 20, NOW)
    assert not deployment_status.timed_out({**waiting, "reason": "NewReplicaSetAvailable"}, 20, NOW)


def test_templates_are_the_same_but_for_the_hash() -> None:
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": []}}
    value = template_hash(template)
    assert same_template(template, with_hash(template, value))
    assert template_hash(template, 1) != value
    assert set(value) <= set("bcdfghjklmnpqrstvwxz2456789")


def pod(name: str, *, ready: bool = True, node: str = "n", phase: str = "Running", **more: Any) -> Object:
    conditions = [{"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-11-21T10:00:00Z"}]
    return {
        "metadata": {"name": name, "namespace": "x", "uid": name, "labels": {"app": "a"}, **more.pop("metadata", {})},
        "spec": {"nodeName": node, "containers": [{"name": "c", "ports": [{"name": "web", "containerPort": 8080}]}]},
        "status": {"phase": phase, "podIP": more.pop("ip", "10.0.0.1"), "conditions": conditions, **more},
    }


def test_the_pods_that_are_missed_least_go_first() -> None:
    cheap = {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "-1"}}
    pods = [
        pod("ready"),
        pod("cheap", metadata=cheap),
        pod("unready", ready=False),
        pod("pending", ready=False, phase="Pending"),
        pod("unassigned", ready=False, node="", phase="Pending"),
    ]
    order = [each["metadata"]["name"] for each in pods_to_delete(pods, 4, NOW)]
    assert order == ["unassigned", "pending", "unready", "cheap"]


def test_restarts_decide_among_pods_of_the_same_age() -> None:
    calm = pod("calm", containerStatuses=[{"restartCount": 0}])
    shaky = pod("shaky", containerStatuses=[{"restartCount": 7}])
    assert pods_to_delete([calm, shaky], 1, NOW) == [shaky]


def service(target: int | str) -> Object:
    return {
        "metadata": {"name": "s", "namespace": "x"},
        "spec": {"ports": [{"name": "p", "port": 80, "targetPort": target}]},
    }


def test_a_named_target_port_may_differ_from_pod_to_pod() -> None:
    one, two = pod("one", ip="10.0.0.1"), pod("two", ip="10.0.0.2")
    two["spec"]["containers"][0]["ports"][0]["containerPort"] = 9090
    found = subsets(service("web"), backends(service("web"), [one, two]))
    assert [(each["addresses"][0]["ip"], each["ports"][0]["port"]) for each in found] == [
        ("10.0.0.1", 8080),
        ("10.0.0.2", 9090),
    ]
    assert len(slices(backends(service("web"), [one, two]))) == 2


def test_a_pod_that_is_going_serves_but_is_not_ready() -> None:
    going = pod("one", metadata={"deletionTimestamp": "2026-11-21T12:00:00Z"})
    ((_, (endpoint,)),) = slices(backends(service(8080), [going]))
    assert endpoint["conditions"] == {"ready": False, "serving": True, "terminating": True}
    assert subsets(service(8080), backends(service(8080), [going])) == []


def test_a_service_with_many_pods_has_several_slices() -> None:
    many = [pod(f"p{number:03}", ip=f"10.0.1.{number}") for number in range(150)]
    assert [len(endpoints) for _, endpoints in slices(backends(service(8080), many))] == [100, 50]


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "a"}}, True),
        ({"matchLabels": {"app": "b"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["x"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_label_selectors(selector: Object | None, wanted: bool) -> None:
    assert matches(selector, {"app": "a"}) is wanted


def owned(*owners: str, finalizers: tuple[str, ...] = ()) -> ownership.Node:
    references = [{"uid": each, "name": each, "blockOwnerDeletion": True} for each in owners]
    return ownership.Node(CONFIGMAPS, "x", "n", "n", references, False, finalizers)


@pytest.mark.parametrize(
    ("node", "absent", "waiting", "dependents", "wanted"),
    [
        (owned("a"), [], [], False, ownership.LEAVE),
        (owned("a"), ["a"], [], False, ownership.Verdict(delete="Background")),
        (owned("a", "b"), ["a"], [], False, ownership.Verdict(keep=("b",))),
        (owned("a"), [], ["a"], True, ownership.Verdict(delete="Foreground")),
        (owned("a"), [], ["a"], False, ownership.Verdict(delete="Background")),
        (owned("a", finalizers=("orphan",)), ["a"], [], False, ownership.Verdict(delete="Orphan")),
        (owned(), [], [], True, ownership.LEAVE),
    ],
)
def test_what_becomes_of_an_object_without_owners(
    node: ownership.Node, absent: list[str], waiting: list[str], dependents: bool, wanted: ownership.Verdict
) -> None:
    assert ownership.judge(node, absent, waiting, dependents) == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("* * * * *", "2026-11-21T12:01"),
        ("*/15 * * * *", "2026-11-21T12:15"),
        ("30 4 * * *", "2026-11-22T04:30"),
        ("0 0 1 jan *", "2027-01-01T00:00"),
        ("0 9 * * mon-fri", "2026-11-23T09:00"),
        ("0 0 13 * fri", "2026-11-27T00:00"),
        ("5,10 12 * * *", "2026-11-21T12:05"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
        ("@hourly", "2026-11-21T13:00"),
    ],
)
def test_when_a_cron_expression_is_due_next(expression: str, wanted: str) -> None:
    following = cron.parse(expression).after(NOW)
    assert following is not None
    assert following.isoformat()[:16] == wanted


def test_a_day_that_never_comes() -> None:
    assert cron.parse("0 0 30 2 *").after(NOW) is None


@pytest.mark.parametrize("expression", ["* * * *", "60 * * * *", "a * * * *", "*/0 * * * *", "5-1 * * * *"])
def test_bad_cron_expressions_are_refused(expression: str) -> None:
    with pytest.raises(cron.CronError):
        cron.parse(expression)


def test_the_latest_of_many_missed_times_is_run() -> None:
    latest, count = cron.due(cron.parse("* * * * *"), NOW - timedelta(days=30), NOW, UTC)
    assert latest == NOW.replace(second=0)
    assert count > 100
    assert cron.due(cron.parse("0 * * * *"), NOW - timedelta(seconds=10), NOW, UTC) == (None, 0)


@given(st.sets(st.integers(0, 40)))
def test_completed_indexes_survive_their_spelling(numbers: set[int]) -> None:
    assert expand_ranges(spell_ranges(sorted(numbers))) == sorted(numbers)


def test_two_indexes_are_a_list_and_three_a_range() -> None:
    assert spell_ranges([0, 1, 3, 5, 6, 7]) == "0,1,3,5-7"


def node(name: str, labels: dict[str, str] | None = None, ready: bool = True, **spec: Any) -> Object:
    conditions = [{"type": "Ready", "status": str(ready)}]
    status = {"conditions": conditions, "allocatable": {"cpu": "2", "memory": "1Gi", "pods": "3"}}
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": spec, "status": status}


def wish(**spec: Any) -> Object:
    return {"metadata": {"name": "p", "namespace": "x"}, "spec": {"containers": [], **spec}, "status": {}}


def test_the_emptiest_node_is_chosen() -> None:
    residents = {"a": [pod("one")], "b": []}
    assert scheduler_plan.choose(wish(), [node("a"), node("b")], residents) == ("b", "")


@pytest.mark.parametrize(
    ("candidate", "where", "words"),
    [
        (wish(nodeSelector={"disk": "ssd"}), node("a"), "1 node(s) didn't match Pod's node affinity/selector"),
        (wish(), node("a", ready=False), "1 node(s) had untolerated taint(s)"),
        (wish(), node("a", unschedulable=True), "1 node(s) were unschedulable"),
        (
            wish(containers=[{"resources": {"requests": {"cpu": "2500m"}}}]),
            node("a"),
            "1 Insufficient cpu",
        ),
    ],
)
def test_a_node_that_does_not_fit_is_named_with_its_reason(candidate: Object, where: Object, words: str) -> None:
    chosen, said = scheduler_plan.choose(candidate, [where], {})
    assert chosen is None
    assert said.startswith(f"0/1 nodes are available: {words}. ")


def test_a_toleration_opens_a_tainted_node() -> None:
    tainted = node("a", taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}])
    tolerant = wish(tolerations=[{"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}])
    assert scheduler_plan.choose(tolerant, [tainted], {})[0] == "a"
    assert scheduler_plan.choose(wish(), [tainted], {})[0] is None


def test_a_stateful_set_replaces_the_highest_outdated_pod_when_all_are_well() -> None:
    owner = {"metadata": {"name": "db"}, "spec": {"replicas": 2}}
    old = [pod(f"db-{n}", metadata={"labels": {"controller-revision-hash": "old"}}) for n in (0, 1)]
    assert [each["metadata"]["name"] for each in stateful_plan(owner, old, "new").delete] == ["db-1"]
    assert stateful_plan(owner, old[:1], "new").create == [1]
    unwell = [old[0], pod("db-1", ready=False, metadata={"labels": {"controller-revision-hash": "old"}})]
    steps = stateful_plan(owner, unwell, "new")
    assert not steps.create
    assert not steps.delete
