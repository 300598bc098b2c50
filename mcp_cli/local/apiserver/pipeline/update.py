"""Replacing an object: update, every kind of patch and their subresources end here.

The change is a function from what is there to what shall be; it is asked again when somebody else wrote in between,
unless the client named the version that it meant. Called by the update and patch handlers.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mcp_cli.local.apimachinery import decoding, defaulting, errors, managers, strategy, times, validation
from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apiserver import refusals
from mcp_cli.local.apiserver.objects import conflict
from mcp_cli.local.apiserver.pipeline import admission
from mcp_cli.local.apiserver.pipeline.create import check_namespace, conversion_problem, unique_owners
from mcp_cli.local.apiserver.pipeline.services import allocate, prepare_service
from mcp_cli.local.apiserver.pipeline.write import UPDATE, Write
from mcp_cli.local.apiserver.registry import object_key
from mcp_cli.local.storage import Conflict

ATTEMPTS = 20
_OWN_RULES = ("binding", "finalize")
"""Subresources whose handlers change exactly what they may."""
_UNREADABLE = "json: cannot unmarshal"
Change = Callable[[dict[str, Any]], dict[str, Any]]


async def update(write: Write, change: Change) -> dict[str, Any]:
    """Apply `change` to the stored object until it is stored; returns the object as it is then."""
    for _ in range(ATTEMPTS):
        old = write.server.objects.get(write.model, write.namespace, write.name)
        attempt = replace(write, operation=UPDATE, old=old, object=change(copy.deepcopy(old)))
        wanted_version = _check_identity(attempt)
        if wanted_version and wanted_version != old["metadata"]["resourceVersion"]:
            raise conflict(write.model, write.name)
        if write.applied:
            # An apply need not name a version: it is of the one that it was merged into.
            attempt.object["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
        await prepare(attempt)
        try:
            return store(attempt)
        except Conflict:
            continue
    raise conflict(write.model, write.name)


async def prepare(write: Write) -> None:
    """The steps between the changed object and the store."""
    old, new = write.old, write.object
    assert old is not None
    if write.subresource != "scale":
        _decode(write)
    defaulting.default(write.model, new)
    unique_owners(write)
    _keep_system_metadata(new, old)
    if write.subresource not in _OWN_RULES:
        strategy.prepare_update(write.model, new, old, write.subresource)
    await admission.mutate(write)
    prepare_service(write)
    own = write.subresource in _OWN_RULES
    causes = [] if own else validation.validate_update(write.model, new, old, write.subresource)
    if causes:
        raise errors.invalid(write.model.group, write.model.kind, write.name, causes)
    await admission.validate(write)
    if not write.applied:
        managers.track(write.model, old, new, manager=write.manager, now=times.now(), subresource=write.subresource)
    allocate(write)


def _decode(write: Write) -> None:
    """Read the object as its kind; a patch whose result cannot be read is the patch's fault."""
    before = copy.deepcopy(write.object) if write.patched else {}
    try:
        for warning in decoding.decode(write.model, write.object, write.field_validation):
            write.warn(warning)
    except errors.StatusError as error:
        problem = str(error).partition(f"cannot be handled as a {write.model.kind}: ")[2]
        if write.strategic is not None and _UNREADABLE in problem:
            raise refusals.strategic_invalid(write.strategic, problem) from None
        if write.patched and problem:
            raise refusals.patched_invalid(before, problem) from None
        raise


def store(write: Write) -> dict[str, Any]:
    """Write the object, unless nothing changed; a deleted one whose last finalizer went disappears."""
    old, new, objects = write.old, write.object, write.server.objects
    assert old is not None
    new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
    if write.dry_run:
        return new
    if finished(write.model.plural, new, old):
        return objects.delete(write.model, old, last=new)
    if new == old or managers.same_but_times(new, old):
        return old
    return objects.update(write.model, new, old["metadata"]["resourceVersion"])


def finished(plural: str, new: dict[str, Any], old: dict[str, Any]) -> bool:
    """A deletion that waited for finalizers only, and now waits for none."""
    if new["metadata"].get("finalizers"):
        return False
    if "deletionGracePeriodSeconds" not in old["metadata"]:
        return "deletionTimestamp" in old["metadata"] and not (plural == "namespaces" and new["spec"].get("finalizers"))
    return old["metadata"].get("deletionGracePeriodSeconds") == 0


def _check_identity(write: Write) -> str:
    """The changed object is still the one of the URL; returns the version that the client insists on, if any."""
    new, old, model = write.object, write.old, write.model
    assert old is not None
    if not isinstance(new.get("metadata"), dict):
        new["metadata"] = {}
    new.setdefault("apiVersion", model.api_version)
    new.setdefault("kind", model.kind)
    if (new["apiVersion"], new["kind"]) != (model.api_version, model.kind):
        if write.patched and model.builtin:
            raise refusals.patched_invalid(new, conversion_problem(write))
        if write.patched:
            raise _other_kind(write)
        raise errors.bad_request(
            f"the API version in the data ({new['apiVersion']}, Kind={new['kind']}) does not match the expected"
            f" API version ({model.api_version}, Kind={model.kind})"
        )
    metadata = new["metadata"]
    if not metadata.get("name"):
        raise refusals.nameless(write.name)
    if metadata["name"] != write.name:
        raise refusals.other_name(metadata["name"], write.name)
    check_namespace(write)
    uid = metadata.get("uid")
    if uid and uid != old["metadata"]["uid"] and (write.patched or write.applied):
        raise errors.invalid(model.group, model.kind, write.name, [wrong.immutable("metadata.uid", uid)] * 2)
    if uid and uid != old["metadata"]["uid"]:
        raise errors.conflict(model.group, model.plural, write.name, _wrong_uid(write, uid, old["metadata"]["uid"]))
    return str(metadata.get("resourceVersion") or "")


def _other_kind(write: Write) -> errors.StatusError:
    """A patch does not make another kind of a custom resource."""
    new, model = write.object, write.model
    wanted = {"apiVersion": model.api_version, "kind": model.kind}
    causes = [wrong.invalid(key, new[key], f"must be {value}") for key, value in wanted.items() if new[key] != value]
    return errors.invalid(str(new["apiVersion"]).rpartition("/")[0], str(new["kind"]), write.name, causes)


def _wrong_uid(write: Write, wanted: str, actual: str) -> str:
    key = object_key(write.model, write.namespace, write.name)
    return (
        f"StorageError: invalid object, Code: 4, Key: /registry/{write.model.plural}/{key}, ResourceVersion: 0, "
        f"AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {actual}"
    )


def _keep_system_metadata(new: dict[str, Any], old: dict[str, Any]) -> None:
    """Fields of the metadata that no client changes."""
    for field in (
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "selfLink",
    ):
        if field in old["metadata"]:
            new["metadata"][field] = old["metadata"][field]
        else:
            new["metadata"].pop(field, None)
    if old["metadata"].get("generateName"):
        new["metadata"].setdefault("generateName", old["metadata"]["generateName"])
