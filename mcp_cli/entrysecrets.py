"""The Secret that holds what a person typed for a server's secrets.

Role: build it and write it before its server, and give it to the server as owner, so that it goes when the server does.
Its values are never printed. Called by `deploy`.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from mcp_operator.runtime.resources import SECRETS

from mcp_cli.kinds import SERVERS

if TYPE_CHECKING:
    from mcp_operator.catalog.options import Plan

    from mcp_cli.kube import Cluster


def secret_of(plan: Plan, namespace: str, owner: dict[str, Any] | None) -> dict[str, Any]:
    """The object; `owner` is the server, once it is there."""
    metadata: dict[str, Any] = {"name": plan.secret_name, "namespace": namespace}
    if owner:
        facts = {"apiVersion": SERVERS.api_version, "kind": SERVERS.kind}
        metadata["ownerReferences"] = [
            {**facts, "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"], "controller": False}
        ]
    data = {key: base64.b64encode(value.encode()).decode() for key, value in plan.secret_values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}


def write_secret(cluster: Cluster, plan: Plan, namespace: str, *, dry_run: bool) -> str:
    """Write it before the server, which refers to it; the word for what was done."""
    from mcp_cli.applying import apply

    server = cluster.find(SERVERS, plan.manifest["metadata"]["name"], namespace)
    return apply(cluster, SECRETS, secret_of(plan, namespace, server), stamp=False, dry_run=dry_run).done


def give_to(cluster: Cluster, plan: Plan, server: dict[str, Any]) -> None:
    """Make the server its owner."""
    from mcp_cli.applying import apply

    apply(cluster, SECRETS, secret_of(plan, server["metadata"]["namespace"], server), stamp=False)
