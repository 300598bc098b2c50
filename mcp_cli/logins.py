"""How a cluster is reached and logged in to: address, TLS, credentials.

Role: one interface, two ways. `PlainLogin` is a kubeconfig that says everything itself, as most do; `LibraryLogin` is
whatever needs more (a program to run, a provider to ask, a proxy, a pod's service account), through `kubernetes`, whose
import takes longer than most commands. Not its job: reading kubeconfigs (`kubeconfig`) or choosing one (`target`).
Called by `target`, which makes them, and `kube`, which uses them.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import urllib3
    from kubernetes.client import Configuration


class Login(Protocol):
    """What `kube` needs to know of a cluster."""

    @property
    def host(self) -> str: ...

    @property
    def proxy(self) -> str | None: ...

    @property
    def server_name(self) -> str | None:
        """The name in the server's certificate, where it is not that of the address."""

    def headers(self) -> dict[str, str]:
        """The credentials of the next request, renewed where they have to be."""

    def tls(self) -> ssl.SSLContext:
        """Verification and client certificate, for any HTTP client."""

    def pool(self) -> urllib3.PoolManager:
        """The connections of the command line's own requests."""


@dataclass(frozen=True)
class PlainLogin:
    """Everything as the kubeconfig says it; certificates as PEM."""

    host: str
    verify: bool = True
    authority: str | None = None
    certificate: str | None = None
    key: str | None = None
    server_name: str | None = None
    token: str = ""
    token_file: Path | None = None
    username: str = ""
    password: str = ""
    proxy: str | None = None

    def headers(self) -> dict[str, str]:
        """A token file is read each time: it is renewed while a command runs."""
        token = self.token_file.read_text(encoding="utf-8").strip() if self.token_file else self.token
        if token:
            return {"Authorization": f"Bearer {token}"}
        if self.username:
            basic = b64encode(f"{self.username}:{self.password}".encode()).decode()
            return {"Authorization": f"Basic {basic}"}
        return {}

    def tls(self) -> ssl.SSLContext:
        return self._made

    @cached_property
    def _made(self) -> ssl.SSLContext:
        context = _context(cadata=self.authority)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate:
            _load_pair(context, self.certificate, self.key or "")
        return context

    def pool(self) -> urllib3.PoolManager:
        import urllib3

        required = "CERT_REQUIRED" if self.verify else "CERT_NONE"
        if not self.host.startswith("https:"):
            return urllib3.PoolManager()
        more: dict[str, Any] = {"server_hostname": self.server_name} if self.server_name else {}
        return urllib3.PoolManager(ssl_context=self._made, cert_reqs=required, **more)


def _context(**authority: str | None) -> ssl.SSLContext:
    """Python 3.13 refuses authorities without a key identifier, as many clusters have them; kubectl does not."""
    context = ssl.create_default_context(**authority)  # type: ignore[arg-type]
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _load_pair(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Python reads a certificate and its key from a file only: one that nobody else can read, for that moment."""
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile("w", suffix=".pem", encoding="utf-8") as file:
        file.write(f"{certificate}\n{key}\n")
        file.flush()
        context.load_cert_chain(file.name)


class LibraryLogin:
    """The same from a configuration of `kubernetes`; the proxy is the caller's choice, not the library's."""

    def __init__(self, configuration: Configuration, proxy: str | None = None) -> None:
        self._configuration = configuration
        self.proxy = proxy

    @property
    def host(self) -> str:
        return str(self._configuration.host)

    @property
    def server_name(self) -> str | None:
        return self._configuration.tls_server_name

    def headers(self) -> dict[str, str]:
        token = self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        if token:
            return {"Authorization": token}
        if self._configuration.username:
            return {"Authorization": self._configuration.get_basic_auth_token() or ""}
        return {}

    def tls(self) -> ssl.SSLContext:
        configuration = self._configuration
        context = _context(cafile=configuration.ssl_ca_cert or None)
        if not configuration.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, configuration.key_file)
        return context

    def pool(self) -> urllib3.PoolManager:
        from kubernetes.client.rest import RESTClientObject

        self._configuration.proxy, self._configuration.no_proxy = self.proxy, ""
        pool = RESTClientObject(self._configuration).pool_manager
        pool.connection_pool_kw["ssl_context"] = self.tls()
        return pool
