"""A self-signed certificate for the node's listener, made when the first peer asks for TLS.

The API server does not verify a node's certificate unless it was told a CA for it; this is what the kubelet does too.
"""

from __future__ import annotations

import ssl
from pathlib import Path


def server_context(folder: Path, node_name: str, address: str) -> ssl.SSLContext:
    """A context with the certificate of the folder, which is made where it is missing."""
    certificate, key = folder / "node.crt", folder / "node.key"
    if not (certificate.exists() and key.exists()):
        _make(certificate, key, node_name, address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _make(certificate: Path, key: Path, node_name: str, address: str) -> None:
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, node_name)])
    names = x509.SubjectAlternativeName([x509.DNSName(node_name), x509.IPAddress(ip_address(address))])
    moment = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=3650))
        .add_extension(names, critical=False)
        .sign(private, hashes.SHA256())
    )
    key.touch(mode=0o600)
    plain = serialization.NoEncryption()
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
