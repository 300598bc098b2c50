"""Kubeconfig files as kubectl reads them: merged, the first that says something wins.

Role: contexts, and the login of one that says everything itself. Not its job: choosing files (`target`), or logins that
need a program, a provider or a proxy (`logins`). Called by `target` and by completion.
"""

from __future__ import annotations

import os
import re
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp_cli import impersonation
from mcp_cli.errors import ClusterProblem
from mcp_cli.logins import PlainLogin

CORRECT = "Correct it, or choose another with --kubeconfig."

_PLAIN_CLUSTER = frozenset(
    {"server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify", "tls-server-name"}
)
_PLAIN_USER = frozenset(
    {"token", "tokenFile", "username", "password", "client-certificate", "client-certificate-data"}
    | {"client-key", "client-key-data"}
    | impersonation.KEYS
)
_TEXTS = frozenset(
    {"server", "proxy-url", "tls-server-name", "certificate-authority", "certificate-authority-data", "namespace"}
    | {"tokenFile", "client-certificate", "client-certificate-data", "client-key", "client-key-data"}
)
_SAYS_NOTHING = frozenset({"extensions", "disable-compression"})
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[\w+/=\s]+-----END CERTIFICATE-----", re.ASCII)


@dataclass(frozen=True, slots=True)
class Merged:
    """What several files say together; each named part with the folder of its file, for relative paths."""

    shown: str
    current: str = ""
    contexts: dict[str, dict[str, Any]] = field(default_factory=dict)
    clusters: dict[str, tuple[dict[str, Any], Path]] = field(default_factory=dict)
    users: dict[str, tuple[dict[str, Any], Path]] = field(default_factory=dict)

    def context(self, wanted: str | None) -> dict[str, Any]:
        """The context in use; says which there are when the wanted one is not there."""
        name = wanted or self.current
        known = f"It has: {', '.join(sorted(self.contexts))}." if self.contexts else "It has no contexts."
        if not name:
            raise ClusterProblem(
                f"the kubeconfig {self.shown} has no current context", f"Choose one with --context. {known}"
            )
        if name not in self.contexts:
            raise ClusterProblem(f'the kubeconfig {self.shown} has no context "{name}"', known)
        return self.contexts[name]

    def check(self, context: dict[str, Any]) -> None:
        """Refuse what is of another type than kubectl knows, whichever login would read it."""
        cluster, _ = self.clusters.get(str(context.get("cluster")), ({}, Path()))
        for part in (context, cluster, self.user(context)):
            for key in sorted(_TEXTS & _says(part)):
                if not isinstance(part[key], str):
                    raise ClusterProblem(f"{key} in the kubeconfig {self.shown} is no text", CORRECT)
        insecure = cluster.get("insecure-skip-tls-verify")
        if insecure is not None and not isinstance(insecure, bool):
            words = f"insecure-skip-tls-verify in the kubeconfig {self.shown} is neither true nor false"
            raise ClusterProblem(words, "Write true or false without quotes.")

    def proxy(self, context: dict[str, Any]) -> str | None:
        """The proxy of the context's cluster; it wins over the environment's, as with kubectl."""
        cluster, _ = self.clusters.get(str(context.get("cluster")), ({}, Path()))
        return cluster.get("proxy-url") or None

    def user(self, context: dict[str, Any]) -> dict[str, Any]:
        """What is said of the context's user; empty where nothing is."""
        user, _ = self.users.get(str(context.get("user")), ({}, Path()))
        return user


def merged(files: list[str]) -> Merged:
    """Every part by its name."""
    documents = [(read(name), Path(name).absolute().parent) for name in files]
    found = Merged(
        os.pathsep.join(files), next((d["current-context"] for d, _ in documents if d.get("current-context")), "")
    )
    for (document, folder), name in zip(documents, files, strict=True):
        for key, part in _parts(document, "context", name):
            found.contexts.setdefault(key, part)
        for key, part in _parts(document, "cluster", name):
            found.clusters.setdefault(key, (part, folder))
        for key, part in _parts(document, "user", name):
            found.users.setdefault(key, (part, folder))
    return found


