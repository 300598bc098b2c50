"""Admission: what the server adds to and demands of a write beyond its schema.

Plugins are plain functions in two lists, run in order: `MUTATING` before validation, `VALIDATING` after it. A plugin
looks at `write.operation` and `write.model` and leaves alone what is not its concern.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apiserver.pipeline.services import allocate_addresses
from mcp_cli.local.apiserver.pipeline.write import CREATE, DELETE, Write

Plugin = Callable[[Write], Awaitable[None]]

IMMORTAL_NAMESPACES = ("default", "kube-system", "kube-public")
_UNREACHABLE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOLERATION_SECONDS = 300


async def mutate(write: Write) -> None:
    for plugin in MUTATING:
        await plugin(write)


async def validate(write: Write) -> None:
    for plugin in VALIDATING:
        await plugin(write)


async def namespace_exists(write: Write) -> None:
    """Nothing is created in a namespace that is not there, or that is going away."""
    if write.operation != CREATE or not write.model.namespaced:
        return
    namespace = write.server.store.get("/namespaces", write.namespace)
    if namespace is None:
        raise errors.not_found("", "namespaces", write.namespace)
    if namespace["metadata"].get("deletionTimestamp"):
        name = write.object["metadata"].get("name", "")
        reason = f"unable to create new content in namespace {write.namespace} because it is being terminated"
        error = errors.forbidden(write.model.group, write.model.plural, name, reason)
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {write.namespace} is being terminated",
            "field": "metadata.namespace",
        }
        error.status.setdefault("details", {})["causes"] = [cause]
        raise error


async def namespace_is_mortal(write: Write) -> None:
    """The namespaces that a cluster cannot do without stay."""
    if write.operation == DELETE and write.model.plural == "namespaces" and write.name in IMMORTAL_NAMESPACES:
        raise errors.forbidden("", "namespaces", write.name, "this namespace may not be deleted")


async def pod_defaults(write: Write) -> None:
    """Priority and the tolerations that keep a pod for five minutes on a node that is not well."""
    if write.operation != CREATE or write.model.plural != "pods" or write.model.group:
        return
    spec: dict[str, Any] = write.object.get("spec") or {}
    _resolve_priority(write, spec)
    tolerations = spec.get("tolerations") or []
    for key in _UNREACHABLE:
        if not any(toleration.get("key") in (key, None, "") for toleration in tolerations):
            tolerations.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _TOLERATION_SECONDS}
            )
    spec["tolerations"] = tolerations


def _resolve_priority(write: Write, spec: dict[str, Any]) -> None:
    """The priority of the named class, of the default class, or none."""
    name = spec.get("priorityClassName")
    value, policy = {"system-node-critical": 2000001000, "system-cluster-critical": 2000000000}.get(name or "", 0), None
    if name and not value:
        found = write.server.store.get("scheduling.k8s.io/priorityclasses", name)
        if found is None:
            reason = f"no PriorityClass with name {name} was found"
            raise errors.forbidden("", "pods", write.object["metadata"].get("name", ""), reason)
        value, policy = found.get("value", 0), found.get("preemptionPolicy")
    spec["priority"] = value
    spec.setdefault("preemptionPolicy", policy or "PreemptLowerPriority")


MUTATING: list[Plugin] = [namespace_exists, pod_defaults]
VALIDATING: list[Plugin] = [namespace_is_mortal, allocate_addresses]
