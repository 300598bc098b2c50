"""Which URL reaches a server from where we are."""

from __future__ import annotations

import pytest
from mcp_operator.client.route import Route, Target, choose, is_loopback, proxy_prefix

pytestmark = pytest.mark.fast

API = "https://10.0.0.1:6443/"
PROXY = "https://10.0.0.1:6443/api/v1/namespaces/n/services/time:8080/proxy"


def service(address: str | None, path: str = "/mcp") -> Target:
    return Target("services", "n", "time", 8080, path, address)


@pytest.mark.parametrize(
    ("address", "in_cluster", "route"),
    [
        ("127.16.128.4", False, Route("http://127.16.128.4:8080/mcp", False)),
        ("127.16.128.4", True, Route("http://127.16.128.4:8080/mcp", False)),
        ("10.96.0.7", True, Route("http://10.96.0.7:8080/mcp", False)),
        ("10.96.0.7", False, Route(f"{PROXY}/mcp", True)),
        ("fd00::7", True, Route("http://[fd00::7]:8080/mcp", False)),
        (None, True, Route(f"{PROXY}/mcp", True)),
        ("None", False, Route(f"{PROXY}/mcp", True)),
    ],
)
def test_the_address_where_it_can_be_reached_else_the_proxy(
    address: str | None, in_cluster: bool, route: Route
) -> None:
    assert choose(service(address), api_server=API, in_cluster=in_cluster) == route


def test_a_pod_is_reached_the_same_way_and_its_path_needs_no_slash() -> None:
    target = Target("pods", "n", "time-0", 8080, "sse", None)
    url = choose(target, api_server=API).url
    assert url == "https://10.0.0.1:6443/api/v1/namespaces/n/pods/time-0:8080/proxy/sse"


def test_a_server_behind_the_proxy_is_called_by_a_name_that_it_knows() -> None:
    assert choose(service("10.96.0.7"), api_server=API).headers == {"Host": "localhost:8080"}
    assert choose(service("127.0.0.1"), api_server=API).headers == {}


@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        (f"{PROXY}/mcp", "/api/v1/namespaces/n/services/time:8080/proxy"),
        ("https://rancher.test/k8s/api/v1/namespaces/n/pods/p:1/proxy/mcp", "/k8s/api/v1/namespaces/n/pods/p:1/proxy"),
        ("http://127.0.0.1:8080/mcp", ""),
        ("http://127.0.0.1:8080/proxy/mcp", ""),
    ],
)
def test_the_part_of_the_path_that_is_the_proxys(url: str, prefix: str) -> None:
    assert proxy_prefix(url) == prefix


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.200.1.2", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("10.0.0.1", False),
    ],
)
def test_loopback_is_this_machine(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback
