"""Deleting an object: preconditions, graceful termination, finalizers of the propagation policy, and the end.

Called by the delete handlers, by eviction, and by the server when it clears away a CRD's objects.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from mcp_cli.local.apimachinery import errors, times
from mcp_cli.local.apiserver import refusals
from mcp_cli.local.apiserver.objects import conflict
from mcp_cli.local.apiserver.pipeline import admission
from mcp_cli.local.apiserver.pipeline.write import DELETE, Write
from mcp_cli.local.storage import Conflict

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
ATTEMPTS = 20
_ORPHANED_BY_DEFAULT = {("batch", "jobs"), ("", "replicationcontrollers")}
_MARKED_ONLY = ("namespaces", "customresourcedefinitions")
"""Kinds whose own deletion sets the time of it and nothing else."""
_UNCOUNTED = ("CustomResourceDefinition",)
"""Kinds whose deletion is no new generation."""
_CRD_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_JOB_WARNING = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them"
    " or set propagationPolicy=Orphan to suppress this warning"
)


async def delete(write: Write, options: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Delete or begin to; returns the object as it is then, and whether it is gone."""
    _check_options(write, options)
    write.operation = DELETE
    for _ in range(ATTEMPTS):
        current = write.server.objects.get(write.model, write.namespace, write.name)
        _check_preconditions(write, options, current)
        write.old = current
        await admission.validate(write)
        try:
            return _step(write, options, current)
        except Conflict:
            if (options.get("preconditions") or {}).get("resourceVersion"):
                raise conflict(write.model, write.name) from None
    raise conflict(write.model, write.name)


def _check_options(write: Write, options: dict[str, Any]) -> None:
    policy = options.get("propagationPolicy")
    if policy and options.get("orphanDependents") is not None:
        cause = errors.Cause(
            "FieldValueInvalid",
            f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be both set',
            "propagationPolicy",
        )
        raise errors.invalid("meta.k8s.io", "DeleteOptions", "", [cause])
    if policy not in (None, "", "Orphan", "Background", "Foreground"):
        supported = 'supported values: "Foreground", "Background", "Orphan", "nil"'
        cause = errors.Cause(
            "FieldValueNotSupported", f'Unsupported value: "{policy}": {supported}', "propagationPolicy"
        )
        raise errors.invalid("meta.k8s.io", "DeleteOptions", "", [cause])
    if write.model.group == "batch" and write.model.plural == "jobs" and not policy:
        write.warn(_JOB_WARNING)


def _check_preconditions(write: Write, options: dict[str, Any], current: dict[str, Any]) -> None:
    wanted = options.get("preconditions") or {}
    metadata = current["metadata"]
    for field, label, actual in (
        ("uid", "UID", metadata.get("uid")),
        ("resourceVersion", "ResourceVersion", metadata["resourceVersion"]),
    ):
        if wanted.get(field) and wanted[field] != actual:
            raise refusals.precondition_failed(write.model.kind, write.name, label, wanted[field], actual)


def _step(write: Write, options: dict[str, Any], current: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Take the object one step nearer to its end."""
    objects, model = write.server.objects, write.model
    updated = copy.deepcopy(current)
    metadata = updated["metadata"]
    finalizers = _finalizers(write, options, current)
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
    grace = _grace(model.plural, options, current)
    blocked = bool(finalizers) or (model.plural == "namespaces" and bool(current.get("spec", {}).get("finalizers")))
    if grace == 0 and not blocked:
        last = current
        if model.plural == "pods":
            # A pod says in its last state that it was being deleted.
            last = copy.deepcopy(current)
            _mark(last, 0)
        return (last if write.dry_run else objects.delete(model, current, last=last)), True
    _mark(updated, grace)
    if model.plural in _MARKED_ONLY:
        updated["metadata"].pop("deletionGracePeriodSeconds", None)
    _special_state(model.plural, updated)
    if write.dry_run or updated == current:
        return updated, False
    return objects.update(model, updated, metadata["resourceVersion"]), False


def _finalizers(write: Write, options: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """The object's finalizers with those that the propagation policy adds or takes away."""
    existing: list[str] = current["metadata"].get("finalizers") or []
    policy = options.get("propagationPolicy") or ""
    if options.get("orphanDependents") is not None:
        policy = "Orphan" if options["orphanDependents"] else "Background"
    if not policy:
        if ORPHAN in existing or FOREGROUND in existing:
            policy = "Orphan" if ORPHAN in existing else "Foreground"
        elif (write.model.group, write.model.plural) in _ORPHANED_BY_DEFAULT:
            policy = "Orphan"
    kept = [finalizer for finalizer in existing if finalizer not in (ORPHAN, FOREGROUND)]
    added = {"Orphan": [ORPHAN], "Foreground": [FOREGROUND]}.get(policy, [])
    if write.model.plural == "customresourcedefinitions" and _CRD_FINALIZER not in kept:
        added = [*added, _CRD_FINALIZER]
    return [*kept, *added]


def _grace(plural: str, options: dict[str, Any], current: dict[str, Any]) -> int:
    """How long a pod may take to end; everything else ends at once."""
    if plural != "pods":
        return 0
    spec, phase = current.get("spec", {}), current.get("status", {}).get("phase")
    asked = options.get("gracePeriodSeconds")
    default = spec.get("terminationGracePeriodSeconds", 30)
    grace = default if asked is None else max(0, int(asked))
    if not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
        grace = 0
    running = current["metadata"].get("deletionGracePeriodSeconds")
    if running is not None:
        grace = running if asked is None else min(running, grace)
    return grace


def _mark(obj: dict[str, Any], grace: int) -> None:
    """Say when the object is to be gone; a shorter grace than before moves that forward."""
    metadata = obj["metadata"]
    before = metadata.get("deletionGracePeriodSeconds")
    if metadata.get("deletionTimestamp") and before is not None and before <= grace:
        return
    if not metadata.get("deletionTimestamp") and metadata.get("generation") and obj["kind"] not in _UNCOUNTED:
        metadata["generation"] += 1
    moment = datetime.now(UTC) + timedelta(seconds=grace)
    metadata["deletionTimestamp"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata["deletionGracePeriodSeconds"] = grace


def _special_state(plural: str, obj: dict[str, Any]) -> None:
    """Kinds that say in their status that they are going."""
    if plural == "namespaces":
        obj.setdefault("status", {})["phase"] = "Terminating"
    if plural == "customresourcedefinitions":
        conditions = obj.setdefault("status", {}).setdefault("conditions", [])
        if not any(condition["type"] == "Terminating" for condition in conditions):
            conditions.append(
                {
                    "type": "Terminating",
                    "status": "True",
                    "lastTransitionTime": times.now(),
                    "reason": "InstanceDeletionPending",
                    "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
                }
            )
