"""A server that runs elsewhere: what its spec may hold, and what it resolves to."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.api.resolve import resolve
from mcp_operator.api.validation import validate

pytestmark = pytest.mark.fast

URL = "https://far.example.test:8443/mcp"
FROM_SECRET = {"name": "Authorization", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}


def server(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a", "namespace": "n"}, "spec": spec}


def remote(**runtime: Any) -> dict[str, Any]:
    return {"type": "remote", **runtime}


def test_a_url_with_headers_is_enough() -> None:
    made = server(runtime=remote(url=URL, headers=[{"name": "X-Team", "value": "a"}, FROM_SECRET]))
    assert validate(made) == []
    resolved = resolve(made)
    assert (resolved.remote, resolved.bridged, resolved.transport) == (True, False, "streamable-http")
    assert (resolved.url, resolved.shown_image, resolved.image) == (URL, "far.example.test:8443", None)


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"runtime": remote()}, "spec.runtime.url"),
        ({"runtime": remote(url="far.example.test")}, "spec.runtime.url"),
        ({"runtime": remote(url="http://[bad")}, "spec.runtime.url"),
        ({"runtime": remote(url=URL), "image": "a"}, "spec.image"),
        ({"runtime": remote(url=URL, package="a")}, "spec.runtime.package"),
        ({"runtime": remote(url=URL), "networkPolicy": {"egress": [{}]}}, "spec.networkPolicy"),
        ({"runtime": remote(url=URL), "transport": {"type": "stdio"}}, "spec.transport.type"),
        ({"runtime": remote(url=URL, headers=[{"name": "A"}])}, "spec.runtime.headers[0]"),
        ({"runtime": remote(url=URL, headers=[{**FROM_SECRET, "value": "x"}])}, "spec.runtime.headers[0]"),
        ({"runtime": remote(url=URL, headers=[{"name": "A", "value": "a\r\nB: b"}])}, "spec.runtime.headers[0].value"),
        ({"image": "a", "runtime": {"url": URL}}, "spec.runtime.url"),
    ],
)
def test_what_does_not_go_together_is_named(spec: dict[str, Any], path: str) -> None:
    assert [error.path for error in validate(server(**spec))] == [path]
