"""OpenAPI documents: v3 for each group and version, v2 for all, without prose.

Role: pure; enough for `kubectl explain`, for client-side validation and for clients that read schemas.
Called by the API server, which keeps the encoded documents.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from mcp_cli.local.apimachinery import data, openapi_paths, openapi_protobuf
from mcp_cli.local.apimachinery.models import META_V1, Model

VERSION = "1.36"
SCHEMAS, DEFINITIONS = "#/components/schemas/", "#/definitions/"
OWN_MARKS = ("pointer", "always")
# What every group's operations speak of.
COMMON = tuple(META_V1 + name for name in ("DeleteOptions", "Patch", "Status", "ListMeta", "ObjectMeta"))
OPENAPI_V2_TYPES = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": "string", "format": "int-or-string"},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string"},
}
INFO = {"title": "Kubernetes", "version": VERSION}


def index(models: list[Model]) -> dict[str, Any]:
    """Where each group and version has its document; the hash changes with its content."""
    versions: dict[str, list[Model]] = {}
    for model in models:
        path = f"apis/{model.api_version}" if model.group else f"api/{model.version}"
        versions.setdefault(path, []).append(model)
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={_hash(path, own)}"}
            for path, own in sorted(versions.items())
        }
    }


def _hash(path: str, models: list[Model]) -> str:
    custom = [(model.kind, model.crd_version) for model in models if not model.builtin]
    text = json.dumps([VERSION, path, custom], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest().upper()


def document(models: list[Model], group: str, version: str) -> dict[str, Any]:
    own = [model for model in models if (model.group, model.version) == (group, version)]
    schemas = {name: _v3(raw) for name, raw in sorted(_definitions(own).items())}
    return {
        "openapi": "3.0.0",
        "info": INFO,
        "paths": openapi_paths.paths(own, SCHEMAS, schema_name),
        "components": {"schemas": schemas},
    }


def swagger_json(models: list[Model]) -> dict[str, Any]:
    definitions = {name: _v2(name, raw) for name, raw in sorted(_definitions(models).items())}
    return {"swagger": "2.0", "info": INFO, "paths": {}, "definitions": definitions}


def swagger(models: list[Model]) -> bytes:
    return openapi_protobuf.encode(swagger_json(models))


def schema_name(group: str, version: str, kind: str, *, builtin: bool = True) -> str:
    """A CRD's kind is named after its group, read backwards: `com.example.v1.Foo`."""
    if builtin:
        return data.definition_name(group, version, kind)
    return ".".join([*reversed(group.split(".")), version, kind])


def _definitions(models: list[Model]) -> dict[str, dict[str, Any]]:
    """The kinds, their lists, what subresources take, and all that these reference."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [*COMMON]
    for model in models:
        if model.builtin:
            names = [schema_name(model.group, model.version, kind) for kind in (model.kind, model.list_kind)]
            waiting.extend(name for name in names if data.has_definition(name))
        else:
            found.update(_custom(model))
            waiting.extend(_references(found[schema_name(model.group, model.version, model.kind, builtin=False)]))
        for sub in model.subresources.values():
            name = schema_name(sub["group"], sub["version"], sub["kind"])
            if data.has_definition(name):
                waiting.append(name)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = data.definition(name)
            waiting.extend(_references(found[name]))
    return found


def _references(raw: dict[str, Any]) -> list[str]:
    out = [raw["$ref"]] if "$ref" in raw else []
    children = [*(raw.get("properties") or {}).values(), raw.get("items"), raw.get("additionalProperties")]
    for child in children:
        if isinstance(child, dict):
            out.extend(_references(child))
    return out


def _custom(model: Model) -> dict[str, dict[str, Any]]:
    text = {"type": "string"}
    raw = ((model.crd_version or {}).get("schema") or {}).get("openAPIV3Schema") or {"type": "object"}
    head = {"apiVersion": text, "kind": text, "metadata": {"$ref": META_V1 + "ObjectMeta"}}
    kind = {**raw, "properties": {**(raw.get("properties") or {}), **head}}
    kind["x-kubernetes-group-version-kind"] = [_gvk(model, model.kind)]
    name = schema_name(model.group, model.version, model.kind, builtin=False)
    items = {"type": "array", "items": {"$ref": name}}
    listed = {
        "type": "object",
        "required": ["items"],
        "properties": {**head, "items": items, "metadata": {"$ref": META_V1 + "ListMeta"}},
        "x-kubernetes-group-version-kind": [_gvk(model, model.list_kind)],
    }
    return {name: kind, schema_name(model.group, model.version, model.list_kind, builtin=False): listed}


def _gvk(model: Model, kind: str) -> dict[str, str]:
    return {"group": model.group, "kind": kind, "version": model.version}


def _v3(raw: dict[str, Any]) -> dict[str, Any]:
    """References stand in `allOf`, so that a default may stand beside them."""
    out = _children({key: value for key, value in raw.items() if key not in OWN_MARKS}, _v3)
    if "$ref" in out:
        reference = {"$ref": SCHEMAS + out.pop("$ref")}
        if not out:
            return reference
        out["allOf"] = [reference]
    return out


def _v2(name: str, raw: dict[str, Any]) -> dict[str, Any]:
    if name in OPENAPI_V2_TYPES:
        return OPENAPI_V2_TYPES[name]
    out = _children(
        {key: value for key, value in raw.items() if key not in (*OWN_MARKS, "default")}, lambda child: _v2("", child)
    )
    for key in ("anyOf", "oneOf", "allOf", "not", "nullable"):
        out.pop(key, None)
    if "$ref" in out:
        out["$ref"] = DEFINITIONS + out["$ref"]
    return out


def _children(raw: dict[str, Any], change: Any) -> dict[str, Any]:
    out = dict(raw)
    if "properties" in out:
        out["properties"] = {key: change(child) for key, child in out["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(out.get(key), dict):
            out[key] = change(out[key])
    return out
