"""Entries of the official registry that run elsewhere: from the registry to a tool that answers, on each transport."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.running import mcp
from tests.support.old_sse import OldSseServer
from tests.support.registry_server import RegistryServer, item

Env = dict[str, str | None]
TOKEN = "Bearer very-secret"


@pytest.fixture
def far() -> Iterator[OldSseServer]:
    with OldSseServer({"Authorization": TOKEN}) as server:
        yield server


def remote(kind: str, url: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "url": url, **more}


def entry(name: str, *remotes: dict[str, Any]) -> dict[str, Any]:
    return item(f"io.github.example/{name}", packages=[], remotes=list(remotes))


@pytest.fixture
def registry(own_cluster: Env, far: OldSseServer) -> Iterator[Env]:
    """A cluster and a registry whose entries name the old server, a newer one, and one that nobody can reach."""
    header = {"name": "Authorization", "isRequired": True, "isSecret": True}
    entries = [
        entry("sse", remote("sse", far.url, headers=[header])),
        entry("both", remote("sse", far.url), remote("streamable-http", "https://mcp.example.test/mcp")),
        entry("socket", remote("websocket", "wss://mcp.example.test/mcp")),
    ]
    with RegistryServer(entries=entries) as server:
        added = mcp("registry", "add", "o", "--type", "official", "--url", server.url, env=own_cluster)
        assert added.code == 0, added.stderr
        yield own_cluster
    mcp("registry", "remove", "o", env=own_cluster)


def test_an_sse_remote_becomes_a_server_whose_tools_answer(registry: Env, far: OldSseServer) -> None:
    name = "io.github.example/sse"
    assert mcp("registry", "list", "--transport", "sse", "-o", "name", env=registry).stdout == f"{name}\n"
    wanting = mcp("deploy", name, env=registry)
    assert (wanting.code, "--secret Authorization=SECRET/KEY" in wanting.stderr) == (1, True)
    words = ("deploy", name, "--name", "wire", "--set", f"Authorization={TOKEN}")
    shown = mcp(*words, "--dry-run", "-o", "json", env=registry).stdout
    assert '"type": "sse"' in shown
    done = mcp(*words, "--wait", env=registry)
    assert done.code == 0, done.stderr
    assert mcp("tools", "list", "wire", "-o", "name", env=registry).stdout == "echo\n"
    assert mcp("tools", "call", "wire", "echo", "--arg", "word=hello", env=registry).stdout == '{"word": "hello"}\n'
    seen = mcp("get", "servers", "wire", "-o", "yaml", env=registry).stdout
    assert "2024-11-05" in seen
    assert TOKEN not in shown + seen
    assert mcp("delete", "wire", "--wait", env=registry).code == 0


def test_streamable_http_is_taken_where_a_server_offers_both(registry: Env) -> None:
    deployed = mcp("deploy", "io.github.example/both", "--dry-run", "-o", "json", env=registry).json["spec"]
    assert deployed["runtime"] == {"type": "remote", "url": "https://mcp.example.test/mcp"}
    assert deployed["transport"] == {"type": "streamable-http"}
    card = mcp("registry", "list", "--source", "o", "--transport", "streamable-http", "-o", "json", env=registry)
    assert [one["package"] for one in card.json["items"]] == ["https://mcp.example.test/mcp"]


def test_another_transport_is_refused_with_the_reason(registry: Env) -> None:
    name = "io.github.example/socket"
    assert "its transport 'websocket' is not served here" in mcp("registry", "inspect", name, env=registry).stdout
    refused = mcp("deploy", name, env=registry)
    assert refused.code == 1
    assert "its transport is 'websocket', which is not served here" in refused.stderr
    assert "known: streamable-http, sse" in refused.stderr


def test_the_remote_is_chosen_over_a_package_by_its_runtime(registry: Env) -> None:
    refused = mcp("deploy", "time", "--runtime", "remote", env=registry)
    assert refused.code == 1
    assert "it has nothing for the runtime remote" in refused.stderr
    words = (
        "deploy",
        "io.github.example/both",
        "--runtime",
        "remote",
        "--dry-run",
        "-o",
        "jsonpath={.spec.runtime.type}",
    )
    assert mcp(*words, env=registry).stdout == "remote"
