"""The `paths` of an OpenAPI v3 document: which verbs each resource has, and which parameters they take.

Role: pure; what kubectl reads to learn that the server validates fields, and to find a resource's schema.
Called by `openapi`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp_cli.local.apimachinery import data
from mcp_cli.local.apimachinery.models import META_V1, Model

WRITE = ("dryRun", "fieldManager", "fieldValidation")
DELETE = ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy")
LIST = (
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
    "watch",
)
TYPES = {"limit": "integer", "timeoutSeconds": "integer", "gracePeriodSeconds": "integer"}
BOOLEANS = {"watch", "force", "orphanDependents", "allowWatchBookmarks", "sendInitialEvents"}
ACTIONS = {"create": "post", "update": "put"}
COLLECTION = {"list": ("get", LIST), "create": ("post", WRITE), "deletecollection": ("delete", (*LIST[1:], *DELETE))}
ITEM = {
    "get": ("get", ()),
    "update": ("put", WRITE),
    "patch": ("patch", (*WRITE, "force")),
    "delete": ("delete", DELETE),
}
SUBRESOURCE = {
    "get": ("get", ()),
    "update": ("put", WRITE),
    "patch": ("patch", (*WRITE, "force")),
    "create": ("post", WRITE),
}
PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml")
PATCH = f"#/components/schemas/{META_V1}Patch"
STRATEGIC = "application/strategic-merge-patch+json"
Namer = Callable[..., str]


def paths(models: list[Model], prefix: str, name_of: Namer) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for model in models:
        out.update(_resource(model, prefix, name_of))
    return dict(sorted(out.items()))


def _resource(model: Model, prefix: str, name_of: Namer) -> dict[str, Any]:
    root = f"/apis/{model.api_version}" if model.group else f"/api/{model.version}"
    base = f"{root}/namespaces/{{namespace}}/{model.plural}" if model.namespaced else f"{root}/{model.plural}"
    own = {"group": model.group, "version": model.version, "kind": model.kind}
    reference = {"$ref": prefix + name_of(model.group, model.version, model.kind, builtin=model.builtin)}
    out = {
        base: _operations(model, COLLECTION, model.verbs, own, reference),
        f"{base}/{{name}}": _operations(model, ITEM, model.verbs, own, reference),
    }
    if model.namespaced and "list" in model.verbs:
        out[f"{root}/{model.plural}"] = _operations(model, {"list": COLLECTION["list"]}, ("list",), own, reference)
    for name, sub in model.subresources.items():
        kind = {key: sub[key] for key in ("group", "version", "kind")}
        builtin = model.builtin or sub["kind"] == "Scale"
        target = _target(prefix, name_of(sub["group"], sub["version"], sub["kind"], builtin=builtin), builtin)
        out[f"{base}/{{name}}/{name}"] = _operations(model, SUBRESOURCE, sub["verbs"], kind, target)
    named = {path: [_path_parameter(part) for part in ("name", "namespace") if f"{{{part}}}" in path] for path in out}
    return {path: {**verbs, "parameters": named[path]} for path, verbs in out.items() if verbs}


def _target(prefix: str, name: str, builtin: bool) -> dict[str, Any]:
    """What a subresource takes and gives; the options of exec, proxy and their like are queries, not objects."""
    return {"$ref": prefix + name} if not builtin or data.has_definition(name) else {"type": "string"}


def _operations(
    model: Model, table: dict[str, Any], verbs: Any, kind: dict[str, str], reference: dict[str, Any]
) -> dict[str, Any]:
    out = {}
    for verb in verbs:
        if verb in table:
            method, parameters = table[verb]
            out[method] = _operation(model, verb, method, parameters, kind, reference)
    return out


def _operation(
    model: Model, verb: str, method: str, parameters: Any, kind: dict[str, str], reference: dict[str, Any]
) -> dict[str, Any]:
    out: dict[str, Any] = {
        "parameters": [_query_parameter(name) for name in parameters],
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}},
        "x-kubernetes-action": ACTIONS.get(verb, verb),
        "x-kubernetes-group-version-kind": kind,
    }
    if method in ("post", "put"):
        out["requestBody"] = {"content": {"*/*": {"schema": reference}}, "required": True}
    elif method == "patch":
        patch = {"schema": {"$ref": PATCH}}
        types = (*PATCHES, STRATEGIC) if model.builtin else PATCHES
        out["requestBody"] = {"content": dict.fromkeys(types, patch), "required": True}
    return out


def _query_parameter(name: str) -> dict[str, Any]:
    kind = "boolean" if name in BOOLEANS else TYPES.get(name, "string")
    return {"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": True}}


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "uniqueItems": True}}
