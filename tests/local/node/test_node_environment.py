"""Environments of containers: sources, precedence, `$(VAR)`, downward API, Service variables, words of errors."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_cli.local.node.environment import ConfigError, EnvironmentInput, container_environment, service_variables
from mcp_cli.local.node.expand import expand
from mcp_cli.local.node.fields import FieldError, pod_field, quantity, resource_field
from mcp_cli.local.node.hostenv import host_environment, repository, runs_on_host

pytestmark = pytest.mark.fast

POD: dict[str, Any] = {
    "metadata": {"name": "p", "namespace": "ns", "uid": "u-1", "labels": {"app": "a"}, "annotations": {"k": 'say "x"'}},
    "spec": {"nodeName": "n1", "serviceAccountName": "sa", "containers": [{"name": "c", "image": "i"}]},
    "status": {"podIP": "127.9.1.1", "podIPs": [{"ip": "127.9.1.1"}], "hostIP": "127.9.0.1"},
}
OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    ("ConfigMap", "settings"): {"data": {"level": "debug", "path": "$(level)"}},
    ("Secret", "keys"): {"data": {"token": base64.b64encode(b"s3cret").decode()}},
}


def environment(container: dict[str, Any], **services: str) -> dict[str, str]:
    lookup = lambda kind, name: OBJECTS.get((kind, name))  # noqa: E731
    return container_environment(EnvironmentInput(POD, container, services, lookup, {"memory": "8Gi", "cpu": "2"}))


def ref(kind: str, name: str, key: str, **more: Any) -> dict[str, Any]:
    return {"name": "X", "valueFrom": {kind: {"name": name, "key": key, **more}}}


def test_later_entries_see_earlier_ones_and_win() -> None:
    env = environment(
        {
            "envFrom": [{"prefix": "C_", "configMapRef": {"name": "settings"}}, {"secretRef": {"name": "keys"}}],
            "env": [
                {"name": "A", "value": "1"},
                {"name": "B", "value": "$(A)-$(C_level)-$(HOST)-$$(A)-$(NOPE)"},
                {"name": "token", "value": "mine"},
            ],
        },
        HOST="h",
    )
    assert env["B"] == "1-debug-h-$(A)-$(NOPE)"
    assert env["C_path"] == "$(level)"
    assert env["token"] == "mine"


def test_keys_of_config_maps_and_secrets() -> None:
    assert environment({"env": [ref("configMapKeyRef", "settings", "level")]})["X"] == "debug"
    assert environment({"env": [ref("secretKeyRef", "keys", "token")]})["X"] == "s3cret"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (ref("configMapKeyRef", "none", "k"), 'configmap "none" not found'),
        (ref("secretKeyRef", "none", "k"), 'secret "none" not found'),
        (ref("configMapKeyRef", "settings", "nope"), "couldn't find key nope in ConfigMap ns/settings"),
        ({"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "spec.nope"}}}, "unsupported fieldPath: spec.nope"),
    ],
)
def test_a_missing_source_is_named(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace(".", r"\.")):
        environment({"env": [entry]})


def test_an_optional_source_may_be_missing() -> None:
    entries = [ref("configMapKeyRef", "none", "k", optional=True), ref("secretKeyRef", "keys", "nope", optional=True)]
    assert environment({"env": entries, "envFrom": [{"secretRef": {"name": "none", "optional": True}}]}) == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "p"),
        ("metadata.uid", "u-1"),
        ("metadata.labels['app']", "a"),
        ("metadata.annotations", 'k="say \\"x\\""'),
        ("spec.nodeName", "n1"),
        ("spec.serviceAccountName", "sa"),
        ("status.podIP", "127.9.1.1"),
        ("status.podIPs", "127.9.1.1"),
        ("status.hostIP", "127.9.0.1"),
    ],
)
def test_fields_of_the_downward_api(path: str, value: str) -> None:
    assert pod_field(POD, path) == value


def test_resources_of_the_downward_api() -> None:
    container = {"resources": {"limits": {"cpu": "250m", "memory": "64Mi"}}}
    capacity = {"memory": "8Gi"}
    assert resource_field(POD, container, {"resource": "limits.cpu"}, capacity) == "1"
    assert resource_field(POD, container, {"resource": "limits.cpu", "divisor": "1m"}, capacity) == "250"
    assert resource_field(POD, container, {"resource": "limits.memory", "divisor": "1Mi"}, capacity) == "64"
    assert resource_field(POD, {}, {"resource": "limits.memory", "divisor": "1Gi"}, capacity) == "8"
    assert resource_field(POD, {}, {"resource": "requests.memory"}, capacity) == "0"
    with pytest.raises(FieldError, match="container x not found"):
        resource_field(POD, {}, {"resource": "limits.cpu", "containerName": "x"}, capacity)


@pytest.mark.parametrize(("text", "number"), [("100m", 0.1), ("1Ki", 1024), ("1e3", 1000), ("2G", 2e9), ("0.5", 0.5)])
def test_quantities(text: str, number: float) -> None:
    assert float(quantity(text)) == number


@given(st.text(alphabet="$(){}ABx ", max_size=30))
def test_expansion_leaves_unknown_text_alone_apart_from_doubled_dollars(text: str) -> None:
    assert expand(text.replace("$$", ""), {}) == text.replace("$$", "")


@pytest.mark.parametrize(
    ("text", "value"),
    [("$(A)", "1"), ("$$(A)", "$(A)"), ("$$$(A)", "$1"), ("$(A", "$(A"), ("x$(A)y$(A)", "x1y1"), ("$", "$")],
)
def test_expansion(text: str, value: str) -> None:
    assert expand(text, {"A": "1"}) == value


def service(name: str, namespace: str, ip: str = "127.9.200.1") -> dict[str, Any]:
    ports = [{"name": "http", "port": 80}, {"name": "admin-x", "port": 81}]
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"clusterIP": ip, "ports": ports}}


def test_service_variables_of_the_namespace_and_of_the_api_server() -> None:
    services = [service("my-db", "ns"), service("other", "else"), service("kubernetes", "default", "127.9.128.1")]
    env = service_variables(services, "ns", links=True)
    assert env["MY_DB_SERVICE_HOST"] == "127.9.200.1"
    assert env["MY_DB_SERVICE_PORT_ADMIN_X"] == "81"
    assert env["MY_DB_PORT_80_TCP"] == "tcp://127.9.200.1:80"
    assert env["KUBERNETES_SERVICE_HOST"] == "127.9.128.1"
    assert not any(name.startswith("OTHER") for name in env)
    assert set(service_variables(services, "ns", links=False)) == {n for n in env if n.startswith("KUBERNETES")}
    assert service_variables([service("headless", "ns", "None")], "ns", links=True) == {}


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("mcp.allbeone.io/host", True),
        ("mcp.allbeone.io/runner:1.2", True),
        ("mcp.allbeone.io/runner@sha256:ab", True),
        ("localhost:5000/runner:1", False),
        ("python:3.12", False),
    ],
)
def test_which_images_run_on_the_host(image: str, host: bool) -> None:
    assert runs_on_host(image) is host
    assert ":" not in repository(image).rsplit("/", 1)[-1]


def test_nothing_of_the_daemons_environment_reaches_a_pod_but_what_it_needs(tmp_path) -> None:
    around = {"PATH": "/usr/bin:/bin", "AWS_SECRET": "x", "HTTPS_PROXY": "http://p", "UV_NO_INDEX": "1", "HOME": "/h"}
    plain = host_environment("mcp.allbeone.io/host", tmp_path, tmp_path / "store", around)
    path = f"/usr/bin:/bin:{Path(sys.executable).parent}"
    assert plain == {"PATH": path, "HTTPS_PROXY": "http://p", "LANG": "C.UTF-8", "HOME": str(tmp_path)}
    runner = host_environment("mcp.allbeone.io/runner:1", tmp_path, tmp_path / "store", around)
    assert runner["MCP_PACKAGE_STORE"] == str(tmp_path / "store")
    assert runner["UV_NO_INDEX"] == "1" and "AWS_SECRET" not in runner
    assert runner["PATH"].endswith(":/usr/bin:/bin")
