"""Writing an object by server-side apply, and saying what came of it.

Role: created, configured or unchanged; a converged object is not written at all. Not its job: building the object.
Called by `deploy`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mcp_operator.api.names import (
    ANNOTATION_DEPLOYED_AT,
    ANNOTATION_DEPLOYED_BY,
    CREATED_BY,
    FIELD_MANAGER_CLI,
    LABEL_CREATED_BY,
)

if TYPE_CHECKING:
    from mcp_operator.runtime.resources import Resource

    from mcp_cli.kube import Cluster

_STAMPS = (ANNOTATION_DEPLOYED_BY, ANNOTATION_DEPLOYED_AT)


class Applied(NamedTuple):
    """The object as it is now, and what was done: created, configured or unchanged."""

    obj: dict[str, Any]
    done: str


def apply(cluster: Cluster, resource: Resource, obj: dict[str, Any], *, stamp: bool, dry_run: bool = False) -> Applied:
    """Apply; an object that already is as it should be is left alone, its stamps with it."""
    live = cluster.find(resource, obj["metadata"]["name"], obj["metadata"].get("namespace"))
    if live is None:
        return Applied(cluster.apply(resource, stamped(obj) if stamp else obj, dry_run=dry_run), "created")
    tried = cluster.apply(resource, stamped(obj, live) if stamp else obj, dry_run=True)
    if _content(tried) == _content(live):
        return Applied(live, "unchanged")
    return Applied(cluster.apply(resource, stamped(obj) if stamp else obj, dry_run=dry_run), "configured")


def stamped(obj: dict[str, Any], like: dict[str, Any] | None = None) -> dict[str, Any]:
    """With the label and annotations of what the command line writes: new ones, or those that `like` has."""
    if like is None:
        stamps: dict[str, str] = {
            ANNOTATION_DEPLOYED_BY: user(),
            ANNOTATION_DEPLOYED_AT: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    else:
        old = like["metadata"].get("annotations") or {}
        stamps = {key: old[key] for key in _STAMPS if key in old}
    made = labelled(obj)
    annotations = {**(made["metadata"].get("annotations") or {}), **stamps}
    return made | {"metadata": {**made["metadata"], "annotations": annotations}}


def labelled(obj: dict[str, Any]) -> dict[str, Any]:
    """With the label of what the command line writes, and no stamps: for what is only printed."""
    metadata = obj["metadata"]
    return obj | {"metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), LABEL_CREATED_BY: CREATED_BY}}}


def user() -> str:
    """Who deploys, as far as this machine knows."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _content(obj: dict[str, Any]) -> Any:
    """What an apply can change: everything but the server's bookkeeping; our own fields count as content."""
    metadata = obj["metadata"]
    owned = [
        entry.get("fieldsV1")
        for entry in metadata.get("managedFields") or []
        if entry.get("manager") == FIELD_MANAGER_CLI
    ]
    rest = {k: v for k, v in obj.items() if k not in ("metadata", "status", "apiVersion", "kind")}
    return rest, metadata.get("labels"), metadata.get("annotations"), metadata.get("finalizers"), owned
