"""Kubeconfigs that say everything themselves: the same requests as through the library, without importing it."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from mcp_operator.client.route import Route
from mcp_operator.runtime.resources import NAMESPACES

from mcp_cli.errors import ClusterProblem
from mcp_cli.kube import Cluster as Kube
from mcp_cli.kubeconfig import merged, plain_login
from mcp_cli.local.paths import ClusterPaths
from mcp_cli.local.pki import ensure_credentials
from mcp_cli.logins import LibraryLogin, PlainLogin
from mcp_cli.mcpclient import http_client
from mcp_cli.relay import Relay
from mcp_cli.session import Session
from mcp_cli.target import from_files, through_library
from tests.cli.listening import Api
from tests.cli.running import mcp
from tests.support.cluster import Cluster


def write(path: Path, cluster: dict[str, Any], user: dict[str, Any], **more: Any) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1", **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
        **more,
    }
    path.write_text(yaml.safe_dump(document))
    return path


def login(*files: Path) -> Any:
    return from_files([str(file) for file in files], None).login


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.fast
@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"token": "t"}, "Bearer t"),
        ({"tokenFile": "token"}, "Bearer of-the-file"),
        ({"token": "t", "tokenFile": "token"}, "Bearer of-the-file"),
        ({"username": "me", "password": "p:w"}, "Basic " + b64("me:p:w")),
        ({}, None),
    ],
)
def test_credentials(tmp_path: Path, user: dict[str, Any], expected: str | None) -> None:
    (tmp_path / "token").write_text("of-the-file\n")
    chosen = login(write(tmp_path / "config", {"insecure-skip-tls-verify": True}, user))
    assert isinstance(chosen, PlainLogin)
    assert chosen.headers().get("Authorization") == expected


@pytest.mark.fast
def test_authorities_are_judged_as_kubectl_does(tmp_path: Path) -> None:
    """A cluster's own authority without a key identifier is usual; Python 3.13 refuses it unless told otherwise."""
    config = write(tmp_path / "config", {}, {"token": "t"})
    for chosen in (login(config), through_library(str(config), None)):
        context = chosen.tls()
        assert not context.verify_flags & ssl.VERIFY_X509_STRICT
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


@pytest.mark.fast
def test_a_token_file_is_read_each_time(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first")
    chosen = login(write(tmp_path / "config", {"insecure-skip-tls-verify": True}, {"tokenFile": str(token)}))
    assert chosen.headers() == {"Authorization": "Bearer first"}
    token.write_text("second")
    assert chosen.headers() == {"Authorization": "Bearer second"}


@pytest.mark.fast
def test_a_token_file_that_is_gone_says_so(tmp_path: Path) -> None:
    config = write(tmp_path / "config", {"insecure-skip-tls-verify": True}, {"tokenFile": "gone"})
    done = mcp("get", "servers", "--kubeconfig", str(config))
    assert done.code == 1
    assert f"{tmp_path}/gone" in done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.fast
@pytest.mark.parametrize(
    ("cluster", "user"),
    [
        ({}, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "true"}}),
        ({}, {"auth-provider": {"name": "oidc", "config": {}}}),
        ({"proxy-url": "http://127.0.0.1:9"}, {"token": "t"}),
        ({"server": None}, {"token": "t"}),
    ],
)
def test_what_needs_more_is_not_plain(tmp_path: Path, cluster: dict[str, Any], user: dict[str, Any]) -> None:
    files = merged([str(write(tmp_path / "config", cluster, user))])
    assert plain_login(files, files.context(None)) is None


