"""The kinds that the API server serves: one `Model` for each group, version and resource.

Role: what a handler needs to know of a kind, the same for built-in kinds and CRDs. Pure.
Not its job: which CRDs exist; the API server keeps them. Called by the API server and by the rest of this package.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

from mcp_cli.local.apimachinery import data, schema

CRD_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
SUBRESOURCE_VERBS = ("get", "patch", "update")
META_V1 = "io.k8s.apimachinery.pkg.apis.meta.v1."


class Model:
    """One served kind. Read only."""

    def __init__(self, *, group: str, version: str, kind: str, plural: str, namespaced: bool) -> None:
        self.group, self.version, self.kind, self.plural = group, version, kind, plural
        self.namespaced = namespaced
        self.singular = kind.lower()
        self.short_names: tuple[str, ...] = ()
        self.categories: tuple[str, ...] = ()
        self.verbs: tuple[str, ...] = ()
        self.subresources: dict[str, dict[str, Any]] = {}
        self.storage_version = version
        self.crd: dict[str, Any] | None = None
        self.crd_version: dict[str, Any] | None = None

    @property
    def builtin(self) -> bool:
        return self.crd is None

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def list_kind(self) -> str:
        return (self.crd or {}).get("spec", {}).get("names", {}).get("listKind") or f"{self.kind}List"

    @cached_property
    def schema(self) -> schema.Schema:
        if self.crd_version is None:
            return schema.builtin(data.definition_name(self.group, self.version, self.kind))
        root = schema.from_crd(self.crd_version.get("schema", {}).get("openAPIV3Schema"))
        return _with_type_meta(root)

    @property
    def scale(self) -> dict[str, Any] | None:
        """Where replicas live, for a CRD with the scale subresource."""
        return ((self.crd_version or {}).get("subresources") or {}).get("scale")

    @property
    def columns(self) -> list[dict[str, Any]]:
        return (self.crd_version or {}).get("additionalPrinterColumns") or []

    @property
    def has_status(self) -> bool:
        return "status" in self.subresources


def _with_type_meta(root: schema.Schema) -> schema.Schema:
    """What every object has, whether a CRD's schema says so or not."""
    text = schema.Schema({"type": "string"})
    root.properties = {
        **root.properties,
        "apiVersion": text,
        "kind": text,
        "metadata": schema.builtin(META_V1 + "ObjectMeta"),
    }
    return root


@cache
def _builtins() -> dict[tuple[str, str, str], Model]:
    """By group, version and plural, in discovery order."""
    found = {}
    for entry in data.discovery():
        model = Model(
            group=entry["group"],
            version=entry["version"],
            kind=entry["responseKind"]["kind"],
            plural=entry["resource"],
            namespaced=entry["scope"] == "Namespaced",
        )
        model.singular = entry["singularResource"]
        model.verbs = tuple(entry["verbs"])
        model.short_names = tuple(entry.get("shortNames", ()))
        model.categories = tuple(entry.get("categories", ()))
        for sub in entry.get("subresources", ()):
            kind = sub["responseKind"]
            own = not kind["group"] and not kind["version"]
            model.subresources[sub["subresource"]] = {
                "kind": kind["kind"],
                "group": model.group if own else kind["group"],
                "version": model.version if own else kind["version"],
                "verbs": tuple(sub["verbs"]),
            }
        found[model.group, model.version, model.plural] = model
    return found


@cache
def _by_kind() -> dict[tuple[str, str, str], Model]:
    return {(model.group, model.version, model.kind): model for model in _builtins().values()}


def builtin_models() -> list[Model]:
    return list(_builtins().values())


def builtin_resource(group: str, version: str, plural: str) -> Model | None:
    return _builtins().get((group, version, plural))


def builtin_model(group: str, version: str, kind: str) -> Model | None:
    return _by_kind().get((group, version, kind))


def crd_models(crd: dict[str, Any]) -> list[Model]:
    """The served versions of a CRD, the storage version marked on each."""
    spec = crd["spec"]
    names = {**spec["names"], **(crd.get("status") or {}).get("acceptedNames", {})}
    storage = next(version["name"] for version in spec["versions"] if version.get("storage"))
    served = sorted((v for v in spec["versions"] if v.get("served")), key=lambda v: version_priority(v["name"]))
    return [_crd_model(crd, version, names, storage) for version in served]


def _crd_model(crd: dict[str, Any], version: dict[str, Any], names: dict[str, Any], storage: str) -> Model:
    spec = crd["spec"]
    model = Model(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=spec["names"]["plural"],
        namespaced=spec["scope"] == "Namespaced",
    )
    model.singular = names.get("singular") or names["kind"].lower()
    model.short_names = tuple(names.get("shortNames") or ())
    model.categories = tuple(names.get("categories") or ())
    model.verbs = CRD_VERBS
    model.storage_version = storage
    model.crd, model.crd_version = crd, version
    subresources = version.get("subresources") or {}
    own = {"kind": model.kind, "group": model.group, "version": model.version, "verbs": SUBRESOURCE_VERBS}
    if "status" in subresources:
        model.subresources["status"] = own
    if "scale" in subresources:
        model.subresources["scale"] = {**own, "kind": "Scale", "group": "autoscaling", "version": "v1"}
    return model


def version_priority(name: str) -> tuple[int, int, int, str]:
    """Sorts GA before beta before alpha, the newer first, anything else last by name."""
    import re

    match = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", name)
    if match is None:
        return (3, 0, 0, name)
    major, stage, minor = match.groups()
    return ({None: 0, "beta": 1, "alpha": 2}[stage], -int(major), -int(minor or 0), name)
