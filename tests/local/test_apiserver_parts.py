"""The pure parts of the API server: paths, forms, protobuf bodies, conversions, addresses."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mcp_cli.local.apimachinery.errors import StatusError
from mcp_cli.local.apimachinery.models import builtin_resource
from mcp_cli.local.apiserver import codec, protobuf, yamltext
from mcp_cli.local.apiserver.addresses import RESERVED, ServiceAddresses
from mcp_cli.local.apiserver.conversion import convert
from mcp_cli.local.apiserver.request import Query, Target, parse_path, verb_of
from mcp_cli.local.storage import Store

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/pods", Target("", "v1", "pods")),
        ("/api/v1/namespaces", Target("", "v1", "namespaces")),
        ("/api/v1/namespaces/a", Target("", "v1", "namespaces", "a", "a")),
        ("/api/v1/namespaces/a/status", Target("", "v1", "namespaces", "a", "a", "status")),
        ("/api/v1/namespaces/a/pods", Target("", "v1", "pods", "a")),
        ("/api/v1/namespaces/a/pods/p", Target("", "v1", "pods", "a", "p")),
        ("/api/v1/namespaces/a/pods/p/log", Target("", "v1", "pods", "a", "p", "log")),
        ("/apis/apps/v1/namespaces/a/deployments/d/scale", Target("apps", "v1", "deployments", "a", "d", "scale")),
        (
            "/api/v1/namespaces/a/services/s:80/proxy/x%2Fy//z",
            Target("", "v1", "services", "a", "s:80", "proxy", "/x%2Fy//z"),
        ),
        ("/api/v1/namespaces/a/services/s/proxy/", Target("", "v1", "services", "a", "s", "proxy", "/")),
        ("/api/v1/namespaces/a/services/s/proxy", Target("", "v1", "services", "a", "s", "proxy", None)),
        ("/api/v1/watch/pods", Target("", "v1", "pods", watch_prefix=True)),
        ("/apis/x.test/v1/boxes/b", Target("x.test", "v1", "boxes", "", "b")),
        ("/api/v1", None),
        ("/apis/apps/v1", None),
        ("/healthz", None),
    ],
)
def test_paths_name_resources(path: str, target: Target | None) -> None:
    assert parse_path(path) == target


def test_verbs() -> None:
    assert [verb_of("GET", named, watch) for named, watch in ((True, False), (False, False), (False, True))] == [
        "get",
        "list",
        "watch",
    ]
    assert (verb_of("DELETE", True, False), verb_of("DELETE", False, False)) == ("delete", "deletecollection")


def test_flags_of_a_query() -> None:
    query = Query("watch=1&force=true&limit=5&bad=x&empty=")
    assert (query.flag("watch"), query.flag("force"), query.flag("empty"), query.flag("none")) == (
        True,
        True,
        False,
        False,
    )
    assert (query.number("limit"), query.number("empty"), query.number("none")) == (5, None, None)
    with pytest.raises(StatusError, match=r"strconv\.ParseInt"):
        query.number("bad")


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", codec.Form()),
        ("*/*", codec.Form()),
        ("application/vnd.kubernetes.protobuf,application/json", codec.Form()),
        ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", codec.Form(codec.JSON, "Table", "v1")),
        ("application/json;as=Nonsense;v=v1;g=meta.k8s.io,application/yaml", codec.Form(codec.YAML)),
    ],
)
def test_the_first_form_that_can_be_given(accept: str, form: codec.Form) -> None:
    assert codec.negotiate(accept) == form


def test_a_form_that_cannot_be_given_is_refused() -> None:
    with pytest.raises(StatusError) as caught:
        codec.negotiate("text/html")
    assert caught.value.code == 406


def test_yaml_keeps_text_as_text() -> None:
    value = {"day": "2026-01-01", "yes": "true", "number": "12", "plain": "words", "lines": "a\nb\n", "empty": ""}
    text = yamltext.dump(value)
    assert b'day: "2026-01-01"' in text
    assert b"plain: words" in text
    assert yamltext.load(text) == value
    assert yamltext.load(b"day: 2026-01-01") == {"day": "2026-01-01"}


@pytest.mark.parametrize("body", [b"[" * 200_000, b"- " * 200_000, b"{a: " * 200_000], ids=lambda body: body[:3])
@pytest.mark.parametrize("media_type", [codec.JSON, codec.YAML, ""])
def test_a_body_that_is_nested_without_end_is_refused(body: bytes, media_type: str) -> None:
    """The C library of YAML ends the whole process."""
    with pytest.raises(StatusError) as caught:
        codec.parse(body, media_type, "Pod")
    assert caught.value.code == 400


def field(number: int, value: bytes | int) -> bytes:
    """One field in protobuf's encoding; short values only."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([(number << 3) | 2, len(value)]) + value


def test_a_protobuf_body_reads_as_json_does() -> None:
    metadata = field(1, b"web") + field(11, field(1, b"app") + field(2, b"web"))
    port = field(1, b"http") + field(3, 80) + field(4, field(1, 1) + field(3, b"main"))
    spec = field(1, port) + field(2, field(1, b"app") + field(2, b"web"))
    service = field(1, metadata) + field(2, spec)
    unknown = field(1, field(1, b"v1") + field(2, b"Service")) + field(2, service)
    assert protobuf.decode(protobuf.MAGIC + unknown) == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": "main"}], "selector": {"app": "web"}},
    }


def test_bytes_in_protobuf_become_base64() -> None:
    data = field(2, field(1, b"key") + field(2, b"\x00\xff"))
    unknown = field(1, field(1, b"v1") + field(2, b"Secret")) + field(2, data)
    assert protobuf.decode(protobuf.MAGIC + unknown)["data"] == {"key": base64.b64encode(b"\x00\xff").decode()}


@pytest.mark.parametrize("body", [b"", b"{}", protobuf.MAGIC + b"\x0a\xff", protobuf.MAGIC + field(2, b"x")])
def test_a_broken_protobuf_body_is_refused(body: bytes) -> None:
    with pytest.raises(protobuf.ProtobufError):
        protobuf.decode(body)


def test_an_event_has_two_shapes_and_one_place() -> None:
    model = builtin_resource("events.k8s.io", "v1", "events")
    assert model is not None
    new = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "note": "words", "regarding": {"name": "p"}}
    stored = convert(model, new, to_storage=True)
    assert (stored["apiVersion"], stored["message"], stored["involvedObject"]) == ("v1", "words", {"name": "p"})
    assert convert(model, stored) == new


def test_an_autoscaler_of_version_one_is_stored_as_version_two() -> None:
    model = builtin_resource("autoscaling", "v1", "horizontalpodautoscalers")
    assert model is not None
    old: dict[str, Any] = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50},
    }
    stored = convert(model, old, to_storage=True)
    assert stored["spec"]["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 50}
    assert convert(model, stored) == old


def test_addresses_are_given_out_once_and_come_back() -> None:
    store, addresses = Store(":memory:"), ServiceAddresses("127.20.128.0/27")
    store.listen(addresses.observe)
    given = []
    while (address := addresses.allocate()) is not None:
        given.append(address)
        body = {"metadata": {"name": address}, "spec": {"clusterIP": address, "clusterIPs": [address]}}
        store.create("/services", f"default/{address}", body)
    assert len(set(given)) == len(given) == addresses.network.num_addresses - 2 - RESERVED
    store.delete("/services", f"default/{given[3]}", expected=None)
    assert addresses.allocate() == given[3]