def _parts(document: dict[str, Any], kind: str, name: str) -> list[tuple[str, dict[str, Any]]]:
    listed = document.get(f"{kind}s") or []
    if not isinstance(listed, list):
        raise ClusterProblem(f"{kind}s in the kubeconfig {name} is no list", CORRECT)
    entries = [(str(entry.get("name")), entry.get(kind) or {}) for entry in listed if isinstance(entry, dict)]
    for key, part in entries:
        if not isinstance(part, dict):
            raise ClusterProblem(f"the {kind} {key} in the kubeconfig {name} says nothing that is known", CORRECT)
    return entries


def read(name: str) -> dict[str, Any]:
    """One file as it is; an empty one is an empty document."""
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        document = yaml.load(Path(name).read_text(encoding="utf-8"), loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise ClusterProblem(f"the kubeconfig {name} is not YAML{line}", CORRECT) from error
    if not isinstance(document or {}, dict):
        raise ClusterProblem(f"the kubeconfig {name} is not a kubeconfig", CORRECT)
    return document or {}


def plain_login(files: Merged, context: dict[str, Any]) -> PlainLogin | None:
    """The login of a context that says everything itself; None for any other, broken ones among them."""
    cluster, cluster_folder = files.clusters.get(str(context.get("cluster")), ({}, Path()))
    user, user_folder = files.users.get(str(context.get("user")), ({}, Path()))
    server = cluster.get("server")
    if not isinstance(server, str):
        return None
    if _says(cluster) - _PLAIN_CLUSTER or _says(user) - _PLAIN_USER:
        return None
    if context.get("user") and str(context["user"]) not in files.users:
        return None
    host = server.rstrip("/")
    if environment_proxy(host):
        return None
    secure = host.startswith("https:")
    token_file = user.get("tokenFile")
    return PlainLogin(
        host=host,
        verify=not cluster.get("insecure-skip-tls-verify"),
        authority=_authority(cluster, cluster_folder) if secure else None,
        certificate=_pem(user, "client-certificate", user_folder) if secure else None,
        key=_pem(user, "client-key", user_folder) if secure else None,
        server_name=cluster.get("tls-server-name"),
        token=str(user.get("token") or ""),
        token_file=user_folder / token_file if token_file else None,
        username=str(user.get("username") or ""),
        password=str(user.get("password") or ""),
    )


def _says(part: dict[str, Any]) -> set[str]:
    return {key for key, value in part.items() if value is not None} - _SAYS_NOTHING


def _pem(part: dict[str, Any], name: str, folder: Path) -> str | None:
    """Data in the file itself wins over the name of another. Comments around a certificate may be of any encoding."""
    if part.get(f"{name}-data"):
        return b64decode("".join(part[f"{name}-data"].split()), validate=True).decode(errors="replace")
    return (folder / part[name]).read_text(encoding="utf-8", errors="replace") if part.get(name) else None


def _authority(cluster: dict[str, Any], folder: Path) -> str | None:
    """The certificates alone: Python takes ASCII only, and bundles have comments in every language."""
    text = _pem(cluster, "certificate-authority", folder)
    if not text:
        return None
    certificates = _CERTIFICATE.findall(text)
    if not certificates:
        # Nothing left would mean the authorities of this machine.
        raise ValueError("certificate-authority holds no certificate")
    return "\n".join(certificates) + "\n"


def environment_proxy(host: str) -> str | None:
    """The proxy that the environment names for this address; a cluster on this machine is asked directly."""
    from urllib.parse import urlsplit

    address = urlsplit(host)
    names = (f"{address.scheme}_proxy", "all_proxy")
    if is_loopback(host) or not any(os.environ[name] for name in os.environ if name.lower() in names):
        return None
    from urllib import request

    known = request.getproxies_environment()
    if request.proxy_bypass_environment(address.netloc, known):  # type: ignore[attr-defined]
        return None
    proxy = known.get(address.scheme) or known.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def is_loopback(host: str) -> bool:
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    name = urlsplit(host).hostname or ""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
