"""URLs of the API, and errors as the callers see them."""

from __future__ import annotations

import json

import pytest
from mcp_operator.runtime import errors
from mcp_operator.runtime.client import _label
from mcp_operator.runtime.resources import CRDS, DEPLOYMENTS, PODS, Resource

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PODS.path(), "/api/v1/pods"),
        (PODS.path("a"), "/api/v1/namespaces/a/pods"),
        (PODS.path("a", "b", "log"), "/api/v1/namespaces/a/pods/b/log"),
        (PODS.path("a", "b:8080", "proxy"), "/api/v1/namespaces/a/pods/b:8080/proxy"),
        (DEPLOYMENTS.path("a", "b", "scale"), "/apis/apps/v1/namespaces/a/deployments/b/scale"),
        (CRDS.path("ignored", "x.y"), "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/x.y"),
        (PODS.path("a", "odd/../name"), "/api/v1/namespaces/a/pods/odd%2F..%2Fname"),
    ],
)
def test_paths(path: str, expected: str) -> None:
    assert path == expected


def test_api_version_of_core_has_no_group() -> None:
    assert (PODS.api_version, DEPLOYMENTS.api_version) == ("v1", "apps/v1")
    assert Resource("mcp.allbeone.io", "v1", "mcpservers", "MCPServer").api_version == "mcp.allbeone.io/v1"


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (404, "NotFound", errors.NotFound),
        (409, "AlreadyExists", errors.AlreadyExists),
        (409, "Conflict", errors.Conflict),
        (410, "Expired", errors.Gone),
        (422, "Invalid", errors.Invalid),
        (403, "Forbidden", errors.Forbidden),
        (429, "TooManyRequests", errors.TooManyRequests),
        (503, "ServiceUnavailable", errors.ServerError),
    ],
)
def test_a_status_becomes_the_exception_of_its_code(status: int, reason: str, kind: type[errors.ApiError]) -> None:
    body = json.dumps({"kind": "Status", "reason": reason, "message": "words", "details": {"retryAfterSeconds": 3}})
    error = errors.error_of(status, body.encode(), "Http")
    assert type(error) is kind
    assert (str(error), error.reason, error.retry_after) == ("words", reason, 3.0)


def test_an_answer_that_is_no_status_is_quoted() -> None:
    error = errors.error_of(502, b"<html>bad gateway</html>", "Bad Gateway")
    assert str(error) == "<html>bad gateway</html>"
    assert isinstance(error, errors.ServerError)


@pytest.mark.parametrize(
    ("method", "path", "query", "label"),
    [
        ("GET", "/api/v1/namespaces/a/pods/b", None, ("GET", "pods")),
        ("PATCH", "/apis/apps/v1/namespaces/a/deployments/b", None, ("PATCH", "deployments")),
        ("PATCH", "/apis/x.io/v1/namespaces/a/things/b/status", None, ("PATCH", "things/status")),
        ("GET", "/api/v1/namespaces", {"watch": "true"}, ("WATCH", "namespaces")),
        ("GET", "/api/v1/namespaces/a", None, ("GET", "namespaces")),
        ("GET", "/version", None, ("GET", "/version")),
    ],
)
def test_requests_are_counted_by_resource(
    method: str, path: str, query: dict[str, str] | None, label: tuple[str, str]
) -> None:
    assert _label(method, path, query) == label
