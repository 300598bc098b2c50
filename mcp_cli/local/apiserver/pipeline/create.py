"""Creating an object. Called by the create handler, by update and apply where they create, and by the server itself."""

from __future__ import annotations

import json
import uuid
from typing import Any

from mcp_cli.local.apimachinery import decoding, defaulting, errors, managers, names, strategy, times, validation
from mcp_cli.local.apiserver import refusals
from mcp_cli.local.apiserver.pipeline import admission
from mcp_cli.local.apiserver.pipeline.services import allocate, prepare_service
from mcp_cli.local.apiserver.pipeline.write import Write

NAME_ATTEMPTS = 8
DUPLICATE_OWNERS = (
    ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject"
    " such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
)
SYSTEM_FIELDS = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "generation",
)


async def create(write: Write) -> dict[str, Any]:
    """Take the object through every step and store it; returns what was stored."""
    _check_identity(write)
    for warning in decoding.decode(write.model, write.object, write.field_validation):
        write.warn(warning)
    generated = _set_metadata(write)
    defaulting.default(write.model, write.object)
    unique_owners(write)
    if not write.applied:
        # Before admission: what the server adds belongs to nobody.
        managers.track(
            write.model, None, write.object, manager=write.manager, now=times.now(), subresource=write.subresource
        )
    await admission.mutate(write)
    strategy.prepare_create(write.model, write.object)
    prepare_service(write)
    causes = validation.validate_create(write.model, write.object)
    if causes:
        raise errors.invalid(write.model.group, write.model.kind, write.object["metadata"].get("name", ""), causes)
    await admission.validate(write)
    allocate(write)
    return _store(write, generated)


def _check_identity(write: Write) -> None:
    """The body and the URL speak of the same object."""
    body, model = write.object, write.model
    if not model.builtin and not (body.get("kind") and body.get("apiVersion")):
        missing = "apiVersion" if body.get("kind") else "Kind"
        text = json.dumps(body)
        problem = f"Object '{missing}' is missing in '{text}' ({text[:22]}{' ...' if len(text) > 22 else ''})"
        raise refusals.broken_body(model.kind, problem)
    body.setdefault("apiVersion", model.api_version)
    body.setdefault("kind", model.kind)
    if (body["apiVersion"], body["kind"]) != (model.api_version, model.kind):
        raise _wrong_kind(write)
    if not isinstance(body.get("metadata"), dict):
        body["metadata"] = {}
    check_namespace(write)


def _wrong_kind(write: Write) -> errors.StatusError:
    """The body is of another kind than the path's."""
    body, model = write.object, write.model
    version = str(body["apiVersion"]).rpartition("/")[2]
    if not model.builtin and body["kind"] != model.kind:
        cause = errors.Cause("FieldValueInvalid", f'Invalid value: "{body["kind"]}": must be {model.kind}', "kind")
        return errors.invalid(model.group, body["kind"], body.get("metadata", {}).get("name", ""), [cause])
    if not model.builtin:
        return errors.bad_request(
            f"the API version in the data ({body['apiVersion']}) does not match the expected API version"
            f" ({model.api_version})"
        )
    problem = conversion_problem(write)
    return errors.bad_request(f'{body["kind"]} in version "{version}" cannot be handled as a {model.kind}: {problem}')


def conversion_problem(write: Write) -> str:
    """Why a built-in object of this kind cannot become one of the path's."""
    body, model = write.object, write.model
    group, _, version = str(body["apiVersion"]).rpartition("/")
    where = f'version "{body["apiVersion"]}" in scheme "pkg/runtime/scheme.go:111"'
    problem = f'no kind "{body["kind"]}" is registered for {where}'
    if write.server.registry.by_kind(group, version, body["kind"]) is not None:
        internal = f"{model.group.partition('.')[0] or 'core'}.{model.kind}"
        return f"converting ({version}.{body['kind']}) to ({internal}): unknown conversion"
    return problem


def check_namespace(write: Write) -> None:
    """An object belongs into the namespace of its path, and only a namespaced one into any."""
    metadata = write.object["metadata"]
    if not write.model.namespaced:
        metadata.pop("namespace", None)
        return
    given = metadata.get("namespace") or ""
    if given and given != write.namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    metadata["namespace"] = write.namespace


def unique_owners(write: Write) -> None:
    """An owner is named once."""
    metadata = write.object["metadata"]
    owners = metadata.get("ownerReferences") or []
    kept = [owner for index, owner in enumerate(owners) if owner not in owners[:index]]
    if len(kept) == len(owners):
        return
    metadata["ownerReferences"] = kept
    twice = sorted({str(owner.get("uid")) for index, owner in enumerate(owners) if owner in owners[:index]})
    write.warn(DUPLICATE_OWNERS + ", ".join(twice))


def _set_metadata(write: Write) -> bool:
    """What only the server says of an object; returns whether it made up the name."""
    metadata = write.object["metadata"]
    if metadata.pop("resourceVersion", ""):
        raise errors.StatusError(errors.status(500, "", "resourceVersion should not be set on objects to be created"))
    for field in SYSTEM_FIELDS:
        metadata.pop(field, None)
    if not write.applied:
        metadata.pop("managedFields", None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = times.now()
    generated = not metadata.get("name") and bool(metadata.get("generateName"))
    if generated:
        metadata["name"] = names.generate(metadata["generateName"])
    return generated


def _store(write: Write, generated: bool) -> dict[str, Any]:
    model, obj = write.model, write.object
    objects = write.server.objects
    for attempt in range(NAME_ATTEMPTS):
        try:
            if not write.dry_run:
                return objects.create(model, obj)
            if objects.find(model, write.namespace, obj["metadata"]["name"]) is not None:
                raise objects.taken(model, write.namespace, obj["metadata"]["name"])
            return obj
        except errors.StatusError as error:
            if error.reason != "AlreadyExists" or not generated or attempt == NAME_ATTEMPTS - 1:
                raise
            obj["metadata"]["name"] = names.generate(obj["metadata"]["generateName"])
    raise AssertionError("the last attempt returns or raises")
