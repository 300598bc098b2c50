"""The life of pods through the Kubernetes API, on the embedded cluster and beside real control planes."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from typing import Any

import pytest

from tests.local.node.harness import Node, is_ready, shell, status_of, waiting_reason, web
from tests.local.node.waiting import until
from tests.support.cluster import Cluster

FOREVER = "exec sleep 3600"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def last_line(cluster: Cluster, pod: str) -> str:
    return (cluster.kubectl("logs", pod, check=False).splitlines() or [""])[-1]


def test_a_pod_runs_gets_ready_serves_logs_and_goes(node: Node, cluster: Cluster) -> None:
    prepare = shell("echo prepared; echo hello >/data/index.html", "prepare")
    mount = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    volumes = [{"name": "data", "emptyDir": {}}]
    node.run("web", web() | mount, initContainers=[prepare | mount], volumes=volumes)
    pod = node.until_ready("web")
    status = pod["status"]
    assert status["phase"] == "Running"
    assert status["podIP"].startswith("127.") and status["podIPs"] == [{"ip": status["podIP"]}]
    assert status["podIP"] != status["hostIP"]
    assert status_of(pod, "prepare")["state"]["terminated"]["reason"] == "Completed"
    assert status_of(pod)["containerID"].startswith("host://") and status_of(pod)["started"] is True
    assert urllib.request.urlopen(f"http://{status['podIP']}:8080/", timeout=60).read() == b"hello\n"
    assert cluster.kubectl("logs", "web", "-c", "prepare") == "prepared\n"
    assert "GET / HTTP/1.1" in cluster.kubectl("logs", "web", "-c", "main")
    node.delete("pods", "web")
    until(lambda: node.pod("web") is None, "the pod is gone")


def test_jobs_of_a_pod_succeed_and_fail(node: Node) -> None:
    node.run("good", shell("exit 0"), restartPolicy="Never")
    node.run("bad", shell("echo 'no luck' >/dev/termination-log; exit 7"), restartPolicy="Never")
    assert status_of(node.until_phase("good", "Succeeded"))["state"]["terminated"]["exitCode"] == 0
    ended = status_of(node.until_phase("bad", "Failed"))["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"], ended["message"]) == (7, "Error", "no luck\n")


def test_a_crashing_container_backs_off(node: Node, cluster: Cluster) -> None:
    node.run("crash", shell("echo run $$; exit 3"))
    pod = node.until_pod("crash", lambda pod: waiting_reason(pod) == "CrashLoopBackOff", "CrashLoopBackOff")
    status = status_of(pod)
    assert status["restartCount"] == 1, "the first restart comes at once"
    assert status["lastState"]["terminated"]["exitCode"] == 3
    assert status["state"]["waiting"]["message"].startswith("back-off 10s restarting failed container=main pod=crash_")
    assert pod["status"]["phase"] == "Running" and not is_ready(pod)
    node.until_event("crash", "BackOff", "Back-off restarting failed container main")
    now, before = cluster.kubectl("logs", "crash"), cluster.kubectl("logs", "crash", "--previous")
    assert now.startswith("run") and before.startswith("run") and now != before


def test_on_failure_restarts_only_failures(node: Node) -> None:
    script = "if [ -e /state/tried ]; then exit 0; fi; touch /state/tried; exit 1"
    mount = {"volumeMounts": [{"name": "state", "mountPath": "/state"}]}
    node.run("twice", shell(script) | mount, restartPolicy="OnFailure", volumes=[{"name": "state", "emptyDir": {}}])
    status = status_of(node.until_phase("twice", "Succeeded"))
    assert status["restartCount"] == 1


def test_a_failing_init_container_keeps_the_others_from_starting(node: Node) -> None:
    node.run("once", shell(FOREVER), initContainers=[shell("exit 4", "init")], restartPolicy="Never")
    pod = node.until_phase("once", "Failed")
    assert status_of(pod, "init")["state"]["terminated"]["exitCode"] == 4
    assert waiting_reason(pod) == "PodInitializing"
    node.run("again", shell(FOREVER), initContainers=[shell("exit 4", "init")])
    pod = node.until_pod("again", lambda pod: waiting_reason(pod, "init") == "CrashLoopBackOff", "back-off")
    assert pod["status"]["phase"] == "Pending" and waiting_reason(pod) == "PodInitializing"


def test_init_containers_run_in_order_and_a_sidecar_runs_beside(node: Node, cluster: Cluster) -> None:
    if cluster.minor < 29:
        pytest.skip("sidecar containers came with Kubernetes 1.29")
    mount = {"volumeMounts": [{"name": "d", "mountPath": "/d"}]}
    first = shell("sleep 0.2; echo 1 >>/d/order", "first")
    sidecar = shell("echo side >>/d/order; exec sleep 3600", "side", restartPolicy="Always")
    second = shell("until grep -q side /d/order; do sleep 0.05; done; echo 2 >>/d/order", "second")
    inits = [container | mount for container in (first, sidecar, second)]
    node.run("ordered", shell("cat /d/order") | mount, initContainers=inits, restartPolicy="Never",
             volumes=[{"name": "d", "emptyDir": {}}])  # fmt: skip
    node.until_phase("ordered", "Succeeded")
    assert cluster.kubectl("logs", "ordered", "-c", "main").split() == ["1", "side", "2"]


@pytest.mark.parametrize(
    ("container", "reason", "words"),
    [
        (shell("x", command=["no-such-program"]), "CrashLoopBackOff", "executable file not found in $PATH"),
        (
            shell("x", env=[{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "k"}}}]),
            "CreateContainerConfigError",
            'configmap "none" not found',
        ),
        (
            shell("x", envFrom=[{"secretRef": {"name": "none"}}]),
            "CreateContainerConfigError",
            'secret "none" not found',
        ),
        ({"name": "main", "image": "mcp.allbeone.io/host"}, "CreateContainerError", "no command specified"),
        ({"name": "main", "image": "example.test/x:1"}, "ImagePullBackOff", "no container engine is there"),
    ],
)
def test_what_cannot_start_says_why(node: Node, container: dict[str, Any], reason: str, words: str) -> None:
    node.run("stuck", container)
    pod = node.until_pod("stuck", lambda pod: waiting_reason(pod) == reason, reason)
    status = status_of(pod)
    told = (status["lastState"].get("terminated") or status["state"]["waiting"])["message"]
    assert words in told
    node.until_event("stuck", "Failed", words)


def test_a_start_error_is_a_run_with_exit_code_128(node: Node) -> None:
    node.run("missing", shell("x", command=["/no/such"]), restartPolicy="Never")
    ended = status_of(node.until_phase("missing", "Failed"))["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")


def test_a_taken_port_is_in_the_log_and_a_crash(node: Node, cluster: Cluster) -> None:
    script = (
        "import socket, time\n"
        "first = socket.create_server(('$(POD_IP)', 8080))\n"
        "second = socket.create_server(('$(POD_IP)', 8080))\n"
    )
    node.run("taken", web(command=["python3", "-c", script]))
    pod = node.until_pod("taken", lambda pod: waiting_reason(pod) == "CrashLoopBackOff", "CrashLoopBackOff")
    assert "Address already in use" in cluster.kubectl("logs", "taken")
    assert status_of(pod)["lastState"]["terminated"]["exitCode"] == 1


def test_a_config_map_that_comes_later_lets_the_pod_start(node: Node) -> None:
    node.run("later", shell(FOREVER, envFrom=[{"configMapRef": {"name": "settings"}}]))
    node.run("mounted", shell(FOREVER), volumes=[{"name": "v", "configMap": {"name": "settings"}}])
    node.until_pod("later", lambda pod: waiting_reason(pod) == "CreateContainerConfigError", "waiting")
    node.until_event(
        "mounted", "FailedMount", 'MountVolume.SetUp failed for volume "v" : configmap "settings" not found'
    )
    node.config_map("settings", level="debug")
    node.until_ready("later")
    node.until_ready("mounted")


def test_environment_from_every_source(node: Node, cluster: Cluster) -> None:
    node.config_map("settings", level="debug")
    node.create("secrets", {"metadata": {"name": "keys"}, "stringData": {"token": "s3cret"}})
    env = [
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
        {"name": "JOINED", "value": "$(C_level)/$(TOKEN)"},
    ]
    container = shell(
        "echo $TOKEN $NODE $IP $MEMORY $JOINED $(JOINED)",
        env=env,
        envFrom=[{"prefix": "C_", "configMapRef": {"name": "settings"}}],
        resources={"limits": {"memory": "64Mi"}},
    )
    node.run("env", container, restartPolicy="Never")
    pod = node.until_phase("env", "Succeeded")
    assert cluster.kubectl("logs", "env").split() == [
        *("s3cret", node.name, pod["status"]["podIP"], "64", "debug/s3cret", "debug/s3cret"),
    ]


def test_a_mounted_config_map_follows_its_object(node: Node, cluster: Cluster) -> None:
    node.config_map("settings", mode="one")
    script = "while :; do cat /etc/settings/mode; echo; sleep 0.1; done"
    mount = {"volumeMounts": [{"name": "v", "mountPath": "/etc/settings"}]}
    node.run("reader", shell(script) | mount, volumes=[{"name": "v", "configMap": {"name": "settings"}}])
    until(lambda: "one" in last_line(cluster, "reader"), "the first value is read")
    node.replace("configmaps", {"metadata": {"name": "settings"}, "data": {"mode": "two"}})
    until(lambda: "two" in cluster.kubectl("logs", "reader", "--tail=2"), "the second value is read")


def test_secrets_and_the_downward_api_as_files(node: Node, cluster: Cluster) -> None:
    node.create("secrets", {"metadata": {"name": "keys"}, "stringData": {"token": "s3cret"}})
    sources = [
        {"secret": {"name": "keys", "items": [{"key": "token", "path": "deep/token"}]}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
    ]
    mount = {"volumeMounts": [{"name": "v", "mountPath": "/etc/all"}]}
    node.run("files", shell("cat /etc/all/deep/token /etc/all/labels") | mount, restartPolicy="Never",
             labels={"app": "x"}, volumes=[{"name": "v", "projected": {"sources": sources}}])  # fmt: skip
    node.until_phase("files", "Succeeded")
    assert cluster.kubectl("logs", "files") == 's3cretapp="x"'


def test_termination_is_asked_for_first_and_forced_after_the_grace(node: Node, cluster: Cluster) -> None:
    polite = "trap 'echo bye; exit 0' TERM; echo $$; while :; do sleep 0.05; done"
    node.run("polite", shell(polite), terminationGracePeriodSeconds=600)
    node.run("stubborn", shell("trap '' TERM; echo $$; while :; do sleep 0.05; done"), terminationGracePeriodSeconds=1)
    pids = [int(until(lambda name=name: last_line(cluster, name), f"{name} runs")) for name in ("polite", "stubborn")]
    began = time.monotonic()
    node.delete("pods", "stubborn")
    node.delete("pods", "polite")
    until(lambda: node.pod("polite") is None, "the polite pod is gone, long before its grace is over")
    until(lambda: node.pod("stubborn") is None, "the stubborn pod is gone")
    assert time.monotonic() - began >= 1, "the grace was granted"
    assert not any(alive(pid) for pid in pids)


def test_a_pod_that_is_being_deleted_says_so_until_its_processes_ended(node: Node) -> None:
    node.run("slow", shell("trap 'sleep 1; exit 0' TERM; while :; do sleep 0.05; done"))
    node.until_ready("slow")
    node.delete("pods", "slow")
    pod = node.pod("slow")
    assert pod is not None and pod["metadata"]["deletionTimestamp"]
    node.until_event("slow", "Killing", "Stopping container main")
    until(lambda: node.pod("slow") is None, "the pod is gone")


def test_a_forced_deletion_ends_the_process_too(node: Node, cluster: Cluster) -> None:
    node.run("forced", shell("echo $$; " + FOREVER))
    pid = int(until(lambda: last_line(cluster, "forced"), "it runs"))
    node.delete("pods", "forced", grace=0)
    until(lambda: not alive(pid), "the process ended")


def test_hooks_run_after_the_start_and_before_the_end(node: Node, cluster: Cluster) -> None:
    lifecycle = {
        "postStart": {"exec": {"command": ["sh", "-c", "echo after >>/d/log"]}},
        "preStop": {"exec": {"command": ["sh", "-c", "echo before >>/d/log"]}},
    }
    mount = {"volumeMounts": [{"name": "d", "mountPath": "/d"}]}
    script = "trap 'cat /d/log; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    volumes = [{"name": "d", "emptyDir": {}}]
    node.run("hooked", shell(script, lifecycle=lifecycle) | mount, volumes=volumes, terminationGracePeriodSeconds=30)
    node.until_ready("hooked")
    follower = subprocess.Popen(cluster.kubectl_argv("logs", "-f", "hooked"), stdout=subprocess.PIPE, text=True)
    assert follower.stdout is not None and follower.stdout.readline() == "up\n"
    node.delete("pods", "hooked")
    assert follower.communicate(timeout=60)[0].split() == ["after", "before"]
    assert follower.returncode == 0, "following ends with the container"


def test_a_failing_liveness_probe_restarts_the_container(node: Node) -> None:
    # On a busy machine a probe takes its time, and the second run may be caught before it removed the file.
    probe = {"exec": {"command": ["sh", "-c", "test ! -e /d/sick"]}, "periodSeconds": 1, "failureThreshold": 1}
    probe |= {"timeoutSeconds": 30}
    script = "if [ ! -e /d/ran ]; then touch /d/ran; (sleep 1; touch /d/sick) & else rm -f /d/sick; fi; exec sleep 3600"
    mount = {"volumeMounts": [{"name": "d", "mountPath": "/d"}]}
    node.run("sick", shell(script, livenessProbe=probe) | mount, volumes=[{"name": "d", "emptyDir": {}}])
    pod = node.until_pod("sick", lambda pod: status_of(pod).get("restartCount", 0) >= 1 and is_ready(pod), "restarted")
    assert status_of(pod)["lastState"]["terminated"]["exitCode"] == 143
    node.until_event("sick", "Killing", "failed liveness probe, will be restarted")
    node.until_event("sick", "Unhealthy", "Liveness probe failed")


def test_an_active_deadline_ends_the_pod(node: Node) -> None:
    node.run("late", shell(FOREVER), activeDeadlineSeconds=1, restartPolicy="Never")
    assert node.until_phase("late", "Failed")["status"]["reason"] == "DeadlineExceeded"


def test_readiness_gates_hold_a_pod_back(node: Node) -> None:
    node.run("gated", shell(FOREVER), readinessGates=[{"conditionType": "test.example/up"}])
    pod = node.until_pod("gated", lambda pod: status_of(pod).get("ready"), "its container is ready")
    assert not is_ready(pod)
    pod["status"]["conditions"].append({"type": "test.example/up", "status": "True"})
    node.api.call("PUT", f"/api/v1/namespaces/{node.namespace}/pods/gated/status", pod)
    node.until_ready("gated")


def test_a_pod_at_rest_is_not_written(node: Node) -> None:
    probe = {"exec": {"command": ["true"]}, "periodSeconds": 1, "timeoutSeconds": 30}
    node.run("calm", shell(FOREVER, readinessProbe=probe))
    version = node.until_ready("calm")["metadata"]["resourceVersion"]
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        assert node.pod("calm")["metadata"]["resourceVersion"] == version
        time.sleep(0.2)
