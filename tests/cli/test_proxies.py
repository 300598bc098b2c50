"""Which proxy stands before a cluster: the kubeconfig's own, else the environment's where it is for that address."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp_operator.runtime.resources import NAMESPACES

from mcp_cli.errors import ClusterProblem
from mcp_cli.kube import Cluster
from mcp_cli.logins import LibraryLogin, PlainLogin
from mcp_cli.target import from_files
from tests.cli.listening import Api
from tests.cli.test_logins import write

pytestmark = pytest.mark.fast

PROVIDER = {"auth-provider": {"name": "gcp", "config": {"access-token": "t"}}}


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


def target(path: Path, user: dict[str, Any] | None = None, **cluster: Any) -> Any:
    return from_files([str(write(path / "config", cluster, user or {"token": "t"}))], None)


@pytest.mark.parametrize("user", [{"token": "t"}, PROVIDER])
def test_the_proxy_of_the_kubeconfig_wins_over_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: Api, user: dict[str, Any]
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    cluster = Cluster(target(tmp_path, user, server="http://127.0.0.1:1", **{"proxy-url": api.url}))
    cluster.list(NAMESPACES)
    access = cluster.access()
    with httpx.Client(proxy=access.proxy, trust_env=False) as client:
        client.get(f"{cluster.host}/x")
    assert [request.path.partition("?")[0] for request in api.seen] == [
        "http://127.0.0.1:1/api/v1/namespaces",
        "http://127.0.0.1:1/x",
    ]


@pytest.mark.parametrize(
    ("variables", "kind", "proxy"),
    [
        ({"HTTP_PROXY": "http://127.0.0.1:9"}, LibraryLogin, "http://127.0.0.1:9"),
        ({"HTTP_PROXY": "127.0.0.1:9"}, LibraryLogin, "http://127.0.0.1:9"),
        ({"all_proxy": "http://127.0.0.1:9"}, LibraryLogin, "http://127.0.0.1:9"),
        ({"HTTPS_PROXY": "http://127.0.0.1:9"}, PlainLogin, None),
        ({"NO_PROXY": "elsewhere"}, PlainLogin, None),
        ({"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "10.1.2.3"}, PlainLogin, None),
        ({"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "10.0.0.0/8"}, LibraryLogin, None),
    ],
)
def test_the_proxy_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], kind: type, proxy: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    chosen = target(tmp_path, server="http://10.1.2.3:6443")
    cluster = Cluster(chosen)
    assert (type(chosen.login), cluster.access().proxy) == (kind, proxy)
    assert bool(getattr(chosen.login.pool(), "proxy", None)) is bool(proxy)


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("socks5://127.0.0.1:9", "PySocks"),
        ("socks4://127.0.0.1:9", "http, https or socks5"),
        ("ftp://127.0.0.1:9", "http, https or socks5"),
        ("127.0.0.1:9", "http, https or socks5"),
    ],
)
def test_a_proxy_that_cannot_be_spoken_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str, said: str
) -> None:
    monkeypatch.setattr("mcp_cli.target._SOCKS", {"PySocks": "not_installed_here"})
    with pytest.raises(ClusterProblem) as caught:
        target(tmp_path, **{"proxy-url": proxy})
    assert said in caught.value.message
    assert str(tmp_path / "config") in caught.value.message
