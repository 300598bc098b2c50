"""From a parsed body to an object of its kind: wrong types refused, unknown fields dropped, zeros left out as in Go.

Role: the first step of every write. In place. Not its job: defaults and validation.
Called by the API server with what a client sent, and again with the result of a patch.
"""

from __future__ import annotations

from typing import Any

from mcp_cli.local.apimachinery import errors, godecode
from mcp_cli.local.apimachinery.models import Model
from mcp_cli.local.apimachinery.schema import Schema

STRICT, WARN, IGNORE = "Strict", "Warn", "Ignore"


def decode(model: Model, obj: dict[str, Any], field_validation: str = WARN) -> list[str]:
    """Normalises `obj` and returns the warnings; raises 400."""
    check_kind(model, obj)
    reset = isinstance(obj.get("metadata"), dict) and obj["metadata"].get("managedFields") == []
    warnings = decode_as(model.kind, model.api_version, model.schema, obj, field_validation, builtin=model.builtin)
    if reset:
        # An empty list is a request of its own: forget who owns what.
        obj["metadata"]["managedFields"] = []
    return warnings


def decode_as(
    kind: str,
    api_version: str,
    schema: Schema,
    obj: dict[str, Any],
    field_validation: str = WARN,
    *,
    builtin: bool = True,
) -> list[str]:
    """The same for a body that is no model of its own (a subresource's Scale, Eviction, DeleteOptions)."""
    unknown: list[str] = []
    version = api_version.rpartition("/")[2]
    try:
        if builtin:
            godecode.decode_struct(schema, obj, unknown)
        else:
            _decode_custom(schema, obj, unknown)
    except godecode.DecodeError as error:
        raise errors.bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {error}') from None
    messages = [f'unknown field "{field}"' for field in unknown]
    if messages and field_validation == STRICT:
        raise errors.bad_request(
            f'{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: {", ".join(messages)}'
        )
    return messages if field_validation == WARN else []


def check_kind(model: Model, obj: dict[str, Any]) -> None:
    """A body may leave out its kind; it may not claim another."""
    if not isinstance(obj, dict):
        raise errors.bad_request(f"the object provided is unrecognized (must be of type {model.kind})")
    kind, api_version = obj.get("kind") or model.kind, obj.get("apiVersion") or model.api_version
    if kind != model.kind or api_version != model.api_version:
        version = str(api_version).rpartition("/")[2]
        raise errors.bad_request(
            f'{kind} in version "{version}" cannot be handled as a {model.kind}: this resource takes'
            f' kind "{model.kind}" of "{model.api_version}", the body is a "{kind}" of "{api_version}"'
        )
    obj["apiVersion"], obj["kind"] = api_version, kind


def _decode_custom(schema: Schema, obj: dict[str, Any], unknown: list[str]) -> None:
    """A custom resource: Go decodes its metadata, the schema only prunes; types are validation's job."""
    metadata = obj.get("metadata")
    if metadata is not None:
        meta_unknown: list[str] = []
        godecode.decode_at(schema.properties["metadata"], obj, "metadata", "", "", meta_unknown)
        unknown.extend(f"metadata.{field}" if not field.startswith("metadata") else field for field in meta_unknown)
    else:
        obj.pop("metadata", None)
    for key, value in obj.items():
        if key != "metadata":
            obj[key] = whole_numbers(value)
    found: list[str] = []
    prune(schema, obj, "", found, root=True)
    unknown.extend(sorted(found))


def whole_numbers(value: Any) -> Any:
    """`1.0` is written `1`."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    return value


def prune(schema: Schema, value: Any, path: str, unknown: list[str], *, root: bool = False) -> None:
    """Drops what the schema does not name, in place; the paths of what was dropped join `unknown`."""
    if isinstance(value, list):
        if schema.items is not None:
            for index, item in enumerate(value):
                prune(schema.items, item, f"{path}[{index}]", unknown)
        return
    if not isinstance(value, dict):
        return
    for key in list(value):
        if (root or schema.embedded) and key in ("apiVersion", "kind", "metadata"):
            continue
        child = schema.child(key)
        place = f"{path}.{key}" if path else key
        if child is not None:
            prune(child, value[key], place, unknown)
        elif not schema.preserve:
            unknown.append(place)
            del value[key]
