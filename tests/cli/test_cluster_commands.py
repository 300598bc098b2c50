"""deploy -f, get, status, scale and delete against each control plane; no operator runs, the tests write the status."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcp_cli.kinds import SERVERS
from mcp_cli.kube import Cluster as Kube
from mcp_cli.target import from_files
from tests.cli.running import Result, lines_until, started
from tests.support.cluster import Cluster

Run = Callable[..., Result]

MANIFEST: dict[str, Any] = {
    "apiVersion": "mcp.allbeone.io/v1",
    "kind": "MCPServer",
    "metadata": {"name": "time", "labels": {"team": "clocks"}},
    "spec": {
        "registry": {"name": "time"},
        "runtime": {"type": "python", "package": "mcp-server-time"},
        "transport": {"type": "stdio"},
        "replicas": 2,
    },
}


@pytest.fixture
def kube(cluster: Cluster) -> Kube:
    return Kube(from_files([str(cluster.kubeconfig)], None))


@pytest.fixture
def time(on: Run) -> Iterator[Run]:
    assert deploy(on).stdout == "mcpserver.mcp.allbeone.io/time created\n"
    yield on


def deploy(on: Run, **spec: Any) -> Result:
    return on("deploy", "-f", "-", input=yaml.safe_dump(MANIFEST | {"spec": {**MANIFEST["spec"], **spec}}))


def test_strings_of_every_kind_arrive_as_they_were_written(on: Run) -> None:
    value = "😀 日本 \x7f \u2028 \\ud83d \ntail "
    assert deploy(on, env=[{"name": "GREETING", "value": value}]).code == 0
    assert on("get", "server", "time", "-o", "json").json["spec"]["env"][0]["value"] == value
    assert deploy(on, env=[{"name": "GREETING", "value": value}]).stdout.endswith(" unchanged\n")


def set_status(kube: Kube, cluster: Cluster, phase: str, ready: int = 0, **more: Any) -> None:
    """What an operator would write."""
    now = "2026-11-21T12:00:00Z"
    server = kube.get(SERVERS, "time", cluster.namespace)
    good = "True" if phase == "Running" else "False"
    condition = {
        "type": "Ready",
        "status": good,
        "reason": more.get("reason") or "Ready",
        "message": more.get("message") or "every replica is ready",
        "lastTransitionTime": now,
    }
    status = {
        "phase": phase,
        "observedGeneration": server["metadata"]["generation"],
        "image": "pypi:mcp-server-time",
        "tag": "latest",
        "replicas": 2,
        "readyReplicas": ready,
        "conditions": [condition],
        **more,
    }
    kube.merge(SERVERS, "time", {"status": status}, cluster.namespace, subresource="status")


def test_a_second_deploy_changes_only_what_differs(time: Run, kube: Kube, cluster: Cluster) -> None:
    before = kube.get(SERVERS, "time", cluster.namespace)
    assert deploy(time).stdout == "mcpserver.mcp.allbeone.io/time unchanged\n"
    assert kube.get(SERVERS, "time", cluster.namespace) == before
    assert deploy(time, replicas=3).stdout == "mcpserver.mcp.allbeone.io/time configured\n"
    after = kube.get(SERVERS, "time", cluster.namespace)
    assert after["spec"]["replicas"] == 3
    assert after["metadata"]["labels"]["app.kubernetes.io/created-by"] == "mcp-cli"
    assert {entry["manager"] for entry in after["metadata"]["managedFields"]} == {"mcp-cli"}


def test_a_field_that_is_left_out_goes(time: Run, kube: Kube, cluster: Cluster) -> None:
    spec = {key: value for key, value in MANIFEST["spec"].items() if key != "replicas"}
    time("deploy", "-f", "-", input=yaml.safe_dump(MANIFEST | {"spec": spec}))
    assert "replicas" not in kube.get(SERVERS, "time", cluster.namespace)["spec"]


def test_a_dry_run_on_the_server_checks_and_writes_nothing(time: Run, kube: Kube, cluster: Cluster) -> None:
    path = ("deploy", "-f", "-", "--dry-run=server")
    document = yaml.safe_dump(MANIFEST | {"spec": {**MANIFEST["spec"], "replicas": 9}})
    assert time(*path, input=document).stdout == "mcpserver.mcp.allbeone.io/time configured (server dry run)\n"
    assert kube.get(SERVERS, "time", cluster.namespace)["spec"]["replicas"] == 2
    broken = yaml.safe_dump(MANIFEST | {"spec": {**MANIFEST["spec"], "replicas": -1}})
    refused = time(*path, input=broken)
    assert refused.code == 1
    assert "spec.replicas" in refused.stderr


def test_a_list_for_people(time: Run, kube: Kube, cluster: Cluster) -> None:
    set_status(kube, cluster, "Running", 2)
    lines = time("get", "servers").stdout.splitlines()
    assert lines[0].split() == ["NAME", "IMAGE", "TAG", "REPLICAS", "READY", "PHASE", "AGE"]
    assert lines[1].split()[:6] == ["time", "pypi:mcp-server-time", "latest", "2", "2", "Running"]
    assert time("get", "-A").stdout.splitlines()[0].split()[0] == "NAMESPACE"
    assert "ENDPOINT" in time("get", "servers", "-o", "wide").stdout


def test_every_format_of_a_real_object(time: Run, cluster: Cluster) -> None:
    listed = time("get", "servers", "-o", "json").json
    assert listed["kind"] == "List"
    one = time("get", "server", "time", "-o", "json").json
    assert one == listed["items"][0]
    assert one["kind"] == "MCPServer"
    assert not {"managedFields", "resourceVersion"} & one["metadata"].keys()
    assert yaml.safe_load(time("get", "server", "time", "-o", "yaml").stdout) == one
    assert time("get", "server", "time", "-o", "name").stdout == "mcpserver.mcp.allbeone.io/time\n"
    assert time("get", "server", "time", "-o", "jsonpath={.spec.replicas}").stdout == "2"
    columns = time("get", "servers", "-o", "custom-columns=N:.metadata.name,R:.spec.replicas,X:.spec.no").stdout
    assert [line.split() for line in columns.splitlines()] == [["N", "R", "X"], ["time", "2", "<none>"]]


def test_kubectl_finds_the_same(time: Run, cluster: Cluster) -> None:
    expression = "{range .items[*]}{.metadata.name}{'='}{.spec.replicas}{'\\n'}{end}"
    ours = time("get", "servers", "-o", f"jsonpath={expression}").stdout
    assert ours == cluster.kubectl("get", "mcpservers", "-o", f"jsonpath={expression}") == "time=2\n"


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_what_was_printed_can_be_deployed_again(time: Run, form: str) -> None:
    printed = time("get", "servers", "-o", form).stdout
    first = time("deploy", "-f", "-", input=printed)  # takes over the defaults, which it names now
    assert first.stdout == "mcpserver.mcp.allbeone.io/time configured\n"
    assert time("deploy", "-f", "-", input=printed).stdout == "mcpserver.mcp.allbeone.io/time unchanged\n"
    time("delete", "time")
    assert time("deploy", "-f", "-", input=printed).stdout == "mcpserver.mcp.allbeone.io/time created\n"


def test_kubectl_applies_what_was_printed(time: Run, cluster: Cluster) -> None:
    printed = time("get", "servers", "-o", "yaml").stdout
    time("delete", "time")
    assert "created" in cluster.kubectl("apply", "-f", "-", input=printed)


def test_labels_select(time: Run) -> None:
    assert "time" in time("get", "-l", "team=clocks").stdout
    none = time("get", "-l", "team=other")
    assert (none.code, none.stdout) == (0, "")
    assert "No servers found" in none.stderr


def test_a_name_that_is_not_there_is_guessed(time: Run, cluster: Cluster) -> None:
    done = time("status", "tiem")
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f'error: there is no MCPServer "tiem" in namespace "{cluster.namespace}"',
        '       Did you mean "time"?',
    ]
    elsewhere = time("status", "time", "-n", "default")
    assert "There is one in namespace" in elsewhere.stderr


def test_the_status_page_says_what_is_wrong(time: Run, kube: Kube, cluster: Cluster) -> None:
    set_status(kube, cluster, "Failed", reason="PackageNotFound", message="there is no package mcp-server-tiem")
    lines = time("status", "time").stdout.splitlines()
    assert lines[:5] == [
        "Name: time",
        f"Namespace: {cluster.namespace}",
        "Phase: Failed",
        "Reason: PackageNotFound",
        "Message: there is no package mcp-server-tiem",
    ]
    assert "  ✗ Ready: False - PackageNotFound" in lines


def test_scale_writes_the_scale_subresource(time: Run, kube: Kube, cluster: Cluster) -> None:
    assert time("scale", "time", "--replicas", "5").stdout == "mcpserver.mcp.allbeone.io/time scaled\n"
    assert kube.get(SERVERS, "time", cluster.namespace)["spec"]["replicas"] == 5
    assert time("scale", "time", "--replicas", "7", "--dry-run=server", "-o", "json").json["spec"]["replicas"] == 7
    assert kube.get(SERVERS, "time", cluster.namespace)["spec"]["replicas"] == 5


def test_update_changes_what_the_flags_say(time: Run, kube: Kube, cluster: Cluster) -> None:
    before = kube.get(SERVERS, "time", cluster.namespace)["spec"]
    done = time("update", "time", "--env", "A=1", "--package", "mcp-server-time==1.0")
    assert done.stdout == "mcpserver.mcp.allbeone.io/time configured\n"
    expected = before | {"env": [{"name": "A", "value": "1"}]}
    expected["runtime"] = {**before["runtime"], "package": "mcp-server-time==1.0"}
    assert kube.get(SERVERS, "time", cluster.namespace)["spec"] == expected
    assert time("update", "time", "--env", "A=1").stdout == "mcpserver.mcp.allbeone.io/time unchanged\n"
    time("update", "time", "--image", "a/b:1", "--transport", "http")
    assert kube.get(SERVERS, "time", cluster.namespace)["spec"]["runtime"] == {"type": "docker", "image": "a/b:1"}
    assert time("update", "time").code == 2
    assert time("update", "time", "--image", "no image").code == 1


def test_waiting_ends_when_the_operator_says_so(time: Run, kube: Kube, cluster: Cluster) -> None:
    operator = threading.Timer(0.5, set_status, (kube, cluster, "Running", 2))
    operator.start()
    done = time("scale", "time", "--replicas", "2", "--wait", "--wait-timeout", "120s")
    operator.join()
    assert (done.code, done.stdout) == (0, "mcpserver.mcp.allbeone.io/time scaled\n")
    assert "time is ready: 2/2 replicas" in done.stderr


def test_a_wait_that_is_too_long_says_why(time: Run, kube: Kube, cluster: Cluster) -> None:
    done = time("scale", "time", "--replicas", "2", "--wait", "--wait-timeout", "1s")
    assert done.code == 124
    assert "runs one in the foreground; the embedded cluster has its own: `mcp local logs operator`." in done.stderr
    set_status(kube, cluster, "Pending", 1, reason="PodsStarting", message="1 of 2 is up")
    done = time("scale", "time", "--replicas", "2", "--wait", "--wait-timeout", "1s")
    assert done.code == 124
    assert done.stderr.splitlines() == [
        "time: Pending, 1/2 ready, PodsStarting: 1 of 2 is up",
        "error: time was not ready after 1s: PodsStarting: 1 of 2 is up",
        "       `mcp describe time` shows its pods and events, `mcp logs time` what it said.",
    ]


def test_a_restart_that_cannot_succeed_says_why(
    time: Run, kube: Kube, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_cli.rollouts.HOPELESS_AFTER", 0.0)
    set_status(kube, cluster, "Failed", reason="CrashLoopBackOff", message="it ended with exit code 1")
    done = time("restart", "time", "--wait", "--wait-timeout", "120s")
    assert done.code == 1
    assert "error: time cannot become ready: CrashLoopBackOff: it ended with exit code 1\n" in done.stderr


@pytest.mark.parametrize("command", ["logs", "restart"])
def test_a_server_that_runs_elsewhere_has_no_pods_to_work_on(on: Run, command: str) -> None:
    spec = {"runtime": {"type": "remote", "url": "https://tools.example.com/mcp"}}
    assert on("deploy", "-f", "-", input=yaml.safe_dump(MANIFEST | {"spec": spec})).code == 0
    done = on(command, "time")
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: time runs elsewhere, at https://tools.example.com/mcp: it has no pods\n")


def test_a_wait_for_a_server_that_runs_elsewhere_points_at_no_pods(on: Run, kube: Kube, cluster: Cluster) -> None:
    spec = {"runtime": {"type": "remote", "url": "https://tools.example.com/mcp"}}
    assert on("deploy", "-f", "-", input=yaml.safe_dump(MANIFEST | {"spec": spec})).code == 0
    set_status(kube, cluster, "Failed", reason="NoAnswer", message="it does not answer")
    done = on("deploy", "-f", "-", "--wait", "--wait-timeout", "1s", input=yaml.safe_dump(MANIFEST | {"spec": spec}))
    assert done.code == 124
    assert "It runs elsewhere: correct its address or headers, or wait; `mcp status time --watch` tells." in done.stderr


def test_an_older_status_is_not_taken_for_the_new_spec(time: Run, kube: Kube, cluster: Cluster) -> None:
    set_status(kube, cluster, "Running", 2)
    done = time("scale", "time", "--replicas", "4", "--wait", "--wait-timeout", "1s")
    assert done.code == 124


def test_delete(time: Run) -> None:
    assert time("delete", "time", "--dry-run").stdout == 'mcpserver.mcp.allbeone.io "time" deleted (dry run)\n'
    done = time("delete", "time", "--wait", "--wait-timeout", "120s")
    assert (done.code, done.stdout) == (0, 'mcpserver.mcp.allbeone.io "time" deleted\n')
    assert time("delete", "time").code == 1
    assert time("delete", "time", "--ignore-not-found").code == 0


def test_deploying_what_is_being_deleted_waits_and_creates_it_anew(time: Run, kube: Kube, cluster: Cluster) -> None:
    hold = {"metadata": {"finalizers": ["example.com/hold"]}}
    old = kube.merge(SERVERS, "time", hold, cluster.namespace)["metadata"]["uid"]
    assert time("delete", "time").code == 0
    tried = time("deploy", "-f", "-", "--dry-run=server", input=yaml.safe_dump(MANIFEST))
    assert "note: MCPServer time is being deleted; a deploy waits until it is gone" in tried.stderr
    done = time("deploy", "-f", "-", "--wait-timeout", "1s", input=yaml.safe_dump(MANIFEST))
    assert (done.code, done.stdout) == (124, "")
    assert "MCPServer time is being deleted; it is created anew once it is gone" in done.stderr
    let_go = {"metadata": {"finalizers": None}}
    operator = threading.Timer(0.5, kube.merge, (SERVERS, "time", let_go, cluster.namespace))
    operator.start()
    done = time("deploy", "-f", "-", "--wait-timeout", "120s", input=yaml.safe_dump(MANIFEST))
    operator.join()
    assert (done.code, done.stdout) == (0, "mcpserver.mcp.allbeone.io/time created\n")
    assert kube.get(SERVERS, "time", cluster.namespace)["metadata"]["uid"] != old


def test_delete_by_label_by_file_and_all(on: Run) -> None:
    deploy(on)
    assert on("delete", "-l", "team=clocks", "-o", "name").stdout == "mcpserver.mcp.allbeone.io/time\n"
    deploy(on)
    assert on("delete", "-f", "-", input=yaml.safe_dump(MANIFEST)).code == 0
    deploy(on)
    assert on("delete", "--all").code == 0
    assert on("delete").code == 2
    assert on("delete", "time", "--all").code == 2


def test_waiting_for_a_deletion_waits_for_the_children(time: Run, cluster: Cluster) -> None:
    cluster.kubectl("create", "configmap", "left")
    labels = (
        "app.kubernetes.io/name=mcp-server",
        "app.kubernetes.io/instance=time",
        "app.kubernetes.io/managed-by=mcp-operator",
    )
    cluster.kubectl("label", "configmap", "left", *labels)
    done = time("delete", "time", "--wait", "--wait-timeout", "1s")
    assert done.code == 124
    assert "ConfigMap left did not go in time" in done.stderr


@pytest.fixture
def env(cluster: Cluster) -> dict[str, str | None]:
    """For a command that is a process of its own."""
    return {"KUBECONFIG": str(cluster.kubeconfig), "MCP_NAMESPACE": cluster.namespace}


def test_watching_prints_what_changes(time: Run, kube: Kube, cluster: Cluster, env: dict[str, str | None]) -> None:
    with started("get", "servers", "--watch", env=env) as watching:
        head, row = (line.split() for line in lines_until(watching, lambda line: line.startswith("time ")))
        assert (head[0], row[5]) == ("NAME", "Pending")
        set_status(kube, cluster, "Running", 2)
        (changed,) = (line.split() for line in lines_until(watching, lambda line: line.startswith("time ")))
        assert changed[5] == "Running"


def test_a_status_that_is_watched_is_printed_on_change(
    time: Run, kube: Kube, cluster: Cluster, env: dict[str, str | None]
) -> None:
    with started("status", "time", "--watch", env=env) as watching:
        first = lines_until(watching, lambda line: line.startswith("Phase:"))
        set_status(kube, cluster, "Running", 2)
        second = lines_until(watching, lambda line: line.startswith("Phase:"))
        assert [first[-1], second[-1]] == ["Phase: Pending", "Phase: Running"]


@pytest.mark.parametrize("command", [("get", "servers"), ("status", "time")])
def test_a_watch_ends_with_the_time_for_all(time: Run, command: tuple[str, ...]) -> None:
    assert time(*command, "--watch", "--timeout", "500ms").code == 124


def test_a_namespace_that_is_not_there(time: Run) -> None:
    done = time("deploy", "-f", "-", "-n", "no-such-namespace", input=yaml.safe_dump(MANIFEST))
    assert done.code == 1
    assert 'there is no namespace "no-such-namespace"' in done.stderr


def test_a_field_that_does_not_exist(on: Run, cluster: Cluster) -> None:
    done = deploy(on, replcas=3)
    if cluster.minor >= 25:
        assert done.code == 1
        assert done.stderr.splitlines() == [
            'error: MCPServer "time" is not valid: spec.replcas: no such field',
            "       `kubectl explain mcpservers.spec` tells the fields; --dry-run=server checks without writing.",
        ]


def test_any_kind_can_stand_beside_the_server(on: Run, cluster: Cluster) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"A": "b"}}
    done = on("deploy", "-f", "-", input="---\n".join(yaml.safe_dump(one) for one in (secret, MANIFEST)))
    assert done.stdout == "secret/keys created\nmcpserver.mcp.allbeone.io/time created\n"
    assert cluster.kubectl_json("get", "secret", "keys")["data"] == {"A": "Yg=="}
    assert on("deploy", "-f", "-", input=json.dumps({**secret, "kind": "Nope"})).code == 1


def test_a_plain_secret_value_goes_into_a_secret_of_the_server(on: Run, cluster: Cluster, tmp_path: Path) -> None:
    entry = tmp_path / "servers" / "search" / "server.yaml"
    entry.parent.mkdir(parents=True)
    secrets = "config: {secrets: [{name: search.api_key, env: SEARCH_API_KEY}]}"
    entry.write_text(f"name: search\nimage: mcp/search\ntype: server\n{secrets}\n")
    on("registry", "add", "own", "--dir", str(tmp_path))
    done = on("deploy", "search", "--command", "search-mcp", "--set", "SEARCH_API_KEY=abc")
    assert done.code == 0, done.stderr
    server = on("get", "server", "search", "-o", "json").json
    reference = server["spec"]["env"][0]["valueFrom"]["secretKeyRef"]
    secret = cluster.kubectl_json("get", "secret", reference["name"])
    assert secret["data"] == {reference["key"]: "YWJj"}
    assert secret["metadata"]["ownerReferences"][0]["uid"] == server["metadata"]["uid"]


def test_a_cluster_without_our_kinds_says_how_to_get_them(cluster: Cluster, control_plane: Any, on: Run) -> None:
    from mcp_operator.runtime.resources import CRDS, Resource

    missing = Resource("mcp.allbeone.io", "v9", "mcpservers", "MCPServer")
    kube = Kube(from_files([str(cluster.kubeconfig)], None))
    from mcp_cli.errors import KindMissing

    with pytest.raises(KindMissing) as failed:
        kube.list(missing, cluster.namespace)
    assert "mcp operator manifests" in failed.value.hint
    assert kube.get(CRDS, "mcpservers.mcp.allbeone.io")["kind"] == "CustomResourceDefinition"
