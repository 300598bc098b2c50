"""Entries of the Docker layout as MCPServers: parameters, secrets, volumes, network, user."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.catalog.docker import parse
from mcp_operator.catalog.errors import MissingValues, NotDeployable, UnusableValues
from mcp_operator.catalog.options import EntryOptions, Plan, SecretKey
from mcp_operator.catalog.to_server import plan_server

pytestmark = pytest.mark.fast

DOCUMENT = """
name: watch
image: example.test/watch:1.2
run:
  command: ['--mode={{watch.mode}}', '--key', $WATCH_KEY, '{{watch.extra}}']
  volumes: ['{{watch.paths|volume|into}}', 'watch-cache:/cache', '{{watch.kubeconfig}}:/root/.kube/config:ro']
  env: {HEADERS: '{"Authorization": "Bearer ${WATCH_KEY}"}'}
  user: '{{watch.user}}'
  allowHosts: ['api.example.test:8443', 'example.test']
config:
  secrets: [{name: watch.key, env: WATCH_KEY}]
  env:
    - {name: WATCH_URL, value: '{{watch.url}}'}
    - {name: WATCH_HOST, value: '{{watch.server.host}}'}
  parameters:
    type: object
    properties:
      url: {type: string}
      mode: {type: string, default: fast, enum: [fast, slow]}
      paths: {type: array, items: {type: string}, default: [/Users/somebody]}
      kubeconfig: {type: string}
      extra: {type: string}
      user: {type: string}
      server: {type: object, properties: {host: {type: string}}, required: [host]}
    required: [url]
"""
SECRET = {"watch.key": SecretKey("mine", "token")}


def plan(document: str = DOCUMENT, **options: Any) -> Plan:
    return plan_server(parse(document, "docker", "watch"), EntryOptions("web", "team", **options))


def spec(**options: Any) -> dict[str, Any]:
    """The spec with everything given that is required, and `options`."""
    values = {"url": "https://x.test"} | options.pop("values", {})
    found: dict[str, Any] = plan(
        values=values, secret_keys=SECRET | options.pop("secret_keys", {}), **options
    ).manifest["spec"]
    return found


def test_parameters_and_secrets_reach_commands_and_variables() -> None:
    found = spec(values={"watch": {"mode": "slow"}, "server.host": "h"})
    assert found["runtime"] == {
        "type": "docker",
        "image": "example.test/watch:1.2",
        "args": ["--mode=slow", "--key", "$(WATCH_KEY)"],
    }
    assert found["env"] == [
        {"name": "WATCH_KEY", "valueFrom": {"secretKeyRef": {"name": "mine", "key": "token"}}},
        {"name": "WATCH_URL", "value": "https://x.test"},
        {"name": "WATCH_HOST", "value": "h"},
        {"name": "HEADERS", "value": '{"Authorization": "Bearer $(WATCH_KEY)"}'},
    ]


def test_required_parameter_and_secret_are_missed_together() -> None:
    with pytest.raises(MissingValues) as caught:
        plan()
    assert set(caught.value.names) == {"url", "WATCH_KEY"}
    assert "--set url=VALUE" in caught.value.hint
    assert "--secret WATCH_KEY=SECRET/KEY" in caught.value.hint


def test_choice_of_a_parameter_is_checked() -> None:
    with pytest.raises(UnusableValues, match="mode: 'lazy' is none of fast, slow"):
        spec(values={"mode": "lazy"})


def test_paths_of_the_publisher_are_empty_folders_and_given_ones_are_of_the_node() -> None:
    published = spec()
    assert published["volumes"] == [{"name": "data-0", "emptyDir": {}}, {"name": "data-1", "emptyDir": {}}]
    assert [mount["mountPath"] for mount in published["volumeMounts"]] == ["/Users/somebody", "/cache"]
    given = spec(values={"paths": "/a, /b:/mnt/b"})
    assert [volume.get("hostPath") for volume in given["volumes"]] == [{"path": "/a"}, {"path": "/b"}, None]
    assert [mount["mountPath"] for mount in given["volumeMounts"]] == ["/a", "/mnt/b", "/cache"]


@pytest.mark.parametrize("written", ["/:/host{{mode}}", "/etc/{{mode}}:/x", "type=bind,src=/etc,dst=/x/{{mode}}"])
def test_publishers_folder_of_the_node_is_not_mounted_because_a_person_set_something(written: str) -> None:
    text = DOCUMENT.replace("{{watch.kubeconfig}}:/root/.kube/config:ro", written)
    values = {"url": "https://x.test", "mode": "slow"}
    found = plan(text, values=values, secret_keys=SECRET).manifest["spec"]
    assert all("hostPath" not in volume for volume in found["volumes"])
    assert len(found["volumes"]) == 3


def test_host_with_a_port_that_is_none_opens_no_port() -> None:
    text = DOCUMENT.replace("example.test:8443", "example.test:" + "9" * 5000).replace(", 'example.test'", "")
    found = plan(text, values={"url": "https://x.test"}, secret_keys=SECRET).manifest["spec"]
    assert "networkPolicy" not in found


def test_file_may_be_the_key_of_a_secret() -> None:
    found = spec(secret_keys={"kubeconfig": SecretKey("clusters", "admin")})
    assert found["volumes"][-1]["secret"] == {"secretName": "clusters", "items": [{"key": "admin", "path": "config"}]}
    assert found["volumeMounts"][-1] == {
        "name": "data-2",
        "mountPath": "/root/.kube/config",
        "subPath": "config",
        "readOnly": True,
    }


def test_hosts_become_ports_and_are_said_in_words() -> None:
    found = plan(values={"url": "u"}, secret_keys=SECRET)
    ports = [port["port"] for rule in found.manifest["spec"]["networkPolicy"]["egress"] for port in rule["ports"]]
    assert ports == [443, 8443, 53, 53]
    assert found.manifest["metadata"]["annotations"] == {
        "mcp.allbeone.io/allowed-hosts": "api.example.test:8443,example.test"
    }
    assert any("a NetworkPolicy knows no names" in note for note in found.notes)


def test_server_without_network_reaches_nothing() -> None:
    found = plan("name: x\nimage: i\nrun: {disableNetwork: true}")
    assert found.manifest["spec"]["networkPolicy"] == {"egress": []}


@pytest.mark.parametrize(
    ("user", "context"),
    [
        ("10001:10002", {"runAsUser": 10001, "runAsGroup": 10002}),
        ("0", {"runAsUser": 0, "runAsNonRoot": False}),
        ("somebody", None),
    ],
)
def test_user_is_a_number(user: str, context: dict[str, Any] | None) -> None:
    assert spec(values={"user": user}).get("securityContext") == context


def test_first_of_alternatives_is_asked_for() -> None:
    document = """
name: db
image: i
config:
  env: [{name: URL, value: '{{db.by_url.url}}'}, {name: HOST, value: '{{db.by_host.host}}'}]
  parameters:
    properties:
      by_url: {type: object, properties: {url: {type: string}}, required: [url]}
      by_host: {type: object, properties: {host: {type: string}}, required: [host]}
    anyOf: [{required: [by_url]}, {required: [by_host]}]
"""
    with pytest.raises(MissingValues) as caught:
        plan(document)
    assert caught.value.names == ("by_url.url",)


def test_tools_in_containers_are_no_server() -> None:
    with pytest.raises(NotDeployable, match="start a container each"):
        plan("name: x\ntype: poci\ntools: [{name: curl, container: {image: alpine/curl}}]")
