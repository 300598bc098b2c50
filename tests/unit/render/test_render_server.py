"""The objects an MCPServer stands for: valid Kubernetes, secure by default, the same on every rendering."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import kubernetes_validate
import pytest
from mcp_operator.render import RenderContext, render_server

pytestmark = pytest.mark.fast

CONTEXT = RenderContext(runner_image="runner:1")
VERSIONS = [f"1.{minor}" for minor in range(25, 38)]

TIME = {"runtime": {"type": "python", "package": "mcp-server-time"}, "transport": {"type": "stdio"}}
FULL = {
    "image": "example.test/everything",
    "tag": "2",
    "args": ["--serve"],
    "replicas": 3,
    "ports": [{"name": "http", "port": 80, "targetPort": 3000}, {"name": "metrics", "port": 9090}],
    "serviceType": "NodePort",
    "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
    "envFrom": [{"configMapRef": {"name": "c"}}],
    "configSources": [{"name": "files", "mountPath": "/etc/files", "key": "one"}],
    "secretRefs": [{"name": "token", "key": "t", "env": "TOKEN"}, {"name": "all", "prefix": "P_"}],
    "config": {"level": "debug"},
    "volumes": [{"name": "data", "emptyDir": {}}],
    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    "resources": {"limits": {"memory": "64Mi"}},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "k", "operator": "Exists"}],
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "imagePullSecrets": [{"name": "pull"}],
    "imagePullPolicy": "Always",
    "terminationGracePeriodSeconds": 5,
    "deploymentStrategy": {"type": "Recreate"},
    "health": {"readiness": {"httpGet": {"path": "/ok", "port": 3000}}},
}
STDIO_IMAGE = {"image": "example.test/stdio:1", "command": ["serve"], "transport": {"type": "stdio"}}
SPECS = {"package": TIME, "full": FULL, "stdio-image": STDIO_IMAGE}


def manifest(spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "team", "uid": "11111111-2222-3333-4444-555555555555"}
    return {"apiVersion": "mcp.allbeone.io/v1", "kind": "MCPServer", "metadata": metadata, "spec": spec}


def rendered(spec: dict[str, Any], context: RenderContext = CONTEXT) -> dict[str, dict[str, Any]]:
    return {child["kind"]: child for child in render_server(manifest(spec), context)}


def pod(spec: dict[str, Any], context: RenderContext = CONTEXT) -> dict[str, Any]:
    found: dict[str, Any] = rendered(spec, context)["Deployment"]["spec"]["template"]["spec"]
    return found


def container(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = pod(spec)["containers"][0]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SPECS)
def test_every_object_is_valid_on_every_supported_version(name: str, version: str) -> None:
    for child in render_server(manifest(SPECS[name]), replace(CONTEXT, checksum="0123456789abcdef")):
        kubernetes_validate.validate(child, version, strict=True)


@pytest.mark.parametrize("name", SPECS)
def test_rendering_twice_gives_the_same(name: str) -> None:
    one, other = (json.dumps(render_server(manifest(SPECS[name]), CONTEXT)) for _ in range(2))
    assert one == other


@pytest.mark.parametrize("name", SPECS)
def test_children_are_owned_labelled_and_named(name: str) -> None:
    for child in render_server(manifest(SPECS[name]), CONTEXT):
        metadata = child["metadata"]
        assert metadata["ownerReferences"][0]["controller"] is True
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "mcp-operator"
        assert metadata["name"] == ("web-config" if child["kind"] == "ConfigMap" else "web")


@pytest.mark.parametrize("name", SPECS)
def test_defaults_meet_pod_security_restricted(name: str) -> None:
    spec = pod(SPECS[name])
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for each in spec["containers"] + spec.get("initContainers", []):
        security = each["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}


def test_one_security_field_can_be_changed_without_losing_the_others() -> None:
    changed = {**TIME, "securityContext": {"readOnlyRootFilesystem": False}, "podSecurityContext": {"runAsUser": 7}}
    assert container(changed)["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container(changed)["securityContext"]["readOnlyRootFilesystem"] is False
    assert pod(changed)["securityContext"]["runAsUser"] == 7


def test_package_is_installed_by_an_init_container_and_bridged() -> None:
    spec = pod({**TIME, "runtime": {**TIME["runtime"], "args": ["--local-timezone", "UTC"]}})
    (install,) = spec["initContainers"]
    assert install["command"][:3] == ["mcp-bridge", "install", "--runtime"]
    assert "mcp-server-time" in install["command"]
    command = spec["containers"][0]["command"]
    assert command[command.index("--") + 1 :] == ["/mcp/app/server", "--local-timezone", "UTC"]
    assert command[:3] == ["mcp-bridge", "--host", "$(POD_IP)"]
    allowed = [word for flag, word in pairwise(command) if flag == "--allowed-host"]
    assert allowed == ["web", "web.team", "web.team.svc", "web.team.svc.cluster.local"]
    app = {"name": "app", "mountPath": "/mcp/app"}
    assert app in install["volumeMounts"]
    assert {**app, "readOnly": True} in spec["containers"][0]["volumeMounts"]
    assert command[command.index("--") - 2 : command.index("--")] == ["--termination-log", "/dev/termination-log"]
    assert "--secret-env" not in command


def test_the_bridge_knows_which_variables_are_secret() -> None:
    secret = {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    plain = {"valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}
    given = {
        "env": [{"name": "LOGIN", **secret}, {"name": "MODE", **plain}, {"name": "URL", "value": "x"}],
        "envFrom": [{"secretRef": {"name": "all"}, "prefix": "DB_"}, {"configMapRef": {"name": "c"}}],
        "secretRefs": [{"name": "one", "key": "k", "env": "PIN"}, {"name": "whole"}],
    }
    command = container({**TIME, **given})["command"]
    named = [word for flag, word in pairwise(command) if flag == "--secret-env"]
    assert named == ["*", "DB_*", "LOGIN", "PIN"]


def test_executable_of_a_package_can_be_chosen() -> None:
    chosen = {"runtime": {"type": "node", "package": "pkg", "command": ["other", "sub"]}}
    assert pod(chosen)["initContainers"][0]["command"][-2:] == ["--executable", "other"]
    assert container(chosen)["command"][-2:] == ["/mcp/app/server", "sub"]


def test_stdio_image_runs_behind_a_copied_bridge() -> None:
    spec = pod(STDIO_IMAGE)
    assert spec["initContainers"][0]["command"] == ["mcp-bridge", "export", "--into", "/mcp/bridge"]
    assert spec["containers"][0]["image"] == "example.test/stdio:1"
    assert spec["containers"][0]["command"][0] == "/mcp/bridge/ld.so"
    assert spec["containers"][0]["command"][-2:] == ["--", "serve"]


def test_host_image_has_the_bridge_already() -> None:
    spec = pod({"image": "mcp.allbeone.io/host", "command": ["serve"], "transport": {"type": "stdio"}})
    assert "initContainers" not in spec
    assert spec["containers"][0]["command"][0] == "mcp-bridge"


def test_http_image_runs_as_it_is_with_tcp_probes() -> None:
    http = container({"image": "example.test/http", "args": ["--serve"]})
    assert "command" not in http
    assert http["args"] == ["--serve"]
    assert http["readinessProbe"]["tcpSocket"] == {"port": "mcp"}


def test_probe_of_the_spec_replaces_the_default() -> None:
    assert container(FULL)["readinessProbe"] == FULL["health"]["readiness"]  # type: ignore[index]
    assert container(FULL)["livenessProbe"]["tcpSocket"] == {"port": "mcp"}


def test_resource_with_a_given_limit_gets_no_default_request() -> None:
    assert container(FULL)["resources"] == {"requests": {"cpu": "100m"}, "limits": {"cpu": "500m", "memory": "64Mi"}}


def test_ports_reach_service_and_container() -> None:
    service = rendered(FULL)["Service"]["spec"]
    assert [(port["name"], port["port"], port["targetPort"]) for port in service["ports"]] == [
        ("http", 80, 3000),
        ("metrics", 9090, 9090),
    ]
    assert [port["containerPort"] for port in container(FULL)["ports"]] == [3000, 9090]


def test_environment_of_the_spec_wins() -> None:
    env = {item["name"]: item for item in container({**TIME, "env": [{"name": "HOME", "value": "/data"}]})["env"]}
    assert env["HOME"]["value"] == "/data"
    assert env["MCP_SERVER_NAME"]["value"] == "web"


def test_config_maps_and_secrets_reach_the_container() -> None:
    spec, server = pod(FULL), container(FULL)
    env = {item["name"]: item for item in server["env"]}
    assert env["TOKEN"]["valueFrom"] == {"secretKeyRef": {"name": "token", "key": "t"}}
    assert server["envFrom"] == [{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "all"}, "prefix": "P_"}]
    mounts = {mount["mountPath"]: mount["name"] for mount in server["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert volumes[mounts["/etc/files"]]["configMap"] == {"name": "files", "items": [{"key": "one", "path": "one"}]}
    assert volumes[mounts["/mcp/config"]]["configMap"] == {"name": "web-config"}
    assert json.loads(rendered(FULL)["ConfigMap"]["data"]["config.json"]) == {"level": "debug"}


def annotations(spec: dict[str, Any], context: RenderContext = CONTEXT) -> dict[str, str]:
    found: dict[str, str] = rendered(spec, context)["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    return found


def test_changed_configuration_rolls_the_pods() -> None:
    before = annotations(FULL)["mcp.allbeone.io/config-checksum"]
    assert annotations({**FULL, "config": {"level": "info"}})["mcp.allbeone.io/config-checksum"] != before
    assert annotations(FULL, replace(CONTEXT, checksum="0" * 16))["mcp.allbeone.io/config-checksum"] != before
    assert "mcp.allbeone.io/config-checksum" not in annotations(TIME)


@pytest.mark.parametrize(
    ("replicas", "asked", "sessions", "affinity"),
    [
        (1, "Auto", None, "None"),
        (3, "Auto", None, "ClientIP"),
        (3, "Auto", True, "ClientIP"),
        (3, "Auto", False, "None"),
        (3, "None", True, "None"),
        (1, "ClientIP", False, "ClientIP"),
    ],
)
def test_session_affinity(replicas: int, asked: str, sessions: bool | None, affinity: str) -> None:
    spec = {**TIME, "replicas": replicas, "sessionAffinity": asked}
    assert rendered(spec, replace(CONTEXT, sessions=sessions))["Service"]["spec"]["sessionAffinity"] == affinity


def test_existing_service_account_is_used_and_none_made() -> None:
    spec = {**TIME, "serviceAccount": "mine"}
    assert "ServiceAccount" not in rendered(spec)
    assert pod(spec)["serviceAccountName"] == "mine"
