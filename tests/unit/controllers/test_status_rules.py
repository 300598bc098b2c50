"""Phases and conditions from counts and problems; and when there is nothing to write."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.api.resolve import resolve
from mcp_operator.controllers import status
from mcp_operator.controllers.problem import Problem
from mcp_operator.controllers.status import Facts

pytestmark = pytest.mark.fast

Object = dict[str, Any]
NOW, LATER = "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"
CRASH = Problem("CrashLoopBackOff", "it ends", fatal=True)
SLOW = Problem("PodsStarting", "the pods are starting")


def facts(wanted: int, ready: int, *, updated: int | None = None, total: int | None = None, **more: Any) -> Facts:
    server = {
        "metadata": {"name": "demo", "namespace": "ns", "generation": 4},
        "spec": {"image": "a:1", "replicas": wanted},
    }
    counts = {"replicas": total if total is not None else wanted, "readyReplicas": ready, "availableReplicas": ready}
    counts["updatedReplicas"] = updated if updated is not None else counts["replicas"]
    deployment = {
        "metadata": {"generation": 2},
        "spec": {"replicas": wanted},
        "status": {"observedGeneration": 2, **counts},
    }
    return Facts(server, resolve(server), deployment, **{"speaks": True, **more})


PHASES = {
    "as many as asked for": (facts(2, 2), "Running", "Ready"),
    "none asked for": (facts(0, 0), "Stopped", "Stopped"),
    "none asked for, some still there": (facts(0, 1, total=1), "Stopped", "Stopped"),
    "some": (facts(3, 1, pods=SLOW), "Degraded", "PodsStarting"),
    "some, others crash": (facts(3, 1, pods=CRASH), "Degraded", "CrashLoopBackOff"),
    "none yet": (facts(1, 0, pods=SLOW), "Pending", "PodsStarting"),
    "none and hopeless": (facts(1, 0, pods=CRASH), "Failed", "CrashLoopBackOff"),
    "ready pods that are mute": (
        facts(1, 1, speaks=False, probe=Problem("NotMCP", "no")),
        "Pending",
        "NotMCP",
    ),
    "ready pods that stay mute": (
        facts(1, 1, speaks=False, probe=Problem("NotMCP", "no", fatal=True)),
        "Failed",
        "NotMCP",
    ),
    "being replaced": (facts(2, 2, updated=1, total=3, pods=SLOW), "Running", "RollingUpdate"),
    "replacement crashes": (facts(2, 2, updated=1, total=3, pods=CRASH), "Degraded", "CrashLoopBackOff"),
    "cannot be applied": (facts(1, 0, applied=Problem("NameTaken", "taken", fatal=True)), "Failed", "NameTaken"),
    "cannot be applied but runs": (facts(1, 1, applied=Problem("Forbidden", "no")), "Degraded", "Forbidden"),
    "suspended while it runs": (facts(1, 1, applied=Problem("Suspended", "kept")), "Running", "Suspended"),
}


@pytest.mark.parametrize("case", PHASES)
def test_phase_and_reason(case: str) -> None:
    seen, phase, reason = PHASES[case]
    computed = status.compute(seen)
    assert (computed["phase"], computed["reason"]) == (phase, reason)
    ready = next(item for item in computed["conditions"] if item["type"] == "Ready")
    assert ready["status"] == ("True" if reason == "Ready" else "False")


@pytest.mark.parametrize("case", PHASES)
def test_no_text_is_empty_because_some_api_servers_take_that_for_null(case: str) -> None:
    computed = status.compute(PHASES[case][0])
    texts = [computed["message"], *(item["message"] for item in computed["conditions"])]
    assert all(texts)


def test_the_same_facts_are_not_written_twice() -> None:
    first = status.merge({}, status.compute(facts(2, 2)), NOW)
    assert first["lastUpdateTime"] == NOW
    assert status.merge(first, status.compute(facts(2, 2)), LATER) is first


def test_times_move_with_what_changed_and_stay_with_what_did_not() -> None:
    first = status.merge({}, status.compute(facts(2, 1, pods=SLOW)), NOW)
    second = status.merge(first, status.compute(facts(2, 2)), LATER)
    times = {item["type"]: item["lastTransitionTime"] for item in second["conditions"]}
    assert second["lastUpdateTime"] == LATER
    assert (times["Ready"], times["Available"], times["Applied"]) == (LATER, NOW, NOW)


def test_counts_of_an_earlier_spec_do_not_make_it_ready() -> None:
    stale = facts(2, 2)
    assert stale.deployment is not None
    stale.deployment["metadata"]["generation"] = 3
    assert status.compute(stale)["reason"] == "RollingUpdate"


def test_a_deployment_whose_status_lags_behind_leaves_the_status_alone_until_a_new_spec() -> None:
    seen = facts(2, 2)
    assert seen.deployment is not None
    seen.deployment["metadata"]["generation"] = 3
    seen.server["status"] = {"observedGeneration": 4}
    assert status.holds(seen)
    seen.server["status"] = {"observedGeneration": 3}
    assert not status.holds(seen)


def test_between_a_ready_pod_and_the_count_of_it_nothing_steps_back() -> None:
    seen = facts(1, 0)
    seen.server["status"] = {"phase": "Pending", "reason": "Installing", "message": "x", "observedGeneration": 4}
    assert status.compute(seen)["reason"] == "Installing"


def test_a_deleted_server_says_what_it_waits_for() -> None:
    server = {"metadata": {"name": "demo", "generation": 1, "deletionTimestamp": NOW}}
    computed = status.compute(Facts(server, leaving=("Deployment", "pods")))
    assert computed["message"] == "waiting for the end of: Deployment, pods"
    assert [item["type"] for item in computed["conditions"]] == ["Ready", "Available", "Progressing"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("image i cannot be pulled: gone", "image i cannot be pulled: gone"),
        ("the update does not get on: image i cannot be pulled: gone", "image i cannot be pulled: gone"),
        ("something else", "image i cannot be pulled"),
    ],
)
def test_the_fuller_words_for_the_same_trouble_stay(said: str, kept: str) -> None:
    before = {"reason": "ImagePullBackOff", "message": said, "observedGeneration": 4}
    server = {"metadata": {"generation": 4}, "status": before}
    steady = status.steady(server, Problem("ImagePullBackOff", "image i cannot be pulled", fatal=True))
    assert steady is not None
    assert steady.message == kept


def test_a_cause_that_is_gone_is_not_told_any_longer() -> None:
    before = {"reason": "Unschedulable", "message": "no node takes the pod: A, B", "observedGeneration": 4}
    now = Problem("Unschedulable", "no node takes the pod: A")
    assert status.steady({"metadata": {"generation": 4}, "status": before}, now) == now
