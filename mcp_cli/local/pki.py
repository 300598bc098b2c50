"""The embedded cluster's own certificate authority, its server certificate and the user's token.

Files are made once and kept; a server certificate near its end, or for other names, is replaced. Called by the daemon.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_cli.local.paths import ClusterPaths

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

CA_YEARS = 10
SERVER_DAYS = 800
RENEW_DAYS = 30
SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


def ensure_credentials(paths: ClusterPaths, addresses: list[str]) -> str:
    """Make what is missing of CA, server certificate and token; returns the token."""
    paths.pki.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not paths.server_certificate.exists() or not _still_good(paths.server_certificate, addresses):
        _issue(paths, addresses)
    if not paths.token.exists():
        write_private(paths.token, secrets.token_urlsafe(32))
    return paths.token.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, atomically."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)


def _still_good(certificate_file: Path, addresses: list[str]) -> bool:
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=RENEW_DAYS) and known >= set(addresses)


def _issue(paths: ClusterPaths, addresses: list[str]) -> None:
    """A new server certificate, signed by the CA that is there or by a new one."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    ca_key_file = paths.pki / "ca.key"
    if ca_key_file.exists() and paths.ca_certificate.exists():
        from cryptography import x509

        loaded = load_pem_private_key(ca_key_file.read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        ca_key, ca = loaded, x509.load_pem_x509_certificate(paths.ca_certificate.read_bytes())
    else:
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca = _authority(ca_key)
        write_private(ca_key_file, _pem(ca_key))
        write_private(paths.ca_certificate, _certificate_pem(ca))
    server_key = ec.generate_private_key(ec.SECP256R1())
    certificate = _server_certificate(server_key, ca_key, ca, addresses)
    write_private(paths.server_key, _pem(server_key))
    write_private(paths.server_certificate, _certificate_pem(certificate))


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    name = _name("mcp-local-ca")
    builder = _builder(name, name, key.public_key(), timedelta(days=365 * CA_YEARS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        builder.add_extension(usage, critical=True).add_extension(identifier, critical=False).sign(key, hashes.SHA256())
    )


def _server_certificate(
    key: ec.EllipticCurvePrivateKey, ca_key: ec.EllipticCurvePrivateKey, ca: x509.Certificate, addresses: list[str]
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    names: list[x509.GeneralName] = [x509.DNSName(name) for name in SERVER_NAMES]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    return (
        _builder(_name("mcp-local"), ca.subject, key.public_key(), timedelta(days=SERVER_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, life: timedelta
) -> x509.CertificateBuilder:
    from cryptography import x509

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + life)
    )


def _name(common_name: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _certificate_pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()
