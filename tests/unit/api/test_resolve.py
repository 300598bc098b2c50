"""Defaults that depend on other fields, and which of two forms of a field wins."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.api.resolve import (
    PackageReference,
    full_image,
    parse_duration,
    parse_package,
    resolve,
    split_image,
)

pytestmark = pytest.mark.fast


def server(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a", "namespace": "n"}, "spec": spec}


def test_package_runs_behind_the_bridge_on_port_8080() -> None:
    resolved = resolve(server(runtime={"type": "python", "package": "mcp-server-time==1.2"}))
    assert (resolved.transport, resolved.bridged, resolved.port, resolved.path) == ("stdio", True, 8080, "/mcp")
    assert (resolved.shown_image, resolved.shown_tag) == ("pypi:mcp-server-time", "1.2")
    assert resolved.replicas == 1


def test_plain_image_speaks_http_and_one_from_a_registry_stdio() -> None:
    assert resolve(server(image="example.test/a")).transport == "streamable-http"
    assert resolve(server(image="example.test/a", registry={"name": "a"})).transport == "stdio"
    assert resolve(server(image="example.test/a", transport={"type": "http"})).transport == "streamable-http"


def test_flat_form_wins_over_runtime() -> None:
    runtime = {"image": "old", "args": ["old"], "port": 1, "env": {"B": "old", "A": "kept"}}
    flat = {"image": "new", "args": [], "port": 2, "env": [{"name": "B", "value": "new"}]}
    resolved = resolve(server(runtime=runtime, **flat))
    assert (resolved.image, resolved.args, resolved.port) == ("new:latest", (), 2)
    assert resolved.env == ({"name": "A", "value": "kept"}, {"name": "B", "value": "new"})


def test_environment_has_one_order_whatever_the_order_of_the_map() -> None:
    one = resolve(server(image="a", runtime={"env": {"B": "2", "A": "1"}}))
    other = resolve(server(image="a", runtime={"env": {"A": "1", "B": "2"}}))
    assert one.env == other.env


def test_port_comes_from_the_first_of_ports() -> None:
    assert resolve(server(image="a", ports=[{"name": "http", "port": 80, "targetPort": 3000}])).port == 3000
    assert resolve(server(image="a", ports=[{"name": "http", "port": 80}])).port == 80


def test_zero_replicas_are_not_the_default() -> None:
    assert resolve(server(image="a", replicas=0)).replicas == 0


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("mcp/time", ("mcp/time", None)),
        ("mcp/time:1", ("mcp/time", "1")),
        ("host.test:5000/mcp/time", ("host.test:5000/mcp/time", None)),
        ("host.test:5000/time:1", ("host.test:5000/time", "1")),
        ("a@sha256:00", ("a", "sha256:00")),
    ],
)
def test_split_image(image: str, parts: tuple[str, str | None]) -> None:
    assert split_image(image) == parts


def test_full_image_keeps_a_digest() -> None:
    assert full_image("a@sha256:00", "1") == "a@sha256:00"
    assert full_image("host.test:5000/a", "1") == "host.test:5000/a:1"


@pytest.mark.parametrize(
    ("runtime", "text", "name", "version"),
    [
        ("python", "mcp-server-time", "mcp-server-time", None),
        ("python", "mcp[cli]==2.3", "mcp[cli]", "2.3"),
        ("node", "@scope/server", "@scope/server", None),
        ("node", "@scope/server@1.0.0", "@scope/server", "1.0.0"),
        ("node", "server@1", "server", "1"),
    ],
)
def test_parse_package(runtime: str, text: str, name: str, version: str | None) -> None:
    assert parse_package(runtime, text) == PackageReference(runtime, name, version)
    assert parse_package(runtime, text).requirement == text


@pytest.mark.parametrize("text", ["", "@", "==1"])
def test_package_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="needs a name"):
        parse_package("python" if text.startswith("=") else "node", text)


def test_durations() -> None:
    assert [parse_duration(text) for text in ("500ms", "10s", "2m")] == [0.5, 10.0, 120.0]
    with pytest.raises(ValueError, match="no duration"):
        parse_duration("soon")
