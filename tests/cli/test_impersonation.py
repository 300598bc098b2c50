"""A kubeconfig's user that acts as another one: the headers reach the API server over every way, or nothing is sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp_operator.runtime.resources import NAMESPACES

from mcp_cli.errors import ClusterProblem
from mcp_cli.kube import Cluster
from mcp_cli.logins import LibraryLogin, PlainLogin
from mcp_cli.relay import Relay
from mcp_cli.target import from_files
from tests.cli.listening import Api
from tests.cli.test_logins import write

pytestmark = pytest.mark.fast

USER = {
    "token": "t",
    "as": "jane",
    "as-uid": "7",
    "as-groups": ["developers", "admins"],
    "as-user-extra": {"example.com/Team": ["a", "b"]},
}
SENT = [
    ("Impersonate-User", "jane"),
    ("Impersonate-Uid", "7"),
    ("Impersonate-Group", "developers"),
    ("Impersonate-Group", "admins"),
    ("Impersonate-Extra-example.com%2FTeam", "a"),
    ("Impersonate-Extra-example.com%2FTeam", "b"),
]


def target(path: Path, user: dict[str, Any], server: str = "https://127.0.0.1:1", **cluster: Any) -> Any:
    return from_files([str(write(path / "config", {"server": server, **cluster}, user))], None)


PROVIDER = {"auth-provider": {"name": "gcp", "config": {"access-token": "t"}}}


@pytest.mark.parametrize(("user", "kind"), [({}, PlainLogin), (PROVIDER, LibraryLogin)])
def test_every_way_says_who_it_acts_as(tmp_path: Path, api: Api, user: dict[str, Any], kind: type) -> None:
    chosen = target(tmp_path, USER | user, api.url)
    assert isinstance(chosen.login, kind)
    cluster = Cluster(chosen)
    cluster.list(NAMESPACES)
    with httpx.Client(headers=cluster.access().headers, trust_env=False) as client:
        client.get(cluster.host)
    assert [request.acts_as for request in api.seen] == [SENT, SENT]


def test_a_client_of_a_forwarded_port_cannot_choose_another(tmp_path: Path, api: Api) -> None:
    relay = Relay(Cluster(target(tmp_path, USER, api.url)), api.url)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=relay)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get("/x", headers={"Impersonate-Group": "system:masters"})

    assert asyncio.run(ask()).status_code == 200
    assert [request.acts_as for request in api.seen] == [SENT]


@pytest.mark.parametrize(
    "user",
    [
        {"as-groups": ["g"]},
        {"as": 5},
        {"as": "m\u00fcller"},
        {"as": "a\nb"},
        {"as": "jane", "as-groups": "g"},
        {"as": "jane", "as-groups": [None]},
        {"as": "jane", "as-user-extra": ["x"]},
        {"as": "jane", "as-user-extra": {"k": "v"}},
    ],
)
def test_what_cannot_be_sent_is_refused(tmp_path: Path, user: dict[str, Any]) -> None:
    with pytest.raises(ClusterProblem) as caught:
        target(tmp_path, {"token": "t", **user})
    assert str(tmp_path / "config") in caught.value.message


def test_several_groups_do_not_survive_a_proxy_without_tls(tmp_path: Path) -> None:
    """Such requests are rewritten for the proxy, and names that repeat become one."""
    with pytest.raises(ClusterProblem, match="several groups"):
        target(tmp_path, USER, "http://k8s.example.com", **{"proxy-url": "http://127.0.0.1:9"})
