"""MCPRegistry: what its validation refuses, what its defaults are."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.api.crds import registry_crd
from mcp_operator.api.mcpregistry import OFFICIAL_URL, parse_interval, resolve, validate

pytestmark = pytest.mark.fast


def registry(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "r", "namespace": "n"}, "spec": spec}


@pytest.mark.parametrize(
    "spec",
    [
        {"source": {"type": "builtin"}},
        {"source": {"type": "official"}},
        {"source": {"type": "official"}, "url": "https://registry.example.test"},
        {"source": {"type": "github", "github": {"repo": "docker/mcp-registry"}, "path": "servers"}},
        {"source": {"type": "http"}, "url": "http://registry.tools.svc:8080/list.json"},
        {"source": {"type": "configMap", "configMap": {"name": "entries"}, "path": "one.yaml"}},
    ],
)
def test_good_registries_pass(spec: dict[str, Any]) -> None:
    assert validate(registry(**spec)) == []


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"source": {"type": "github"}}, "spec.source.github"),
        ({"source": {"type": "github", "github": {"repo": "no-owner"}}}, "spec.source.github.repo"),
        ({"source": {"type": "official", "github": {"repo": "a/b"}}}, "spec.source.github"),
        ({"source": {"type": "github", "github": {"repo": "a/b"}, "path": "../x"}}, "spec.source.path"),
        ({"source": {"type": "builtin", "path": "x"}}, "spec.source.path"),
        ({"source": {"type": "http"}}, "spec.url"),
        ({"source": {"type": "http"}, "url": "ftp://example.test"}, "spec.url"),
        ({"source": {"type": "http"}, "url": "https://me:secret@example.test"}, "spec.url"),
        ({"source": {"type": "builtin"}, "url": "https://example.test"}, "spec.url"),
        ({"source": {"type": "configMap"}}, "spec.source.configMap"),
        ({"source": {"type": "builtin"}, "auth": {"secretRef": {"name": "s"}}}, "spec.auth.secretRef"),
        ({"source": {"type": "builtin"}, "refreshInterval": "often"}, "spec.refreshInterval"),
    ],
)
def test_what_makes_no_sense_is_named(spec: dict[str, Any], path: str) -> None:
    errors = validate(registry(**spec))
    assert [error.path for error in errors] == [path]
    assert "secret@" not in str(errors[0])


def test_defaults() -> None:
    resolved = resolve(registry(source={"type": "github", "github": {"repo": "a/b"}}))
    assert (resolved.branch, resolved.interval, resolved.secret_key) == ("main", 600.0, "token")
    assert resolve(registry(source={"type": "official"})).url == OFFICIAL_URL


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30.0), ("10m", 600.0), ("2h", 7200.0)])
def test_intervals(text: str, seconds: float) -> None:
    assert parse_interval(text) == seconds


def test_kubectl_get_shows_readiness_servers_and_the_last_sync() -> None:
    columns = registry_crd()["spec"]["versions"][0]["additionalPrinterColumns"]
    shown = [column["name"] for column in columns if not column.get("priority")]
    assert shown == ["Ready", "Phase", "Servers", "LastSync", "Age"]
