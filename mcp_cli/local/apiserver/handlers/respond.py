"""Answers: objects in the form that the client asked for, with the warnings that came up on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from mcp_cli.local.apimachinery import tables
from mcp_cli.local.apimachinery.errors import StatusError
from mcp_cli.local.apiserver import codec

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.context import Call

METADATA_VERSION = "meta.k8s.io/v1"


def answer(call: Call, obj: dict[str, Any], code: int = 200) -> Response:
    """One object (or Status), as a Table or as metadata where that was asked for."""
    form = codec.negotiate(call.request.headers.get("accept", ""))
    if obj.get("kind") != "Status":
        obj = shaped(call, obj, form)
    return plain(obj, code, form.media_type, call.warnings)


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
        return metadata_only(obj)
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


def metadata_only(obj: dict[str, Any]) -> dict[str, Any]:
    return {"kind": codec.METADATA, "apiVersion": METADATA_VERSION, "metadata": obj["metadata"]}
