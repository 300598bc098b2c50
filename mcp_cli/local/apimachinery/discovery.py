"""What `/api`, `/apis` and `/apis/GROUP/VERSION` answer, for a list of models.

Role: pure; both forms of discovery, the plain one and the aggregated one that kubectl prefers.
Called by the API server.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from mcp_cli.local.apimachinery.models import Model, version_priority

AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def groups(models: list[Model]) -> dict[str, Any]:
    """APIGroupList; the core group is not part of it."""
    items = [_group(name, versions) for name, versions in _versions(models).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": items}


def group(models: list[Model], name: str) -> dict[str, Any] | None:
    """The answer of `/apis/GROUP`."""
    versions = _versions(models).get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions else None


def _versions(models: list[Model]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for model in models:
        found.setdefault(model.group, {})[model.version] = None
    return {name: sorted(versions, key=version_priority) for name, versions in found.items()}


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    entries = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def resources(models: list[Model], group: str, version: str) -> dict[str, Any]:
    """APIResourceList of one group and version."""
    own = [model for model in models if (model.group, model.version) == (group, version)]
    entries = [entry for model in own for entry in _entries(model)]
    head: dict[str, Any] = {"kind": "APIResourceList", "apiVersion": "v1"}
    return {**head, "groupVersion": f"{group}/{version}" if group else version, "resources": entries}


def _entries(model: Model) -> list[dict[str, Any]]:
    main: dict[str, Any] = {
        "name": model.plural,
        "singularName": model.singular,
        "namespaced": model.namespaced,
        "kind": model.kind,
        "verbs": list(model.verbs),
    }
    main.update(_shared(model))
    if "watch" in model.verbs:
        main["storageVersionHash"] = storage_hash(model)
    return [main, *(_subresource_entry(model, name, sub) for name, sub in model.subresources.items())]


def _shared(model: Model) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if model.short_names:
        out["shortNames"] = list(model.short_names)
    if model.categories:
        out["categories"] = list(model.categories)
    return out


def _subresource_entry(model: Model, name: str, sub: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"name": f"{model.plural}/{name}", "singularName": "", "namespaced": model.namespaced}
    if (sub["group"], sub["version"]) != (model.group, model.version):
        out.update(group=sub["group"], version=sub["version"])
    return {**out, "kind": sub["kind"], "verbs": list(sub["verbs"])}


def storage_hash(model: Model) -> str:
    text = f"{model.group}/{model.storage_version}/{model.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


def aggregated(models: list[Model], *, legacy: bool) -> dict[str, Any]:
    """APIGroupDiscoveryList v2: the core group alone for `/api`, all others for `/apis`."""
    wanted = [model for model in models if (model.group == "") == legacy]
    items = []
    for name, versions in _versions(wanted).items():
        entries = [_aggregated_version(wanted, name, version) for version in versions]
        items.append({"metadata": {"name": name} if name else {}, "versions": entries})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_version(models: list[Model], group: str, version: str) -> dict[str, Any]:
    own = [_aggregated_resource(model) for model in models if (model.group, model.version) == (group, version)]
    return {"version": version, "resources": own, "freshness": "Current"}


def _aggregated_resource(model: Model) -> dict[str, Any]:
    out: dict[str, Any] = {
        "resource": model.plural,
        "responseKind": {"group": model.group, "version": model.version, "kind": model.kind},
        "scope": "Namespaced" if model.namespaced else "Cluster",
        "singularResource": model.singular,
        "verbs": list(model.verbs),
        **_shared(model),
    }
    if model.subresources:
        out["subresources"] = [
            {
                "subresource": name,
                "responseKind": {key: sub[key] for key in ("group", "version", "kind")},
                "verbs": list(sub["verbs"]),
            }
            for name, sub in model.subresources.items()
        ]
    return out
