"""Arguments for npx, uvx and docker run, as publishers write them: what of them matters where those do not run."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.catalog.model import Package, ServerEntry
from mcp_operator.catalog.official import parse
from mcp_operator.catalog.options import EntryOptions, Plan
from mcp_operator.catalog.to_server import plan_server

pytestmark = pytest.mark.fast


def word(value: str) -> dict[str, Any]:
    return {"type": "positional", "value": value}


def named(name: str, value: str | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "named", "name": name, **({"value": value} if value else {}), **more}


def plan(kind: str, identifier: str, hint: str, *runtime: dict[str, Any], values: Any = None, **more: Any) -> Plan:
    package = {"registryType": kind, "identifier": identifier, "runtimeHint": hint, "transport": {"type": "stdio"}}
    document = {"server": {"name": "a/b", "packages": [{**package, "runtimeArguments": list(runtime), **more}]}}
    entry: ServerEntry = parse(document, "s", "o")
    assert isinstance(entry.packages[0], Package)
    return plan_server(entry, EntryOptions("web", "team", values=values or {}))


def runtime(*arguments: Any, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = plan(*arguments, **more).manifest["spec"]["runtime"]
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        (named("-y"),),
        (word("-y"),),
        (word("--yes"), word("@a/pkg@1.0")),
        (named("-y", "@a/pkg@latest"),),
        (word("@a/pkg"),),
    ],
)
def test_words_that_only_start_the_package_are_left_out(arguments: tuple[dict[str, Any], ...]) -> None:
    assert runtime("npm", "@a/pkg", "npx", *arguments) == {"type": "node", "package": "@a/pkg"}


def test_arguments_of_the_server_among_those_of_the_runner_are_kept() -> None:
    found = runtime(
        "npm", "pkg", "npx", named("-y"), word("pkg"), named("--mode", "fast"), packageArguments=[word("mcp")]
    )
    assert found["args"] == ["--mode", "fast", "mcp"]


def test_program_of_another_name_is_the_executable() -> None:
    assert runtime("pypi", "pkg", "uvx", named("--from", "pkg"), word("pkg-server"))["command"] == ["pkg-server"]
    assert runtime("pypi", "pkg", "uvx", word("pkg-server"))["command"] == ["pkg-server"]
    assert runtime("npm", "pkg", "npx", word("pkg@1.0"), word("pkg-mcp"))["command"] == ["pkg-mcp"]


def test_extras_of_a_python_package_are_installed() -> None:
    assert runtime("pypi", "pkg", "uvx", word("pkg[cli]@0.7"), version="0.7")["package"] == "pkg[cli]==0.7"


def test_module_is_the_program_of_its_package() -> None:
    assert runtime("pypi", "pkg", "python", word("-m"), word("pkg_server")) == {"type": "python", "package": "pkg"}


@pytest.mark.parametrize(("hint", "first"), [("bun", ["run", "start:stdio"]), ("node", ["dist/index.js"])])
def test_words_that_start_a_checkout_are_left_out(hint: str, first: list[str]) -> None:
    arguments = [word(one) for one in (*first, "--x")]
    assert runtime("npm", "pkg", hint, packageArguments=arguments)["args"] == ["--x"]


def test_docker_run_is_read_as_docker_reads_it() -> None:
    arguments = (
        word("run"),
        named("-i"),
        named("--rm"),
        named("-e"),
        word("LEVEL=debug"),
        named("-e", "TOKEN={token}", isRequired=True, variables={"token": {"isSecret": True, "isRequired": True}}),
        named("-v", "{folder}:/data:ro", variables={"folder": {"isRequired": True}}),
        named("--mount", "type=bind,source=/theirs,target=/cache"),
        named("-v", "/etc:{folder}/etc", variables={"folder": {"isRequired": True}}),
        named("--mount", "type=bind,src={folder},dst=/mnt", variables={"folder": {"isRequired": True}}),
        named("--user", "1001:1002"),
        named("--network", "host"),
        word("ghcr.io/a/img:1"),
        word("serve"),
    )
    values = {"token": "abc", "folder": "/mine"}
    found = plan("oci", "ghcr.io/a/img:1", "docker", *arguments, values=values)
    spec = found.manifest["spec"]
    assert spec["runtime"] == {"type": "docker", "image": "ghcr.io/a/img:1", "args": ["serve"]}
    assert [(item["name"], item.get("value")) for item in spec["env"]] == [
        ("MCP_VALUE_TOKEN", None),
        ("LEVEL", "debug"),
        ("TOKEN", "$(MCP_VALUE_TOKEN)"),
    ]
    assert found.secret_values == {"token": "abc"}
    assert spec["volumes"] == [
        {"name": "data-0", "hostPath": {"path": "/mine"}},
        {"name": "data-1", "emptyDir": {}},
        {"name": "data-2", "emptyDir": {}},
        {"name": "data-3", "hostPath": {"path": "/mine"}},
    ]
    assert spec["volumeMounts"][0] == {"name": "data-0", "mountPath": "/data", "readOnly": True}
    assert spec["securityContext"] == {"runAsUser": 1001, "runAsGroup": 1002}
    assert any("--network host has no equal here" in note for note in found.notes)
