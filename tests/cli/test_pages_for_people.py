"""The status page, the description, ages and durations: exact looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_cli.durations import age, human, parse_duration
from mcp_cli.pods import ready_text, restarts, state_message, state_word
from mcp_cli.views.describe import describe_server, event_lines
from mcp_cli.views.status import page, why_not_ready
from mcp_cli.waiting import is_ready
from tests.cli.running import golden

pytestmark = pytest.mark.fast


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def running(**changes: Any) -> dict[str, Any]:
    server: dict[str, Any] = {
        "apiVersion": "mcp.allbeone.io/v1",
        "kind": "MCPServer",
        "metadata": {
            "name": "filesystem-server",
            "namespace": "default",
            "generation": 2,
            "creationTimestamp": ago(minutes=15, seconds=1),
        },
        "spec": {"registry": {"name": "filesystem-server"}, "runtime": {"type": "node", "package": "fs"}},
        "status": {
            "phase": "Running",
            "reason": "Ready",
            "message": "every replica is ready",
            "observedGeneration": 2,
            "readyReplicas": 1,
            "serviceEndpoint": "filesystem-server.default.svc.cluster.local:8080",
            "conditions": [
                condition("Ready", "True", "Ready", "every replica is ready"),
                condition("Available", "True", "Available", ""),
                condition("Progressing", "False", "Complete", ""),
                condition("Applied", "True", "Applied", ""),
                condition("RegistryFetched", "True", "RegistryFetched", "Registry data successfully fetched"),
            ],
        },
    }
    server["status"] |= changes
    return server


def condition(kind: str, status: str, reason: str, message: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": ago(minutes=15)}


def test_the_page_of_a_server_that_runs() -> None:
    assert page(running()).splitlines() == [
        "Name: filesystem-server",
        "Namespace: default",
        "Phase: Running",
        "Replicas: 1/1",
        "Endpoint: filesystem-server.default.svc.cluster.local:8080",
        "Age: 15m",
        "Registry: filesystem-server",
        "",
        "Conditions:",
        "  ✓ Ready: True",
        "  ✓ Available: True",
        "  ✓ RegistryFetched: True - Registry data successfully fetched",
    ]


def test_the_page_of_a_server_that_crashes_says_why_once() -> None:
    crash = "the server ended with exit code 1:\n  cannot open /data"
    conditions = [
        condition("Ready", "False", "CrashLoopBackOff", crash),
        condition("Progressing", "False", "CrashLoopBackOff", crash),
    ]
    text = page(
        running(phase="Failed", reason="CrashLoopBackOff", message=crash, readyReplicas=0, conditions=conditions)
    )
    assert (
        "Phase: Failed\nReason: CrashLoopBackOff\n"
        "Message: the server ended with exit code 1: cannot open /data\nReplicas: 0/1\n" in text
    )
    assert text.splitlines()[-2:] == [
        "  ✗ Ready: False - CrashLoopBackOff",
        "  ✗ Progressing: False - CrashLoopBackOff",
    ]


def test_a_condition_of_its_own_says_its_own_message() -> None:
    conditions = [condition("Ready", "False", "Stopped", "m"), condition("Applied", "False", "Forbidden", "no right")]
    text = page(running(phase="Failed", reason="Stopped", message="m", conditions=conditions))
    assert text.splitlines()[-1] == "  ✗ Applied: False - Forbidden: no right"


def test_the_page_is_coloured_only_when_asked() -> None:
    assert "\x1b[" not in page(running())
    assert "\x1b[32mRunning\x1b[0m" in page(running(), colour=True)


def test_ready_is_of_the_spec_as_it_is_now() -> None:
    assert is_ready(running())
    assert not is_ready(running(observedGeneration=1))
    assert not is_ready(running(phase="Degraded"))
    assert not is_ready(running(conditions=[condition("Ready", "False", "ToolsMissing", "it lacks the tool a")]))
    stopped = running(phase="Stopped", readyReplicas=0)
    stopped["spec"]["replicas"] = 0
    assert is_ready(stopped)


def test_why_a_server_is_not_ready() -> None:
    assert why_not_ready(running(reason="Installing", message="the package is being installed")) == (
        "Installing: the package is being installed"
    )
    fresh = running()
    del fresh["status"]
    assert why_not_ready(fresh) == "no operator has looked at it yet"


def pod(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "namespace": "default", "creationTimestamp": ago(minutes=15)},
        "spec": {"containers": [{"name": "mcp-server"}], "nodeName": "local"},
        "status": {"phase": "Pending", **status},
    }


@pytest.mark.parametrize(
    ("status", "word", "message"),
    [
        ({}, "Pending", ""),
        ({"phase": "Running", "containerStatuses": [{"ready": True, "state": {"running": {}}}]}, "Running", ""),
        (
            {
                "containerStatuses": [
                    {"restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}}
                ]
            },
            "CrashLoopBackOff",
            "back-off",
        ),
        ({"initContainerStatuses": [{"state": {"running": {}}}]}, "Init:Running", ""),
        (
            {
                "initContainerStatuses": [
                    {"state": {"terminated": {"exitCode": 1, "reason": "Error", "message": "no package"}}}
                ]
            },
            "Init:Error",
            "no package",
        ),
        (
            {
                "containerStatuses": [
                    {"state": {"terminated": {"reason": "Error", "message": "Error: no key\n    at f (/a.js:1:2)\n"}}}
                ]
            },
            "Error",
            "Error: no key",
        ),
        ({"phase": "Failed", "reason": "Evicted", "message": "no memory"}, "Evicted", "no memory"),
    ],
)
def test_the_word_for_a_pod(status: dict[str, Any], word: str, message: str) -> None:
    assert (state_word(pod(**status)), state_message(pod(**status))) == (word, message)


def test_counts_of_a_pod() -> None:
    one = pod(containerStatuses=[{"ready": True, "restartCount": 2}])
    assert (ready_text(one), restarts(one)) == ("1/1", 2)


def test_the_description_of_a_server(update_golden: bool) -> None:
    server = running(
        mcp={
            "serverInfo": {"name": "fs", "version": "1"},
            "protocolVersions": ["2026-07-28"],
            "sessions": False,
            "tools": ["read"],
        }
    )
    server["metadata"]["creationTimestamp"] = None
    event = {
        "metadata": {"creationTimestamp": ago(minutes=15)},
        "type": "Normal",
        "reason": "Started",
        "message": "Started container mcp-server",
        "involvedObject": {"kind": "Pod", "name": "p"},
        "count": 2,
    }
    text = describe_server(
        server, [pod(phase="Running", containerStatuses=[{"ready": True}], podIP="127.16.1.1")], [event]
    )
    golden("describe-server.txt", text + "\n", update=update_golden)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (150, "2m30s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (11_000, "3h3m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (180_000, "2d2h"),
        (864_000, "10d"),
        (63_072_000, "2y"),
        (760 * 86_400, "2y30d"),
        (9 * 365 * 86_400, "9y"),
        (-5, "<invalid>"),
    ],
)
def test_ages_as_kubectl_prints_them(seconds: float, text: str) -> None:
    assert human(seconds) == text


def test_an_age_that_is_not_known() -> None:
    assert age(None) == "<unknown>"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("1.5h", 5400), ("250ms", 0.25), ("45", 45), ("0", 0)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@given(st.text(alphabet="0123456789hms. -x"))
def test_a_duration_is_a_number_or_an_error_for_people(text: str) -> None:
    try:
        assert parse_duration(text) >= 0
    except ValueError as error:
        assert "30s" in str(error)


def test_the_description_tells_what_the_registry_says_of_a_server_that_it_completed() -> None:
    server = running()
    assert "Entry:" not in describe_server(server, [], [])
    said = {"name": "tools/default", "version": "1.0.0", "license": "MIT", "capabilities": ["tools", "prompts"]}
    server["status"]["registry"] = said
    text = describe_server(server, [], [])
    assert "Entry:" in text
    assert [line.split() for line in text.splitlines() if line.startswith("  ")][:4] == [
        ["MCPRegistry:", "tools/default"],
        ["Version:", "1.0.0"],
        ["License:", "MIT"],
        ["Capabilities:", "tools,", "prompts"],
    ]


def test_events_of_one_second_stand_as_they_were_written() -> None:
    def event(reason: str, version: str) -> dict[str, Any]:
        metadata = {"name": reason, "resourceVersion": version}
        return {"metadata": metadata, "reason": reason, "lastTimestamp": "2026-11-21T12:00:00Z", "message": "x"}

    lines = event_lines([event("Second", "100"), event("First", "99"), event("Third", "101")])
    assert [line.split()[1] for line in lines[2:]] == ["First", "Second", "Third"]
