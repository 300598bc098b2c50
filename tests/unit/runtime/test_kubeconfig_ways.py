"""A kubeconfig's words of who acts, of proxies and of names count for every request of the operator, as for kubectl."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp_operator.controllers.ask import http_through
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.config import ConfigError
from mcp_operator.runtime.errors import Unavailable
from mcp_operator.runtime.resources import NAMESPACES

from mcp_cli.local.paths import ClusterPaths
from mcp_cli.local.pki import ensure_credentials
from tests.cli.listening import Api
from tests.cli.test_impersonation import SENT, USER
from tests.cli.test_logins import write

pytestmark = pytest.mark.fast


@pytest.fixture
def api() -> Iterator[Api]:
    with Api().serving() as server:
        yield server


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@asynccontextmanager
async def connected(folder: Path, user: dict[str, Any], **cluster: Any) -> AsyncIterator[KubeClient]:
    client = await KubeClient.connect(str(write(folder / "config", cluster, user)))
    try:
        yield client
    finally:
        await client.close()


async def ask_both_ways(client: KubeClient) -> None:
    """As informers and writers ask, and as the probe does through the API server's proxy."""
    await client.list(NAMESPACES)
    async with http_through(client) as http:
        assert (await http.get(f"{client.base_url}/probe")).status_code == 200


async def test_every_request_says_who_acts(tmp_path: Path, api: Api) -> None:
    async with connected(tmp_path, USER, server=api.url) as client:
        await ask_both_ways(client)
    assert [request.acts_as for request in api.seen] == [SENT, SENT]


async def test_whom_nobody_can_act_as_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="as-groups without `as`"):
        async with connected(tmp_path, {"token": "t", "as-groups": ["admins"]}):
            pass


@pytest.mark.parametrize("named", ["the kubeconfig", "the environment"])
async def test_a_proxy_stands_before_every_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: Api, named: str
) -> None:
    said = {"proxy-url": api.url} if named == "the kubeconfig" else {}
    if not said:
        monkeypatch.setenv("HTTP_PROXY", api.url)
    async with connected(tmp_path, {"token": "t"}, server="http://k8s.example.test", **said) as client:
        await ask_both_ways(client)
    assert [request.path for request in api.seen] == [
        "http://k8s.example.test/api/v1/namespaces",
        "http://k8s.example.test/probe",
    ]


async def test_a_proxy_of_another_kind_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"socks5://127\.0\.0\.1:9 .* none of http or https"):
        async with connected(tmp_path, {"token": "t"}, **{"proxy-url": "socks5://127.0.0.1:9"}):
            pass


async def test_the_name_in_the_certificate_counts_for_every_request(tmp_path: Path) -> None:
    paths = ClusterPaths(tmp_path / "state")
    ensure_credentials(paths, [])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(paths.server_certificate, paths.server_key)
    with Api(tls).serving() as api:
        said = {"server": api.url, "certificate-authority": str(paths.ca_certificate)}
        async with connected(tmp_path, {"token": "t"}, **said, **{"tls-server-name": "kubernetes"}) as client:
            await ask_both_ways(client)
        async with connected(tmp_path, {"token": "t"}, **said) as client:
            with pytest.raises(Unavailable):
                await client.list(NAMESPACES)
    assert len(api.seen) == 2


async def test_of_several_files_the_first_names_the_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    for name in ("one", "two"):
        files.append(tmp_path / name)
        parts = [("cluster", {"server": f"https://{name}.test"}), ("user", {"token": "t", "as": f"{name}-user"})]
        parts.append(("context", {"cluster": name, "user": name}))
        document = {f"{kind}s": [{"name": name, kind: part}] for kind, part in parts}
        files[-1].write_text(yaml.safe_dump({**document, "current-context": name}))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))
    for context, name in ((None, "one"), ("two", "two")):
        client = await KubeClient.connect(context=context)
        assert (client.base_url, client.way().acts_as) == (
            f"https://{name}.test",
            (("Impersonate-User", f"{name}-user"),),
        )
        await client.close()


@pytest.mark.parametrize(
    "cluster",
    [{"server": 5}, {"certificate-authority-data": "bm90aGluZw=="}, {"proxy-url": 5}],
    ids=["a number as address", "an authority that is none", "a number as proxy"],
)
async def test_words_for_what_is_no_use(tmp_path: Path, cluster: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        async with connected(tmp_path, {"token": "t"}, **cluster):
            pass