@pytest.mark.fast
@pytest.mark.parametrize(
    ("program", "said"),
    [("no-such-login-program", "no-such-login-program"), ("false", "process returned 1")],
)
def test_a_login_program_that_fails_says_so_once(tmp_path: Path, program: str, said: str) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": program, "interactiveMode": "Never"}}
    config = write(tmp_path / "config", {"insecure-skip-tls-verify": True}, user)
    command = [sys.executable, "-m", "mcp_cli.main", "get", "servers", "--kubeconfig", str(config)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert f"the login of the kubeconfig {config} failed: " in done.stderr
    assert said in done.stderr


@pytest.mark.fast
def test_a_login_program_gives_the_credentials(tmp_path: Path) -> None:
    program = tmp_path / "login"
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "given"}}
    program.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    program.chmod(0o755)
    user = {"exec": {"apiVersion": answer["apiVersion"], "command": str(program), "interactiveMode": "Never"}}
    chosen = login(write(tmp_path / "config", {"insecure-skip-tls-verify": True}, user))
    assert chosen.headers() == {"Authorization": "Bearer given"}


@pytest.mark.fast
def test_a_proxy_of_the_environment_is_for_other_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    here = login(write(tmp_path / "here", {"insecure-skip-tls-verify": True}, {"token": "t"}))
    assert (type(here), here.proxy) == (PlainLogin, None)
    there = {"server": "https://k8s.example.com", "insecure-skip-tls-verify": True}
    far = login(write(tmp_path / "far", there, {"token": "t"}))
    assert (type(far), far.proxy, far.headers()) == (LibraryLogin, "http://127.0.0.1:9", {"Authorization": "Bearer t"})


