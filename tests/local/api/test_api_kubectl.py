"""The real kubectl, on every control plane: what people type every day."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
import yaml

from tests.local.api.objects import config_map, deployment, pod, service
from tests.support.cluster import Cluster


def test_apply_creates_configures_and_leaves_alone(cluster: Cluster) -> None:
    manifest = yaml.safe_dump_all([deployment("web", 0), service("web")])
    said = [cluster.kubectl("apply", "-f", "-", input=manifest) for _ in range(2)]
    assert said[0].splitlines() == ["deployment.apps/web created", "service/web created"]
    assert said[1].splitlines() == ["deployment.apps/web unchanged", "service/web unchanged"]
    changed = cluster.kubectl("apply", "-f", "-", input=yaml.safe_dump(deployment("web", 1)))
    assert changed == "deployment.apps/web configured\n"


def test_apply_on_the_server(cluster: Cluster) -> None:
    manifest = yaml.safe_dump(config_map("a", x="1"))
    applied = cluster.kubectl("apply", "--server-side", "-f", "-", input=manifest)
    assert applied == "configmap/a serverside-applied\n"
    other = yaml.safe_dump(config_map("a", x="2"))
    refused = cluster.run_kubectl("apply", "--server-side", "--field-manager=other", "-f", "-", input=other)
    assert refused.returncode == 1
    assert 'conflict with "kubectl": .data.x' in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["configmap", "c", "--from-literal=a=b"], "configmap/c created"),
        (["secret", "generic", "s", "--from-literal=a=b"], "secret/s created"),
        (["deployment", "d", "--image=x", "--replicas=0"], "deployment.apps/d created"),
        (["serviceaccount", "sa"], "serviceaccount/sa created"),
        (["service", "clusterip", "v", "--tcp=80:8080"], "service/v created"),
        (["role", "r", "--verb=get", "--resource=pods"], "role.rbac.authorization.k8s.io/r created"),
        (["quota", "q", "--hard=pods=3"], "resourcequota/q created"),
    ],
)
def test_create_by_generator(cluster: Cluster, arguments: list[str], said: str) -> None:
    assert cluster.kubectl("create", *arguments).strip() == said
    assert cluster.kubectl("get", arguments[0], "-o", "name").strip()


def test_create_says_what_is_wrong(cluster: Cluster) -> None:
    cluster.kubectl("create", "configmap", "a")
    twice = cluster.run_kubectl("create", "configmap", "a")
    assert twice.stderr == 'error: failed to create configmap: configmaps "a" already exists\n'
    missing = cluster.run_kubectl("get", "configmap", "none")
    assert missing.stderr == 'Error from server (NotFound): configmaps "none" not found\n'


def test_get_prints_tables_and_wide_ones(cluster: Cluster) -> None:
    cluster.kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=0")
    plain = cluster.kubectl("get", "deployments").splitlines()
    assert plain[0].split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert plain[1].split()[:4] == ["web", "0/0", "0", "0"]
    wide = cluster.kubectl("get", "deployments", "-o", "wide").splitlines()
    assert wide[0].split()[-3:] == ["CONTAINERS", "IMAGES", "SELECTOR"]
    assert wide[1].split()[-3:] == ["nginx", "nginx:1", "app=web"]


def test_get_in_every_form(cluster: Cluster) -> None:
    cluster.kubectl("create", "configmap", "a", "--from-literal=x=1")
    assert cluster.kubectl("get", "cm/a", "-o", "name") == "configmap/a\n"
    assert cluster.kubectl("get", "cm", "a", "-o", "jsonpath={.data.x}") == "1"
    assert yaml.safe_load(cluster.kubectl("get", "cm", "a", "-o", "yaml"))["data"] == {"x": "1"}
    listed = json.loads(cluster.kubectl("get", "cm,secret", "-o", "json"))
    assert {item["kind"] for item in listed["items"]} >= {"ConfigMap"}


def test_describe_names_what_there_is(cluster: Cluster) -> None:
    cluster.kubectl("apply", "-f", "-", input=yaml.safe_dump_all([deployment("web", 0), service("web")]))
    told = cluster.kubectl("describe", "deployment,service", "web")
    assert "0 desired" in told
    assert "registry.invalid/none:1" in told
    assert re.search(r"Selector: +app=web\n", told)


def test_scale_and_wait(cluster: Cluster) -> None:
    cluster.kubectl("create", "-f", "-", input=deployment("web", 0))
    assert cluster.kubectl("scale", "deployment/web", "--replicas=2") == "deployment.apps/web scaled\n"
    cluster.kubectl("wait", "--for=jsonpath={.spec.replicas}=2", "deployment/web", "--timeout=60s")
    refused = cluster.run_kubectl("scale", "deployment/web", "--current-replicas=5", "--replicas=1")
    assert "Expected replicas to be 5, was 2" in refused.stderr


def test_wait_for_a_deletion(cluster: Cluster) -> None:
    cluster.kubectl("create", "configmap", "a")
    cluster.kubectl("delete", "configmap", "a", "--wait=false")
    cluster.kubectl("wait", "--for=delete", "configmap/a", "--timeout=60s")


def test_edits_of_metadata(cluster: Cluster) -> None:
    cluster.kubectl("create", "configmap", "a")
    cluster.kubectl("label", "configmap", "a", "team=red")
    cluster.kubectl("annotate", "configmap", "a", "note=hello")
    refused = cluster.run_kubectl("label", "configmap", "a", "team=blue")
    assert "--overwrite is false" in refused.stderr
    assert cluster.kubectl("get", "cm", "-l", "team=red", "-o", "name") == "configmap/a\n"
    cluster.kubectl("label", "configmap", "a", "team-")
    assert cluster.kubectl("get", "cm", "-l", "team=red", "-o", "name") == ""


def test_patch_in_three_ways(cluster: Cluster) -> None:
    cluster.kubectl("create", "configmap", "a", "--from-literal=x=1")
    cluster.kubectl("patch", "cm", "a", "--type=merge", "-p", '{"data":{"y":"2"}}')
    cluster.kubectl("patch", "cm", "a", "-p", '{"data":{"z":"3"}}')
    cluster.kubectl("patch", "cm", "a", "--type=json", "-p", '[{"op":"remove","path":"/data/x"}]')
    assert cluster.kubectl_json("get", "cm", "a")["data"] == {"y": "2", "z": "3"}


def test_diff_tells_by_its_exit_code(cluster: Cluster) -> None:
    cluster.kubectl("apply", "-f", "-", input=yaml.safe_dump(config_map("a", x="1")))
    assert cluster.run_kubectl("diff", "-f", "-", input=yaml.safe_dump(config_map("a", x="1"))).returncode == 0
    differs = cluster.run_kubectl("diff", "-f", "-", input=yaml.safe_dump(config_map("a", x="2")))
    assert differs.returncode == 1
    assert '+  x: "2"' in differs.stdout


def test_delete_by_name_selector_and_file(cluster: Cluster) -> None:
    for name in ("a", "b", "c"):
        cluster.kubectl("create", "-f", "-", input=config_map(name, {"set": "mine"}))
    assert cluster.kubectl("delete", "configmap", "a").startswith('configmap "a" deleted')
    cluster.kubectl("delete", "-f", "-", input=yaml.safe_dump(config_map("b")))
    cluster.kubectl("delete", "configmap", "-l", "set=mine")
    assert cluster.kubectl("get", "cm", "-l", "set=mine", "-o", "name") == ""


def test_explain_and_api_resources(cluster: Cluster) -> None:
    told = cluster.kubectl("explain", "deployment.spec.replicas")
    assert "integer" in told
    # Not by its exit code: it fails where a group of another test goes away while it asks.
    known = cluster.kubectl("api-resources", "--namespaced=true", "-o", "name", check=False).split()
    assert {"configmaps", "deployments.apps", "pods", "jobs.batch"} <= set(known)


def test_a_typing_error_is_found_before_anything_is_written(cluster: Cluster) -> None:
    broken = {**config_map("a"), "dat": {}}
    refused = cluster.run_kubectl("apply", "-f", "-", input=yaml.safe_dump(broken))
    assert refused.returncode == 1
    assert "unknown field" in refused.stderr
    assert cluster.run_kubectl("get", "cm", "a").returncode == 1


def test_get_watches(cluster: Cluster) -> None:
    cluster.kubectl("create", "configmap", "a")
    argv = cluster.kubectl_argv("get", "configmap", "-w", "-o", "name", "--field-selector=metadata.name=a")
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "configmap/a\n"
        cluster.kubectl("label", "configmap", "a", "seen=yes")
        assert watching.stdout.readline() == "configmap/a\n"
        watching.terminate()


def test_a_pod_that_waits_says_so(cluster: Cluster) -> None:
    cluster.kubectl("create", "-f", "-", input=pod("p"))
    row = cluster.kubectl("get", "pods").splitlines()[1].split()
    assert row[:4] == ["p", "0/1", "Pending", "0"]
    assert cluster.run_kubectl("logs", "p", "-c", "nobody").returncode == 1


def test_can_i(cluster: Cluster) -> None:
    assert cluster.kubectl("auth", "can-i", "create", "pods").strip() == "yes"
