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
    """A `kubernetes.aio.client.Configuration` for the source."""
    from kubernetes.aio import config as aio_config
    from kubernetes.aio.client.configuration import Configuration
    from yaml import YAMLError

    configuration = Configuration()
    try:
        if source.in_cluster:
            aio_config.load_incluster_config(client_configuration=configuration)
        else:
            await aio_config.load_kube_config(
                config_file=_file(source),
                context=source.context,
                client_configuration=configuration,
                persist_config=False,
            )
    except (aio_config.ConfigException, OSError, TypeError, ValueError, YAMLError) as error:
        words = "the file is empty" if isinstance(error, TypeError) else " ".join(str(error).split())
        raise ConfigError(f"no usable kubeconfig: {words}; name one with --kubeconfig or $KUBECONFIG") from error
    # Each watch holds a connection for good: with the library's 100, the 101st request would wait for ever.
    configuration.connection_pool_maxsize = 0
    # Python 3.13 refuses authorities without a key identifier, which clusters have and kubectl takes.
    configuration.disable_strict_ssl_verification = True
    if is_loopback(configuration.host):
        # A proxy of the environment can never reach an address of this machine.
        configuration.client_session_kwargs = {"trust_env": False}
    return configuration


def _file(source: Source) -> str:
    path = source.kubeconfig or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    if source.kubeconfig and not Path(source.kubeconfig).is_file():
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