@pytest.mark.fast
def test_files_are_merged_and_each_has_its_own_folder(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    (two / "token").write_text("from-two")
    first = one / "config"
    first.write_text(yaml.safe_dump({"current-context": "x", "contexts": [], "users": []}))
    second = write(two / "config", {"insecure-skip-tls-verify": True}, {"tokenFile": "token"})
    assert login(first, second).headers() == {"Authorization": "Bearer from-two"}


@pytest.mark.fast
def test_the_first_current_context_counts_for_the_library_too(tmp_path: Path) -> None:
    provider = {"auth-provider": {"name": "gcp", "config": {"access-token": "t"}}}
    first = write(tmp_path / "first", {"server": "https://first.example"}, provider)
    second = tmp_path / "second"
    second.write_text(first.read_text().replace("first", "second").replace(": x", ": y").replace(": c", ": d"))
    assert login(first, second).host == "https://first.example"


@pytest.mark.fast
@pytest.mark.parametrize(
    ("cluster", "user"),
    [
        ({"certificate-authority-data": "%%%"}, {"token": "t"}),
        ({"certificate-authority": "gone.crt"}, {"token": "t"}),
        ({"certificate-authority-data": b64("no certificate")}, {"token": "t"}),
        ({"certificate-authority-data": 5}, {"token": "t"}),
        ({"server": 5}, {"token": "t"}),
        ({"proxy-url": 5}, {"token": "t"}),
        ({"insecure-skip-tls-verify": "false"}, {"token": "t"}),
        ({"insecure-skip-tls-verify": "false"}, {"auth-provider": {"name": "gcp", "config": {"access-token": "t"}}}),
        ({"insecure-skip-tls-verify": True}, {"client-certificate-data": b64("no certificate")}),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, cluster: dict[str, Any], user: dict[str, Any]) -> None:
    config = write(tmp_path / "config", cluster, user)
    with pytest.raises(ClusterProblem) as caught:
        Kube(from_files([str(config)], None))
    assert str(config) in caught.value.message


@pytest.mark.fast
@pytest.mark.parametrize("parts", ["text", [{"name": "x", "context": "text"}]])
def test_parts_of_another_shape(tmp_path: Path, parts: Any) -> None:
    config = write(tmp_path / "config", {}, {"token": "t"}, contexts=parts)
    done = mcp("get", "servers", "--kubeconfig", str(config))
    assert done.code == 1
    assert f"in the kubeconfig {config}" in done.stderr


@pytest.mark.fast
@pytest.mark.parametrize(
    "comment", ["# Autorit\u00e9 de certification \u4e2d\u6587".encode(), "# Autorit\u00e9".encode("latin-1")]
)
def test_authorities_with_comments_in_any_language(tmp_path: Path, comment: bytes) -> None:
    paths = ClusterPaths(tmp_path / "state")
    ensure_credentials(paths, [])
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(comment + b"\n" + paths.ca_certificate.read_bytes())
    inline = {"certificate-authority-data": b64encode(bundle.read_bytes()).decode()}
    for cluster in (inline, {"certificate-authority": str(bundle)}):
        chosen = login(write(tmp_path / "config", cluster, {"token": "t"}))
        assert isinstance(chosen, PlainLogin)
        assert chosen.tls().cert_store_stats()["x509_ca"] == 1


@pytest.mark.fast
def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    config = write(tmp_path / "config", {}, {"token": "t"}, clusters=[])
    with pytest.raises(ClusterProblem) as caught:
        from_files([str(config)], None)
    assert "cannot be used" in caught.value.message


def test_both_ways_lead_into_the_cluster(cluster: Cluster) -> None:
    """The real control planes log in with client certificates, the embedded cluster with a token."""
    ours = from_files([str(cluster.kubeconfig)], None)
    assert isinstance(ours.login, PlainLogin)
    other = replace(ours, login=through_library(str(cluster.kubeconfig), None))
    for target in (ours, other):
        names = {item["metadata"]["name"] for item in Kube(target).list(NAMESPACES)["items"]}
        assert {"default", cluster.namespace} <= names


@pytest.mark.fast
@pytest.mark.parametrize("library", [False, True])
def test_the_name_in_the_certificate_counts_on_every_way(tmp_path: Path, library: bool) -> None:
    paths = ClusterPaths(tmp_path / "state")
    ensure_credentials(paths, [])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(paths.server_certificate, paths.server_key)
    user = {"auth-provider": {"name": "gcp", "config": {"access-token": "t"}}} if library else {"token": "t"}
    with Api(tls).serving() as api:
        said = {"server": api.url, "certificate-authority": str(paths.ca_certificate)}
        session = Session()
        config = write(tmp_path / "config", {**said, "tls-server-name": "kubernetes"}, user)
        session.cluster = Kube(from_files([str(config)], None))
        assert session.cluster.list(NAMESPACES)["items"] == []
        with http_client(session, Route(f"{api.url}/tools", proxied=True)) as http:
            assert http.get(f"{api.url}/tools").status_code == 200
        relay = httpx.ASGITransport(app=Relay(session.cluster, api.url))  # type: ignore[arg-type]
        assert asyncio.run(asked(relay, "/port")) == 200
        with pytest.raises(ClusterProblem, match="is not to be trusted"):
            Kube(from_files([str(write(config, said, user))], None)).list(NAMESPACES)
    assert [request.path.partition("?")[0] for request in api.seen] == ["/api/v1/namespaces", "/tools", "/port"]


async def asked(transport: httpx.AsyncBaseTransport, path: str) -> int:
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        return (await client.get(path)).status_code


def test_a_wrong_authority_is_not_trusted(cluster: Cluster, tmp_path: Path) -> None:
    document = yaml.safe_load(cluster.kubeconfig.read_text())
    for entry in document["clusters"]:
        entry["cluster"].pop("certificate-authority-data", None)
        entry["cluster"].pop("certificate-authority", None)
        entry["cluster"].pop("insecure-skip-tls-verify", None)
    other = tmp_path / "config"
    other.write_text(yaml.safe_dump(document))
    done = mcp("get", "servers", "--kubeconfig", str(other))
    assert done.code == 1
    assert "is not to be trusted" in done.stderr


def test_a_read_imports_no_library_that_it_does_not_need(cluster: Cluster) -> None:
    """The import of `kubernetes` took longer than the rest of `mcp get`."""
    program = (
        "import json, sys; from mcp_cli.errors import boundary; from mcp_cli.main import run\n"
        "boundary(lambda: run(['get', 'namespaces/x']))\n"
        "boundary(lambda: run(['get', 'servers', '-o', 'json']))\n"
        "print(json.dumps(sorted({'kubernetes', 'httpx', 'rich', 'requests', 'urllib.request'} & sys.modules.keys())))"
    )
    env = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "NO_PROXY": "elsewhere"}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []
