"""The status of a pod from the states of its containers, by the kubelet's rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mcp_cli.local.node.recover import first_states
from mcp_cli.local.node.states import ContainerState, Running, Terminated, Waiting
from mcp_cli.local.node.status import PodFacts, changed, pod_phase, pod_status, qos_class, should_restart

pytestmark = pytest.mark.fast
MOMENT = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
NOW = "2026-11-21T11:00:00Z"


def pod(policy: str = "Always", inits: int = 0, **status: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "restartPolicy": policy,
        "containers": [{"name": "main", "image": "i"}],
        "initContainers": [{"name": f"init{number}", "image": "i"} for number in range(inits)],
    }
    return {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": spec, "status": status}


def ended(code: int, reason: str = "Error") -> Terminated:
    return Terminated(code, reason, MOMENT, MOMENT, "host://x")


def running(*, ready: bool = True) -> ContainerState:
    state = ContainerState({"name": "main", "image": "i"}, Running(MOMENT))
    state.started, state.ready = True, ready
    return state


def status_of(the_pod: dict[str, Any], inits: list[ContainerState], mains: list[ContainerState], **more: Any):
    return pod_status(PodFacts(the_pod, "127.9.0.1", "127.9.1.1", NOW, NOW, **more), inits, mains)


def condition(status: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(entry for entry in status["conditions"] if entry["type"] == kind)


@pytest.mark.parametrize(
    ("policy", "codes", "phase"),
    [
        ("Never", [0, 0], "Succeeded"),
        ("Never", [0, 1], "Failed"),
        ("OnFailure", [0, 0], "Succeeded"),
    ],
)
def test_a_pod_whose_containers_are_done_has_a_final_phase(policy: str, codes: list[int], phase: str) -> None:
    states = [ContainerState({"name": str(code), "image": "i"}, ended(code), done=True) for code in codes]
    assert pod_phase({"restartPolicy": policy}, [], states) == phase


def test_a_container_in_back_off_leaves_the_pod_running() -> None:
    state = ContainerState({"name": "main", "image": "i"}, Waiting("CrashLoopBackOff"), last=ended(1))
    assert pod_phase({}, [], [state]) == "Running"


def test_a_container_that_never_started_leaves_the_pod_pending() -> None:
    states = [running(), ContainerState({"name": "b", "image": "i"}, Waiting("ContainerCreating"))]
    assert pod_phase({}, [], states) == "Pending"


def test_a_failed_init_container_ends_a_pod_that_never_restarts_and_keeps_others_pending() -> None:
    failed = ContainerState({"name": "init", "image": "i"}, ended(1), done=True)
    waiting = ContainerState({"name": "main", "image": "i"}, Waiting("PodInitializing"))
    assert pod_phase({"restartPolicy": "Never"}, [failed], [waiting]) == "Failed"
    failed.done = False
    assert pod_phase({"restartPolicy": "Always"}, [failed], [waiting]) == "Pending"


def test_conditions_name_the_containers_that_are_not_ready() -> None:
    status = status_of(pod(), [], [running(ready=False)])
    assert condition(status, "Ready")["status"] == "False"
    assert condition(status, "ContainersReady")["message"] == "containers with unready status: [main]"
    assert condition(status, "Initialized")["status"] == "True"
    assert status["containerStatuses"][0]["started"] is True


def test_a_condition_keeps_its_time_while_its_value_stays() -> None:
    old = [{"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}]
    status = status_of(pod(conditions=old), [], [running()])
    assert condition(status, "Ready")["lastTransitionTime"] == "2020-01-01T00:00:00Z"
    assert condition(status, "Initialized")["lastTransitionTime"] == NOW


def test_a_readiness_gate_holds_the_pod_back_until_its_condition_is_true() -> None:
    the_pod = pod()
    the_pod["spec"]["readinessGates"] = [{"conditionType": "x.example/up"}]
    assert condition(status_of(the_pod, [], [running()]), "Ready")["reason"] == "ReadinessGatesNotReady"
    the_pod["status"]["conditions"] = [{"type": "x.example/up", "status": "True"}]
    assert condition(status_of(the_pod, [], [running()]), "Ready")["status"] == "True"


def test_a_pod_that_the_agent_ended_says_why() -> None:
    status = status_of(pod(), [], [running()], ended=("DeadlineExceeded", "too long"))
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "DeadlineExceeded", "too long")


def test_a_status_that_was_written_counts_as_unchanged() -> None:
    status = status_of(pod(), [], [running()])
    assert not changed(status, status_of(pod(), [], [running()]))
    assert changed(status, status_of(pod(), [], [running(ready=False)]))


@pytest.mark.parametrize(
    ("policy", "code", "again"),
    [("Always", 0, True), ("OnFailure", 0, False), ("OnFailure", 3, True), ("Never", 3, False)],
)
def test_restart_policy(policy: str, code: int, again: bool) -> None:
    assert should_restart(policy, code) is again


def test_qos_class_follows_requests_and_limits() -> None:
    full = {"cpu": "1", "memory": "1Gi"}

    def spec(resources: dict[str, Any]) -> dict[str, Any]:
        return {"containers": [{"name": "a", "resources": resources}]}

    assert qos_class(spec({})) == "BestEffort"
    assert qos_class(spec({"requests": {"cpu": "1"}})) == "Burstable"
    assert qos_class(spec({"requests": full, "limits": full})) == "Guaranteed"
    assert qos_class(spec({"limits": full})) == "Guaranteed"


RAN = {
    "name": "main",
    "containerID": "host://old",
    "restartCount": 2,
    "state": {"running": {"startedAt": "2026-11-21T10:00:00Z"}},
}


def test_after_a_restart_of_the_agent_a_container_that_ran_counts_one_restart_more() -> None:
    _, (main,) = first_states(pod(phase="Running", containerStatuses=[RAN]), MOMENT)
    assert main.restarts == 3
    assert main.last is not None and (main.last.exit_code, main.last.reason) == (255, "Unknown")
    assert not main.done


def test_after_a_restart_of_the_agent_a_container_that_must_not_restart_stays_ended() -> None:
    _, (main,) = first_states(pod("Never", phase="Running", containerStatuses=[RAN]), MOMENT)
    assert main.done and isinstance(main.state, Terminated)
    assert pod_phase({"restartPolicy": "Never"}, [], [main]) == "Failed"
    assert main.restarts == 2


def test_a_pod_that_was_over_is_not_run_again() -> None:
    before = {**RAN, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
    _, (main,) = first_states(pod("OnFailure", phase="Succeeded", containerStatuses=[before]), MOMENT)
    assert main.done and main.succeeded and main.restarts == 2


def test_a_container_that_never_ran_begins_without_a_restart() -> None:
    before = {"name": "main", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}
    (init,), (main,) = first_states(pod(inits=1, containerStatuses=[before]), MOMENT)
    assert (main.restarts, init.restarts, main.last) == (0, 0, None)
    assert main.state == Waiting("PodInitializing")
