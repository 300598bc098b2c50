"""The way to a registry: proxies from the environment, certificates of one's own."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mcp_operator.catalog.errors import CatalogError
from mcp_operator.catalog.fetch.errors import Refused, Unreachable
from mcp_operator.catalog.fetch.http import Fetcher, Request
from mcp_operator.catalog.fetch.waits import Surroundings

from tests.support.registry_server import RegistryServer, item

API = "/v0.1/servers"


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(Surroundings(wait=lambda wait: None))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "registry of a test")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    path = tmp_path / "certificate.pem"
    path.write_bytes(built.public_bytes(serialization.Encoding.PEM) + secret)
    return path


def test_proxy_of_the_environment_is_used(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    with RegistryServer(entries=[item("x/y")]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        assert "x/y" in fetcher.get(Request(f"http://registry.invalid{API}")).text
        assert proxy.asked[0].headers["host"] == "registry.invalid"


def test_own_certificate_is_trusted_when_it_is_named(
    fetcher: Fetcher, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with RegistryServer(entries=[item("x/y")], tls=context) as server:
        request = Request(f"{server.url}{API}")
        with pytest.raises(Unreachable, match="certificate") as caught:
            fetcher.get(request)
        assert "--ca-file" in caught.value.hint
        assert "x/y" in fetcher.get(request, ca_file=str(certificate)).text
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert "x/y" in Fetcher().get(request).text


def test_certificate_file_that_is_none_is_said(fetcher: Fetcher, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(CatalogError, match=r"cannot use the CA file .*ca\.pem") as caught:
        fetcher.get(Request("https://127.0.0.1:1/"), ca_file=str(tmp_path / "ca.pem"))
    assert "PEM" in caught.value.hint


def test_address_that_is_none_is_said(fetcher: Fetcher) -> None:
    with pytest.raises(Refused, match="is no address"):
        fetcher.get(Request(f"http://[::1{API}"))
