"""A TLS context from a cluster's configuration, for clients other than the connection pool of `kubernetes`.

Role: one function. Called by `kube.Cluster.access`.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubernetes.client import Configuration


def context_of(configuration: Configuration) -> ssl.SSLContext:
    """Verification and client certificate as the kubeconfig asks for them."""
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert or None)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context
