"""Create, update and patch, of objects and of their status."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from mcp_cli.local.apimachinery import errors, managers, patches, times
from mcp_cli.local.apiserver import codec, refusals
from mcp_cli.local.apiserver.handlers.respond import answer
from mcp_cli.local.apiserver.pipeline import create as creating
from mcp_cli.local.apiserver.pipeline import update as updating
from mcp_cli.local.apiserver.pipeline.write import CREATE, UPDATE, Write, write_of

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.context import Call

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
BUILTIN_PATCHES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)
CUSTOM_PATCHES = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)

_CREATED_BY_UPDATE = {
    ("", "endpoints"), ("", "events"), ("", "limitranges"), ("", "services"), ("coordination.k8s.io", "leases"),
    ("discovery.k8s.io", "endpointslices"), ("node.k8s.io", "runtimeclasses"), ("events.k8s.io", "events"),
    ("rbac.authorization.k8s.io", "roles"), ("rbac.authorization.k8s.io", "rolebindings"),
    ("rbac.authorization.k8s.io", "clusterroles"), ("rbac.authorization.k8s.io", "clusterrolebindings"),
}  # fmt: skip


async def create(call: Call) -> Response:
    body = await codec.read_object(call.request, call.model.kind)
    write = write_of(call, CREATE, body)
    return answer(call, await creating.create(write), 201)


async def update(call: Call) -> Response:
    """PUT of an object, or of its status."""
    body = await codec.read_object(call.request, call.model.kind)
    write = write_of(call, UPDATE, body, subresource=call.target.subresource)
    check_named(call, body)
    if not call.target.subresource and _creates(call) and _find(call) is None:
        return answer(call, await _create_instead(call, body), 201)
    _check_version_given(call, body)
    return answer(call, await updating.update(write, lambda old: copy.deepcopy(body)))


def check_named(call: Call, body: dict[str, Any]) -> None:
    """What replaces an object says its name."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise refusals.nameless(call.name)


def _creates(call: Call) -> bool:
    return (call.model.group, call.model.plural) in _CREATED_BY_UPDATE


def _find(call: Call) -> dict[str, Any] | None:
    return call.server.objects.find(call.model, call.namespace, call.name)


async def _create_instead(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    if body["metadata"]["name"] != call.name:
        raise refusals.other_name(body["metadata"]["name"], call.name)
    return await creating.create(write_of(call, CREATE, body))


def _check_version_given(call: Call, body: dict[str, Any]) -> None:
    """Custom resources are not replaced blindly."""
    metadata = body.get("metadata")
    if call.model.builtin or (isinstance(metadata, dict) and metadata.get("resourceVersion")):
        return
    if _find(call) is not None:
        cause = errors.Cause(
            "FieldValueInvalid", "Invalid value: 0: must be specified for an update", "metadata.resourceVersion"
        )
        raise errors.invalid(call.model.group, call.model.plural, call.name, [cause])


async def patch(call: Call) -> Response:
    """PATCH of an object or of its status, by content type."""
    kind = codec.media_type_of(call.request)
    accepted = BUILTIN_PATCHES if call.model.builtin else CUSTOM_PATCHES
    if kind not in accepted:
        raise refusals.unknown_patch(kind, accepted)
    data = await codec.read_body(call.request)
    if kind == APPLY_PATCH:
        return await _apply(call, codec.parse(data, codec.YAML))
    document = codec.parse(data, codec.JSON)
    write = write_of(call, UPDATE, {}, subresource=call.target.subresource)
    write.patched = True
    write.strategic = document if kind == STRATEGIC_PATCH and isinstance(document, dict) else None
    return answer(call, await updating.update(write, lambda old: changed(call, kind, old, document)))


def changed(call: Call, kind: str, old: dict[str, Any], document: Any) -> dict[str, Any]:
    """`old` with a patch applied."""
    if kind == JSON_PATCH:
        return _json_patched(old, document)
    if not isinstance(document, dict):
        found = "array" if isinstance(document, list) else type(document).__name__
        problem = f"json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
        raise errors.bad_request(problem if kind == STRATEGIC_PATCH else f"error decoding patch: {problem}")
    if kind == MERGE_PATCH:
        return copy.deepcopy(patches.merge_patch(old, document))
    from mcp_cli.local.apimachinery import strategic

    return copy.deepcopy(strategic.strategic_patch(call.model, old, document))


def _json_patched(old: dict[str, Any], operations: Any) -> dict[str, Any]:
    try:
        return patches.json_patch(old, operations)
    except errors.StatusError as error:
        if error.code == 422:
            raise refusals.unappliable_patch() from error
        raise


async def _apply(call: Call, applied: Any) -> Response:
    """Server-side apply: creates what is not there."""
    if not isinstance(applied, dict):
        raise errors.bad_request("the applied configuration is not an object")
    manager = call.query.text("fieldManager")
    if not manager:
        text = "Required value: is required for apply patch"
        raise refusals.bad_option("PatchOptions", "FieldValueRequired", text, "fieldManager")
    if not applied.get("apiVersion") or not applied.get("kind"):
        raise _wrong_kind(applied)
    write = write_of(call, UPDATE, applied, subresource=call.target.subresource)
    # Not decoded: what Go would add to it is not what the client applied.
    if (applied["apiVersion"], applied["kind"]) != (call.model.api_version, call.model.kind):
        raise _wrong_kind(applied)
    write.applied, write.field_validation = True, "Ignore"
    metadata, named = applied.setdefault("metadata", {}), bool(applied["metadata"].get("name"))
    if metadata.setdefault("name", call.name) != call.name:
        raise refusals.other_name(metadata["name"], call.name)
    if not write.subresource and _find(call) is None:
        if not named:
            raise refusals.nameless(call.name)
        return answer(call, await _apply_new(call, write, applied), 201)

    def change(old: dict[str, Any]) -> dict[str, Any]:
        return _merge_applied(call, write, old, applied)

    return answer(call, await updating.update(write, change))


def _wrong_kind(applied: dict[str, Any]) -> errors.StatusError:
    group, _, version = str(applied.get("apiVersion") or "").rpartition("/")
    return errors.bad_request(f"invalid object type: {group}/{version}, Kind={applied.get('kind') or ''}")


async def _apply_new(call: Call, write: Write, applied: dict[str, Any]) -> dict[str, Any]:
    applied["metadata"].pop("resourceVersion", None)
    if applied["metadata"].get("uid"):
        raise errors.conflict(
            call.model.group,
            call.model.plural,
            call.name,
            "uid mismatch: the provided object specified a version or uid, and no existing object was found",
        )
    write.operation = CREATE
    write.object = _merge_applied(call, write, None, applied)
    return await creating.create(write)


def _merge_applied(call: Call, write: Write, live: dict[str, Any] | None, applied: dict[str, Any]) -> dict[str, Any]:
    merged = managers.apply(
        call.model,
        live,
        copy.deepcopy(applied),
        manager=call.query.text("fieldManager"),
        now=times.now(),
        force=call.query.flag("force"),
        subresource=write.subresource,
    )
    if live is not None and not applied["metadata"].get("resourceVersion"):
        merged["metadata"].pop("resourceVersion", None)
    return copy.deepcopy(merged)
