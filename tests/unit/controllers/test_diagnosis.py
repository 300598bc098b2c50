"""What pod status means to a person: one reason, one sentence, the same while the trouble is."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.controllers.diagnosis import diagnose
from mcp_operator.controllers.problem import Problem

pytestmark = pytest.mark.fast

Object = dict[str, Any]


def pod(state: Object, *, last: Object | None = None, restarts: int = 0, init: bool = False, **status: Any) -> Object:
    container = {"name": "install" if init else "mcp-server", "image": "runner:1", "ready": False}
    container |= {"restartCount": restarts, "state": state, "lastState": last or {}}
    field = "initContainerStatuses" if init else "containerStatuses"
    return {"metadata": {"name": "demo-x"}, "status": {field: [container], **status}}


def ended(code: int, message: str = "", **more: str) -> Object:
    return {"terminated": {"exitCode": code, "reason": "Error", "message": message, **more}}


def unscheduled(message: str) -> Object:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {"metadata": {"name": "demo-x"}, "status": {"conditions": [condition]}}


CASES: dict[str, tuple[Object, str, str, bool]] = {
    "pull": (
        pod({"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}}),
        "ImagePullBackOff",
        "image runner:1 cannot be pulled: manifest unknown",
        True,
    ),
    "no engine": (
        pod({"waiting": {"reason": "ErrImageNeedsEngine", "message": "no container engine; install podman"}}),
        "ErrImageNeedsEngine",
        "container mcp-server cannot start: no container engine; install podman",
        True,
    ),
    "first crash": (pod(ended(1, "boom")), "Crashed", "container mcp-server ended with exit code 1: boom", False),
    "second crash": (
        pod({"waiting": {"reason": "CrashLoopBackOff"}}, last=ended(1, "boom"), restarts=1),
        "CrashLoopBackOff",
        "container mcp-server ended with exit code 1: boom",
        True,
    ),
    "a crash after a long life": (
        pod(
            {"running": {}},
            last=ended(1, "boom", startedAt="2026-01-01T00:00:00Z", finishedAt="2026-01-01T09:00:00Z"),
            restarts=7,
        ),
        "Crashed",
        "container mcp-server ended with exit code 1: boom",
        False,
    ),
    "out of memory": (
        pod({"running": {}}, last={"terminated": {"exitCode": 137, "reason": "OOMKilled"}}, restarts=3),
        "OOMKilled",
        "container mcp-server used more memory than its limit and was killed",
        True,
    ),
    "it ended well": (pod(ended(0)), "Crashed", "container mcp-server ended with exit code 0", False),
    "missing command": (
        pod(
            {"waiting": {"reason": "CrashLoopBackOff"}},
            last={"terminated": {"exitCode": 128, "reason": "StartError", "message": "no such file"}},
        ),
        "StartError",
        "container mcp-server cannot start: no such file",
        True,
    ),
    "install fails": (
        pod({"waiting": {"reason": "CrashLoopBackOff"}}, last=ended(1, "no package x on PyPI"), init=True, restarts=2),
        "InstallFailed",
        "the package cannot be installed: no package x on PyPI",
        True,
    ),
    "install runs": (pod({"running": {}}, init=True), "Installing", "the package is being installed", False),
    "install is over": (pod(ended(0), init=True), "PodsStarting", "the pods are starting", False),
    "evicted": (
        {"metadata": {}, "status": {"phase": "Failed", "reason": "Evicted", "message": "low on memory"}},
        "Evicted",
        "low on memory",
        False,
    ),
    "nothing yet": ({"metadata": {}, "status": {}}, "PodsStarting", "the pods are starting", False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_pod(case: str) -> None:
    found = diagnose(None, [CASES[case][0]])
    assert found is not None
    assert (found.reason, found.message, found.fatal) == CASES[case][1:]


def test_ready_and_leaving_pods_have_no_trouble() -> None:
    ready = {"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    leaving = {"metadata": {"deletionTimestamp": "now"}, "status": {}}
    assert diagnose(None, [ready, leaving]) is None


def test_what_will_not_pass_comes_before_what_may() -> None:
    found = diagnose(None, [CASES["install runs"][0], CASES["pull"][0]])
    assert found is not None
    assert found.reason == "ImagePullBackOff"


def test_pods_that_may_not_be_made_say_why_without_their_random_names() -> None:
    message = 'pods "demo-6f-x2z" is forbidden: violates PodSecurity "restricted:latest"'
    deployment = {
        "status": {
            "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}]
        }
    }
    found = diagnose(deployment, [])
    assert found is not None
    assert found.message == 'no pod can be made: pods are forbidden: violates PodSecurity "restricted:latest"'
    assert found.fatal


def test_the_line_of_the_error_is_found_in_a_long_output() -> None:
    found = diagnose(None, [pod(ended(1, "x" * 5000 + "\nValueError: the end\nbye"))])
    assert found is not None
    assert found.message == "container mcp-server ended with exit code 1: ValueError: the end | bye"


def test_what_a_bridge_chose_is_taken_from_the_end_of_a_log() -> None:
    """Where the bridge could not write the termination message, the kubelet takes the end of the log."""
    log = "    at f (a.js:1:2)\nmcp-bridge: the server ended with exit code 1; it last said:\n  Error: no key\n"
    found = diagnose(None, [pod(ended(1, "Error: no key\n" + log))])
    assert found is not None
    assert found.message == "container mcp-server ended with exit code 1: Error: no key"


def test_the_installer_is_not_named_twice() -> None:
    words = "mcp-bridge install: the package x does not exist in the package registry; check its name\n"
    found = diagnose(None, [pod(ended(1, words), init=True)])
    assert found is not None
    assert found.message == (
        "the package cannot be installed: the package x does not exist in the package registry; check its name"
    )


def test_no_credential_gets_into_a_status() -> None:
    found = diagnose(None, [pod({"waiting": {"reason": "ErrImagePull", "message": "GET https://me:pass@host/v2: no"}})])
    assert found is not None
    assert found.message == "image runner:1 cannot be pulled: GET https://me:***@host/v2: no"
    assert Problem("NotMCP", "refused: Bearer abcdefghijklmnop").message == "refused: Bearer ***"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            "0/3 nodes are available: 1 node(s) had taint {a: b}, that the pod didn't tolerate, 2 Insufficient cpu.",
            "no node takes the pod: Insufficient cpu, node(s) had taint {a: b}, that the pod didn't tolerate",
        ),
        (
            "0/7 nodes are available: 3 Insufficient cpu, 4 node(s) were unschedulable. preemption: 0/7 nodes are "
            "available: 7 Preemption is not helpful for scheduling.",
            "no node takes the pod: Insufficient cpu, node(s) were unschedulable",
        ),
        (
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new claims to "
            "deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
            "no node takes the pod: node(s) didn't match Pod's node affinity/selector",
        ),
        (
            'persistentvolumeclaim "10 x" not found',
            'persistentvolumeclaim "10 x" not found',
        ),
        ("no nodes available to schedule pods", "no nodes available to schedule pods"),
        ("", "no node for the pod yet"),
    ],
    ids=["1.20", "1.30", "1.36", "a claim", "no nodes", "nothing"],
)
def test_the_schedulers_words_stay_the_same_while_nodes_come_and_go(message: str, words: str) -> None:
    assert diagnose(None, [unscheduled(message)]) == Problem("Unschedulable", words)
    more = message.replace("0/", "0/1").replace(" 1 ", " 4 ").replace(" 2 ", " 11 ")
    assert diagnose(None, [unscheduled(more)]) == Problem("Unschedulable", words)
