"""Admission: what the server adds to and demands of a write beyond its schema.

Plugins are plain functions in two lists, run in order: `MUTATING` before validation, `VALIDATING` after it. A plugin
looks at `write.operation` and `write.model` and leaves alone what is not its concern.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from mcp_cli.local.apimachinery import admission as builtin
from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apiserver.pipeline import budget
from mcp_cli.local.apiserver.pipeline.write import CREATE, DELETE, Write

Plugin = Callable[[Write], Awaitable[None]]

IMMORTAL_NAMESPACES = ("default", "kube-system", "kube-public")


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


async def priority_class(write: Write) -> None:
    """A pod's priority is that of the class that it names."""
    if write.operation != CREATE or write.model.plural != "pods" or write.model.group:
        return
    spec: dict[str, Any] = write.object.get("spec") or {}
    name = spec.get("priorityClassName")
    if not name or name in builtin.SYSTEM_PRIORITIES:
        return
    found = write.server.store.get("scheduling.k8s.io/priorityclasses", name)
    if found is None:
        reason = f"no PriorityClass with name {name} was found"
        raise errors.forbidden("", "pods", write.object["metadata"].get("name", ""), reason)
    spec["priority"] = found.get("value", 0)
    if found.get("preemptionPolicy"):
        spec.setdefault("preemptionPolicy", found["preemptionPolicy"])


async def builtin_admission(write: Write) -> None:
    """What the server adds without looking at other objects."""
    if write.operation == CREATE:
        builtin.admit(write.model, write.object)
    elif (write.model.group, write.model.plural, write.subresource) == ("", "pods", ""):
        builtin.tolerate(write.object["spec"])


MUTATING: list[Plugin] = [namespace_exists, budget.default_limits, priority_class, builtin_admission]
VALIDATING: list[Plugin] = [namespace_is_mortal, budget.within_limits, budget.within_quota]
