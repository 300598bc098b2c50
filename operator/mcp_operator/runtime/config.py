"""Where the API server is and how to speak to it: kubeconfig files and the pod's own service account.

Role: fills the configuration of `kubernetes.aio`. Not its job: requests. Called by `KubeClient.connect`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mcp_operator.runtime.impersonation import CannotActAs, Headers, headers

IN_CLUSTER_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


class ConfigError(Exception):
    """No usable description of a cluster; the words say what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """What was asked for, kept so that credentials can be read again when they expire."""

    kubeconfig: str | None = None
    context: str | None = None

    @property
    def in_cluster(self) -> bool:
        return self.kubeconfig is None and not os.environ.get("KUBECONFIG") and is_in_cluster()


def is_in_cluster() -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and IN_CLUSTER_TOKEN.exists()


async def load(source: Source) -> Any:
    """A `kubernetes.aio.client.Configuration` for the source; its session sends who the user acts as."""
    _have_a_home()
    from kubernetes.aio import config as aio_config
    from kubernetes.aio.client.configuration import Configuration
    from yaml import YAMLError

    configuration = Configuration()
    acts_as: Headers = ()
    try:
        if source.in_cluster:
            aio_config.load_incluster_config(client_configuration=configuration)
        else:
            acts_as = await _load_files(source, configuration)
    except (aio_config.ConfigException, CannotActAs, OSError, ValueError, YAMLError) as error:
        raise _unusable(" ".join(str(error).split())) from error
    except (AttributeError, KeyError, TypeError) as error:
        # Of a file that is no kubeconfig the library has no words.
        raise _unusable(f"{_file(source)} is empty, or a part of it is of another kind than a kubeconfig's") from error
    # Each watch holds a connection for good: with the library's 100, the 101st request would wait for ever.
    configuration.connection_pool_maxsize = 0
    # Python 3.13 refuses authorities without a key identifier, which clusters have and kubectl takes.
    configuration.disable_strict_ssl_verification = True
    # A proxy of the environment can never reach an address of this machine.
    trusts = not is_loopback(configuration.host)
    configuration.client_session_kwargs = {"trust_env": trusts, "headers": acts_as}
    return configuration


def _have_a_home() -> None:
    """The library asks for the home when it is imported, and the user of a pod may have none."""
    if os.path.expanduser("~") == "~":  # noqa: PTH111  (pathlib raises)
        os.environ["HOME"] = "/"


async def _load_files(source: Source, configuration: Any) -> Headers:
    """Fills the configuration; who the user acts as. Of several files the first that says something wins."""
    from kubernetes.aio import config as aio_config
    from kubernetes.aio.config.kube_config import KubeConfigMerger

    path = _file(source)
    merger = KubeConfigMerger(path)
    documents = list(merger.config_files.values())
    context = source.context or next((one["current-context"] for one in documents if one.get("current-context")), None)
    await aio_config.load_kube_config(
        config_file=path, context=context, client_configuration=configuration, persist_config=False
    )
    proxy = configuration.proxy
    if proxy and urlsplit(proxy).scheme not in ("http", "https"):
        raise ValueError(f"the proxy-url {proxy} of {path} is none of http or https, which the operator can use")
    return headers(_named(documents, "user", _named(documents, "context", context).get("user")), path)


def _named(documents: list[dict[str, Any]], kind: str, name: str | None) -> dict[str, Any]:
    listed = [one for document in documents for one in document.get(f"{kind}s") or ()]
    return next((one.get(kind) or {} for one in listed if one["name"] == name), {})


def _unusable(words: str) -> ConfigError:
    return ConfigError(f"no usable kubeconfig: {words}; name one with --kubeconfig or $KUBECONFIG")


def _file(source: Source) -> str:
    path = source.kubeconfig or os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")  # noqa: PTH111
    if source.kubeconfig and not Path(path).expanduser().is_file():
        raise ConfigError(f"the kubeconfig {source.kubeconfig} does not exist; name another with --kubeconfig")
    return path


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
