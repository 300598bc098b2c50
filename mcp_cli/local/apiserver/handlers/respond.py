"""Answers: objects in the form that the client asked for, with the warnings that came up on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from mcp_cli.local.apimachinery import errors, tables
from mcp_cli.local.apimachinery.errors import StatusError
from mcp_cli.local.apiserver import codec

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.context import Call


def answer(call: Call, obj: dict[str, Any], code: int = 200) -> Response:
    """One object (or Status), as a Table or as metadata where that was asked for."""
    form = codec.negotiate(call.request.headers.get("accept", ""))
    if obj.get("kind") != "Status":
        refuse_form(call, form, is_list=False)
        obj = shaped(call, obj, form)
    return plain(obj, code, form.media_type, call.warnings)


def refuse_form(call: Call, form: codec.Form, *, is_list: bool) -> None:
    """A list is no object, an object no list, and a Table shows one of three things."""
    internal = f"{call.model.group.partition('.')[0] or 'core'}.{call.model.kind}"
    if not call.model.builtin:
        internal = "unstructured.Unstructured"
    if form.kind == codec.METADATA and is_list:
        text = f"you requested {form.kind}, but the requested object is a list (*{internal}List)"
        raise errors.not_acceptable(text)
    if form.kind == codec.METADATA_LIST and not is_list:
        text = f"you requested {form.kind}, but the requested object is not a list (*{internal})"
        raise errors.not_acceptable(text)
    wanted = call.query.text("includeObject")
    if form.kind == codec.TABLE and wanted not in ("", "Metadata", "Object", "None"):
        problem = f"Invalid value: \"{wanted}\": must be 'Metadata', 'Object', 'None', or empty"
        raise errors.bad_request(f"Unable to convert to Table as requested: includeObject: {problem}")


def plain(value: Any, code: int = 200, media_type: str = codec.JSON, warnings: list[str] | None = None) -> Response:
    """A value as it is."""
    return encoded(codec.encode(value, media_type), code, media_type, warnings)


def encoded(data: bytes, code: int, media_type: str, warnings: list[str] | None = None) -> Response:
    """Bytes of a media type."""
    response = Response(data, code, media_type=media_type)
    for warning in warnings or []:
        text = warning.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        response.headers.append("Warning", f'299 - "{text}"')
    return response


def refusal(error: StatusError, warnings: list[str] | None = None) -> Response:
    """What a refused request gets."""
    response = plain(error.status, error.code, warnings=warnings)
    seconds = (error.status.get("details") or {}).get("retryAfterSeconds")
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response


def shaped(call: Call, obj: dict[str, Any], form: codec.Form, *, columns: bool = True) -> dict[str, Any]:
    """A single object in the form asked for."""
    if form.kind == codec.TABLE:
        return table(call, [obj], {"resourceVersion": obj["metadata"].get("resourceVersion", "")}, form, columns)
    if form.kind in (codec.METADATA, codec.METADATA_LIST):
        return metadata_only(obj, form.version)
    return obj


def table(
    call: Call, objects: list[dict[str, Any]], list_metadata: dict[str, Any], form: codec.Form, columns: bool = True
) -> dict[str, Any]:
    return tables.table(
        call.model,
        objects,
        list_metadata=list_metadata,
        include_object=call.query.text("includeObject") or "Metadata",
        columns=columns,
        api_version=f"meta.k8s.io/{form.version}",
    )


def metadata_only(obj: dict[str, Any], version: str = "v1") -> dict[str, Any]:
    return {"kind": codec.METADATA, "apiVersion": f"meta.k8s.io/{version}", "metadata": obj["metadata"]}
