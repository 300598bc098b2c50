"""The three CustomResourceDefinitions, built from the schemas beside this file.

Role: what `make manifests` writes to `operator/config/crd/`, and what the embedded cluster and `mcp operator manifests`
install.
"""

from __future__ import annotations

from typing import Any

from mcp_operator.api import mcpregistry, mcpserver, names
from mcp_operator.api.schema import Schema, enum, obj, string

Manifest = dict[str, Any]
Column = dict[str, Any]


def crds() -> list[Manifest]:
    """All CRDs (apiextensions.k8s.io/v1), ready for `kubectl apply` on Kubernetes 1.20 and newer."""
    return [server_crd(), registry_crd(), backup_crd()]


def server_crd() -> Manifest:
    columns = [
        _column("Image", ".status.image"),
        _column("Tag", ".status.tag"),
        _column("Replicas", ".status.replicas", "integer"),
        _column("Ready", ".status.readyReplicas", "integer"),
        _column("Phase", ".status.phase"),
        _column("Age", ".metadata.creationTimestamp", "date"),
        _column("Endpoint", ".status.serviceEndpoint", priority=1),
        _column("Reason", ".status.reason", priority=1),
    ]
    scale = {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    schema = obj("An MCP server.", {"spec": mcpserver.spec(), "status": mcpserver.status()}, ["spec"])
    return _crd(names.KIND_SERVER, names.PLURAL_SERVERS, ["mcps"], schema, columns, scale=scale)


def registry_crd() -> Manifest:
    ready = ".status.conditions[?(@.type=='Ready')].status"
    columns = [
        _column("Ready", ready),
        _column("Phase", ".status.phase"),
        _column("Servers", ".status.serversDiscovered", "integer"),
        _column("LastSync", ".status.lastSyncTime", "date"),
        _column("Age", ".metadata.creationTimestamp", "date"),
        _column("Source", ".spec.source.type", priority=1),
        _column("Revision", ".status.observedRevision", priority=1),
        _column("Message", ".status.message", priority=1),
    ]
    schema = obj("A registry of MCP servers.", {"spec": mcpregistry.spec(), "status": mcpregistry.status()}, ["spec"])
    return _crd(names.KIND_REGISTRY, names.PLURAL_REGISTRIES, ["mcpreg"], schema, columns)


def backup_crd() -> Manifest:
    phases = ("Pending", "Running", "Completed", "Failed", "Deleting")
    columns = [_column("Phase", ".status.phase"), _column("Age", ".metadata.creationTimestamp", "date")]
    schema = _announced("A backup of an MCPServer.", phases)
    return _crd(names.KIND_BACKUP, names.PLURAL_BACKUPS, ["mcpbak"], schema, columns)


def _announced(description: str, phases: tuple[str, ...]) -> Schema:
    """A kind whose spec fields enter with the controller that serves them: until then none is accepted."""
    status = obj(
        "What is.",
        {
            "phase": enum("One word.", phases),
            "message": string("Why, in a sentence."),
            "conditions": mcpserver.conditions(),
        },
    )
    return obj(description, {"spec": obj("What should be.", {}), "status": status})


def _column(name: str, path: str, type_: str = "string", priority: int = 0) -> Column:
    column: Column = {"name": name, "type": type_, "jsonPath": path}
    return {**column, "priority": priority} if priority else column


def _crd(
    kind: str,
    plural: str,
    short_names: list[str],
    schema: Schema,
    columns: list[Column],
    *,
    scale: dict[str, str] | None = None,
) -> Manifest:
    subresources: dict[str, Any] = {"status": {}}
    if scale:
        subresources["scale"] = scale
    served = {
        "name": names.VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _with_type_meta(schema)},
        "subresources": subresources,
        "additionalPrinterColumns": columns,
    }
    spelled = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": kind.lower(),
        "shortNames": short_names,
        "categories": ["mcp"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{names.GROUP}"},
        "spec": {"group": names.GROUP, "names": spelled, "scope": "Namespaced", "versions": [served]},
    }


def _with_type_meta(schema: Schema) -> Schema:
    meta = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
    }
    return {**schema, "properties": {**meta, **schema["properties"]}}
