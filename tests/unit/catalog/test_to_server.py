"""An entry becomes an MCPServer that the rules of the API accept, or says why not and what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.api.validation import validate
from mcp_operator.catalog import builtin
from mcp_operator.catalog.errors import MissingValues, NotDeployable, UnusableValues
from mcp_operator.catalog.model import Argument, Package, Remote, ServerEntry, Variable
from mcp_operator.catalog.options import EntryOptions, SecretKey
from mcp_operator.catalog.to_server import plan_server, problems, server_from_entry

pytestmark = pytest.mark.fast

OPTIONS = EntryOptions("web", "team")
TOKEN = Variable("TOKEN", "Of the service", required=True, secret=True)


def entry(*packages: Package, remotes: tuple[Remote, ...] = ()) -> ServerEntry:
    return ServerEntry("some", "mine", packages=packages, remotes=remotes)


def spec(*packages: Package, **options: Any) -> dict[str, Any]:
    """The spec that a package makes."""
    found: dict[str, Any] = server_from_entry(entry(*packages), EntryOptions("web", "team", **options))["spec"]
    return found


def runtime(*packages: Package, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = spec(*packages, **options)["runtime"]
    return found


@pytest.mark.parametrize("found", builtin.entries(), ids=lambda found: found.name)
def test_every_builtin_entry_makes_a_valid_server(found: ServerEntry) -> None:
    server = server_from_entry(found, OPTIONS)
    assert validate(server) == []
    assert server["spec"]["registry"] == {"name": found.name, "registry": "builtin"}


def test_version_is_pinned_in_the_way_of_the_package() -> None:
    python, node, image = (runtime(Package(kind, "pkg"), version="1.2") for kind in ("pypi", "npm", "oci"))
    assert (python["package"], node["package"], image["image"]) == ("pkg==1.2", "pkg@1.2", "pkg:1.2")
    assert runtime(Package("npm", "pkg", "latest"))["package"] == "pkg"
    assert runtime(Package("oci", "pkg", "sha256:00"))["image"] == "pkg@sha256:00"


def test_package_that_runs_as_it_is_comes_before_an_image() -> None:
    packages = (Package("mcpb", "https://x"), Package("oci", "img"), Package("pypi", "pkg"))
    assert runtime(*packages)["package"] == "pkg"
    assert runtime(*packages, runtime="docker")["image"] == "img"
    with pytest.raises(NotDeployable, match="nothing for the runtime node") as caught:
        runtime(*packages, runtime="node")
    assert "docker, mcpb, python" in caught.value.hint


def test_arguments_are_words_in_their_order() -> None:
    arguments = (
        Argument("", value="serve"),
        Argument("--units", default="metric", choices=("metric", "imperial")),
        Argument("--verbose", format="boolean"),
        Argument("--stdio"),
        Argument("--only-if-given"),
        Argument("", hint="city", repeated=True),
    )
    package = Package("npm", "pkg", arguments=arguments)
    assert runtime(package)["args"] == ["serve", "--units", "metric", "--stdio"]
    given = {"units": "imperial", "verbose": "true", "only-if-given": "x", "city": ["Bern", "Rome"]}
    assert runtime(package, values=given)["args"] == (
        ["serve", "--units", "imperial", "--verbose", "--stdio", "--only-if-given", "x", "Bern", "Rome"]
    )
    assert runtime(package, args=("--mine",))["args"] == ["--mine"]


def test_everything_that_is_missing_is_said_at_once_with_its_flag() -> None:
    package = Package(
        "pypi",
        "pkg",
        arguments=(Argument("--url", required=True), Argument("--key", required=True, secret=True)),
        env=(Variable("A", required=True), TOKEN, Variable("C"), Variable("D", default="1")),
    )
    with pytest.raises(MissingValues) as caught:
        server_from_entry(entry(package), OPTIONS)
    assert caught.value.names == ("url", "key", "A", "TOKEN")
    for flag in ("--set url=VALUE", "--secret key=SECRET/KEY", "--env A=VALUE", "--secret TOKEN=SECRET/KEY"):
        assert flag in caught.value.hint
    assert "--values FILE" in caught.value.hint
    assert "--env-from-secret" in caught.value.hint


def test_given_values_reach_their_places() -> None:
    package = Package("pypi", "pkg", arguments=(Argument("--url", required=True),), env=(Variable("A", required=True),))
    found = spec(package, values={"url": "https://x"}, env={"A": "x", "MORE": "y"}, secrets=("token",))
    assert found["runtime"]["args"] == ["--url", "https://x"]
    assert found["env"] == [{"name": "A", "value": "x"}, {"name": "MORE", "value": "y"}]
    assert found["envFrom"] == [{"secretRef": {"name": "token"}}]


def test_secret_of_a_cluster_is_referred_to() -> None:
    package = Package("npm", "pkg", arguments=(Argument("--key", required=True, secret=True),), env=(TOKEN,))
    keys = {"key": SecretKey("mine", "k"), "TOKEN": SecretKey("mine", "t")}
    found = spec(package, secret_keys=keys)
    assert found["runtime"]["args"] == ["--key", "$(MCP_VALUE_KEY)"]
    assert [item["valueFrom"]["secretKeyRef"]["key"] for item in found["env"]] == ["k", "t"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=12))
def test_secret_given_as_it_is_never_stands_in_the_manifest(value: str) -> None:
    package = Package("npm", "pkg", arguments=(Argument("--key", required=True, secret=True),), env=(TOKEN,))
    plan = plan_server(entry(package), replace(OPTIONS, values={"key": value}, env={"TOKEN": value}))
    assert json.dumps(value)[1:-1] not in json.dumps(plan.manifest)
    assert value not in repr(plan)
    assert set(plan.secret_values) == {"key", "TOKEN"}
    assert plan.secret_name == "web-values"


def test_file_of_values_may_name_secrets_and_be_nested() -> None:
    package = Package("npm", "pkg", arguments=(Argument("--db.host", required=True),), env=(TOKEN,))
    values = {"db": {"host": "h"}, "TOKEN": {"secretKeyRef": {"name": "s", "key": "k"}}}
    found = spec(package, values=values)
    assert found["runtime"]["args"] == ["--db.host", "h"]
    assert found["env"] == [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]


def test_value_that_does_not_fit_or_is_unknown_is_refused() -> None:
    package = Package(
        "npm", "pkg", arguments=(Argument("--mode", choices=("a", "b")),), env=(Variable("N", format="number"),)
    )
    with pytest.raises(UnusableValues) as caught:
        spec(package, values={"mode": "c", "N": "many", "mod": "a"})
    for words in ("mode: 'c' is none of a, b", "N: 'many' is no number", "no value 'mod' (did you mean mode?)"):
        assert words in str(caught.value)
    assert "mode" in caught.value.hint


def test_text_that_kubernetes_would_expand_is_escaped() -> None:
    package = Package("npm", "pkg", arguments=(Argument("--x", default="$(HOME)"),))
    assert runtime(package)["args"] == ["--x", "$$(HOME)"]


def test_template_of_a_value_is_filled_with_its_parts() -> None:
    parts = (Variable("user", required=True), Variable("host", default="localhost"))
    package = Package("npm", "pkg", env=(Variable("DSN", value="db://{user}@{host}", variables=parts),))
    assert spec(package, values={"user": "me"})["env"] == [{"name": "DSN", "value": "db://me@localhost"}]
    with pytest.raises(MissingValues, match="user"):
        spec(package)


def test_server_that_speaks_http_gets_its_port_and_listens_everywhere() -> None:
    env = (
        Variable("MCP_HTTP_HOST", default="127.0.0.1"),
        Variable("DOCS_TRANSPORT", default="stdio", choices=("stdio", "http")),
    )
    package = Package("npm", "pkg", transport="streamable-http", url="http://localhost:3010/rpc", env=env)
    found = spec(package)
    assert (found["port"], found["transport"]) == (3010, {"type": "streamable-http", "path": "/rpc"})
    assert {item["name"]: item["value"] for item in found["env"]} == {
        "MCP_HTTP_HOST": "0.0.0.0",
        "DOCS_TRANSPORT": "http",
    }


def test_port_of_an_address_may_be_an_argument() -> None:
    package = Package(
        "npm",
        "pkg",
        arguments=(Argument("--port", default="9001"),),
        transport="sse",
        url="http://127.0.0.1:{port}/sse",
    )
    assert spec(package)["port"] == 9001
    assert spec(package, values={"port": "9002"})["port"] == 9002


@pytest.mark.parametrize("url", ["http://[::1", "http://localhost:99999/mcp", "http://localhost:" + "9" * 5000, "here"])
def test_address_that_says_no_port_leaves_the_usual_one(url: str) -> None:
    package = Package("npm", "pkg", env=(Variable("PORT", default="9" * 5000),), transport="sse", url=url)
    found = spec(package)
    assert (found.get("port", 8080), found["transport"]) == (8080, {"type": "sse"})


def test_dependencies_of_a_pinned_python_package_are_of_its_day() -> None:
    package = Package("pypi", "pkg", "1.0")
    found = server_from_entry(replace(entry(package), published_at="2025-11-01T10:00:00Z"), OPTIONS)
    assert found["spec"]["env"] == [{"name": "UV_EXCLUDE_NEWER", "value": "2025-11-03"}]
    chosen = server_from_entry(replace(entry(package), published_at="2025-11-01"), replace(OPTIONS, version="2.0"))
    assert "env" not in chosen["spec"]


def test_remote_server_gets_its_headers_from_secrets() -> None:
    header = Variable("Authorization", required=True, secret=True, value="Bearer {key}", variables=(Variable("key"),))
    found = entry(
        remotes=(Remote("streamable-http", "https://x.test/mcp", (header, Variable("X-Mode", default="all"))),)
    )
    with pytest.raises(MissingValues) as caught:
        server_from_entry(found, OPTIONS)
    assert "--secret Authorization=SECRET/KEY" in caught.value.hint
    assert "Authorization (the whole value, 'Bearer {key}')" in str(caught.value)
    assert "--env-from-secret" not in caught.value.hint
    given = replace(OPTIONS, secret_keys={"Authorization": SecretKey("s", "k")})
    assert server_from_entry(found, given)["spec"]["runtime"] == {
        "type": "remote",
        "url": "https://x.test/mcp",
        "headers": [
            {"name": "Authorization", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "X-Mode", "value": "all"},
        ],
    }
    plan = plan_server(found, replace(OPTIONS, values={"key": "abc"}))
    assert plan.secret_values == {"Authorization": "Bearer abc"}


def test_part_of_a_header_cannot_come_from_a_secret() -> None:
    header = Variable("Authorization", secret=True, value="Bearer {key}", variables=(Variable("key"),))
    found = entry(remotes=(Remote("sse", "https://x.test/sse", (header,)),))
    with pytest.raises(UnusableValues, match="the whole header comes from a Secret"):
        server_from_entry(found, replace(OPTIONS, secret_keys={"key": SecretKey("s", "k")}))


def test_what_cannot_run_says_why() -> None:
    for kind in ("mcpb", "nuget"):
        with pytest.raises(NotDeployable, match=f"some: it is published as {kind}, which cannot run in a cluster"):
            server_from_entry(entry(Package(kind, "pkg")), OPTIONS)
    with pytest.raises(NotDeployable, match="nothing to run"):
        server_from_entry(entry(), OPTIONS)
    with pytest.raises(NotDeployable, match="its transport is 'carrier-pigeon'"):
        server_from_entry(entry(Package("npm", "pkg", transport="carrier-pigeon")), OPTIONS)
    with pytest.raises(NotDeployable, match="deleted"):
        server_from_entry(replace(entry(Package("npm", "pkg")), status="deleted"), OPTIONS)


def test_what_a_person_should_know_is_noted() -> None:
    deprecated = plan_server(replace(entry(Package("npm", "pkg")), status="deprecated"), OPTIONS)
    assert "deprecated" in deprecated.notes[0]
    image = plan_server(entry(Package("oci", "img")), OPTIONS)
    assert "--command" in image.notes[0]
    assert plan_server(entry(Package("oci", "img")), replace(OPTIONS, command=("run",))).notes == ()


def test_problems_are_known_before_anything_is_deployed() -> None:
    assert problems(entry(Package("npm", "pkg"))) == ()
    assert "--command" in problems(entry(Package("oci", "img")))[0]
    assert "cannot run in a cluster" in problems(entry(Package("mcpb", "x")))[0]
    assert problems(replace(entry(Package("npm", "pkg")), status="deprecated")) == ("it is deprecated in its registry",)
