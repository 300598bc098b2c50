"""Which cluster a command talks to, and in which namespace.

Role: the order of the sources (`--local`, `--kubeconfig`, `$KUBECONFIG`, `~/.kube/config`, the pod's own service
account, the embedded cluster) and clear words for a kubeconfig that cannot be used. A configured cluster is never left
for another one. Not its job: requests, or what a kubeconfig says (`kubeconfig`). Called by `session`.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_cli import impersonation
from mcp_cli.errors import ClusterProblem
from mcp_cli.kubeconfig import CORRECT, environment_proxy, merged, plain_login, read

if TYPE_CHECKING:
    from kubernetes.client import Configuration

    from mcp_cli.logins import Login

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
DEFAULT_NAMESPACE = "default"
# What a SOCKS proxy needs, for requests to the API server and to servers behind it: package and module.
_SOCKS = {"PySocks": "socks", "socksio": "socksio"}


@dataclass(frozen=True, slots=True)
class Target:
    """A cluster that was chosen: how it is called in messages, the way in, its namespace.

    `context` is the one in use of the kubeconfig files that `source` names; empty where no file was read. `impersonate`
    are the headers that say who the login acts as.
    """

    source: str
    login: Login
    namespace: str
    context: str = ""
    impersonate: tuple[tuple[str, str], ...] = ()


def choose(*, local: bool, kubeconfig: str | None, context: str | None) -> Target:
    """The first source there is, in the documented order."""
    files = [] if local else config_files(kubeconfig)
    if files:
        return from_files(files, context)
    if not local and not context and in_pod():
        return _from_pod()
    if context and not local:
        raise ClusterProblem(
            f'there is no kubeconfig, so there is no context "{context}"',
            "Give the file with --kubeconfig, or leave --context out.",
        )
    return _embedded(context)


def config_files(kubeconfig: str | None) -> list[str]:
    """The kubeconfig files that count; an empty list where none is configured."""
    if kubeconfig:
        if not Path(kubeconfig).expanduser().is_file():
            raise ClusterProblem(
                f"the kubeconfig {kubeconfig} does not exist", "Check the path given with --kubeconfig."
            )
        return [str(Path(kubeconfig).expanduser())]
    named = [name for name in os.environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    if named:
        present = [name for name in named if Path(name).is_file()]
        if not present:
            raise ClusterProblem(
                f"KUBECONFIG names {', '.join(named)}, which does not exist",
                "Correct or unset KUBECONFIG; --local uses the embedded cluster whatever it says.",
            )
        return present
    default = Path(os.path.expanduser("~/.kube/config"))  # noqa: PTH111  (the user of a pod may have no home)
    return [str(default)] if default.is_file() and _names_a_cluster(default) else []


def _names_a_cluster(path: Path) -> bool:
    """A kubeconfig from which everything was removed configures nothing."""
    return bool(read(str(path)).get("contexts"))


def namespace_without_cluster(*, kubeconfig: str | None, context: str | None) -> str | None:
    """The namespace that the kubeconfig's context or the pod names, without asking any cluster; None for neither."""
    files = config_files(kubeconfig)
    if not files:
        return _pod_namespace() if in_pod() else None
    return merged(files).context(context).get("namespace")


def in_pod() -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and (SERVICE_ACCOUNT / "token").is_file()


def from_files(files: list[str], context: str | None) -> Target:
    """The login of kubeconfig files, merged as kubectl merges them."""
    known = merged(files)
    name = context or known.current
    chosen = known.context(name)
    known.check(chosen)
    try:
        login = plain_login(known, chosen) or through_library(known.shown, name, known.proxy(chosen))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClusterProblem(f"the kubeconfig {known.shown} cannot be used: {error}", CORRECT) from error
    acts_as = impersonation.headers(known.user(chosen), known.shown)
    if login.proxy and login.host.startswith("http:") and len(dict(acts_as)) < len(acts_as):
        words = f"the kubeconfig {known.shown} acts as several groups, which no proxy gets without TLS"
        raise ClusterProblem(words, "Reach the cluster by https, or without the proxy.")
    namespace = chosen.get("namespace") or DEFAULT_NAMESPACE
    return Target(known.shown, login, namespace, name, acts_as)


def through_library(files: str, context: str | None, proxy: str | None = None) -> Login:
    """A login that needs more than the file says: a program, a provider, a proxy."""
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, load_kube_config

    from mcp_cli.logins import LibraryLogin

    configuration = Configuration()
    try:
        with _Complaints() as heard:
            load_kube_config(files, context=context, client_configuration=configuration, persist_config=False)
    except ConfigException as error:
        raise ClusterProblem(f"the kubeconfig {files} cannot be used: {error}", CORRECT) from error
    if heard.words and not (configuration.api_key or configuration.cert_file):
        raise ClusterProblem(f"the login of the kubeconfig {files} failed: {'; '.join(heard.words)}", CORRECT)
    return LibraryLogin(configuration, _usable(proxy or _environment_proxy(configuration), files))


class _Complaints:
    """The library logs what a login program failed with, and goes on without credentials."""

    def __enter__(self) -> _Complaints:
        import logging

        self.words: list[str] = []
        self._handler = logging.Handler(logging.ERROR)
        self._handler.emit = lambda record: self.words.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger().addHandler(self._handler)
        return self

    def __exit__(self, *_: object) -> None:
        import logging

        logging.getLogger().removeHandler(self._handler)


def _from_pod() -> Target:
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, load_incluster_config

    from mcp_cli.logins import LibraryLogin

    configuration = Configuration()
    try:
        load_incluster_config(client_configuration=configuration)
    except ConfigException as error:
        raise ClusterProblem(
            f"the pod's service account cannot be used: {error}", "Give a kubeconfig with --kubeconfig."
        ) from error
    return Target(
        "the pod's service account",
        LibraryLogin(configuration, _usable(_environment_proxy(configuration), "the pod")),
        _pod_namespace(),
    )


def _pod_namespace() -> str:
    space = SERVICE_ACCOUNT / "namespace"
    return space.read_text().strip() if space.is_file() else DEFAULT_NAMESPACE


def _embedded(context: str | None) -> Target:
    """The embedded cluster, started when it does not run."""
    from mcp_cli.local.client_side import ensure_running

    kubeconfig = ensure_running(lambda words: print(words, file=sys.stderr))
    return from_files([str(kubeconfig)], context)


def _environment_proxy(configuration: Configuration) -> str | None:
    """Networks in NO_PROXY, which the standard library does not know, count as well."""
    from kubernetes.client.rest import should_bypass_proxies

    if should_bypass_proxies(configuration.host, configuration.no_proxy or ""):
        return None
    return environment_proxy(configuration.host)


def _usable(proxy: str | None, source: str) -> str | None:
    """The proxy, when this installation can speak with one of its kind."""
    if proxy is None:
        return None
    from importlib.util import find_spec

    scheme = proxy.partition("://")[0].lower() if "://" in proxy else ""
    if scheme in ("http", "https"):
        return proxy
    if scheme not in ("socks5", "socks5h"):
        raise ClusterProblem(f"the proxy of {source} is no URL of http, https or socks5", "Correct the proxy's URL.")
    missing = [package for package, module in _SOCKS.items() if find_spec(module) is None]
    if missing:
        words = f"the proxy of {source} is a SOCKS proxy, for which Python packages are missing: {', '.join(missing)}"
        raise ClusterProblem(words, "Install them where mcp is installed, or use a proxy of http.")
    return proxy


def context_names(files: list[str]) -> list[str]:
    """The contexts of kubeconfig files, for completion."""
    return sorted(merged(files).contexts)
