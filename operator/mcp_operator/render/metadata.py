"""Names, labels and owner references of the children of an MCPServer."""

from __future__ import annotations

from typing import Any

from mcp_operator.api import names

Manifest = dict[str, Any]


def selector(name: str) -> dict[str, str]:
    """The labels by which Deployment and Service find the pods; they never change for a server."""
    return {names.LABEL_NAME: names.NAME_SERVER, names.LABEL_INSTANCE: name}


def labels(name: str) -> dict[str, str]:
    """The labels of every child."""
    return {
        **selector(name),
        names.LABEL_COMPONENT: names.COMPONENT_SERVER,
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
    }


def selector_text(name: str) -> str:
    """`selector` as `status.selector` spells it."""
    return ",".join(f"{key}={value}" for key, value in sorted(selector(name).items()))


def endpoint(name: str, namespace: str, port: int, cluster_domain: str = "cluster.local") -> str:
    """`HOST:PORT` of the Service inside the cluster."""
    return f"{name}.{namespace}.svc.{cluster_domain}:{port}"


def child(server: Manifest, api_version: str, kind: str, *, suffix: str = "", **body: Any) -> Manifest:
    """A child of `server` with its name, labels and controller reference, and `body` as its other top-level fields."""
    metadata = server["metadata"]
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": metadata["name"] + suffix,
            "namespace": metadata["namespace"],
            "labels": labels(metadata["name"]),
            "ownerReferences": [owner_reference(server)],
        },
        **body,
    }


def owner_reference(server: Manifest) -> dict[str, Any]:
    """The controller reference to `server`, by which the garbage collector removes what is left."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_SERVER,
        "name": server["metadata"]["name"],
        "uid": server["metadata"].get("uid", ""),
        "controller": True,
        "blockOwnerDeletion": True,
    }
