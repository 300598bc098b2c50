"""Validation of `metadata`, the same for every kind but for the form of the name.

Role: pure. Called by `validation`, and for the metadata of templates by the validators of workloads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery import names
from mcp_cli.local.apimachinery.errors import Cause
from mcp_cli.local.apimachinery.models import Model

MAX_ANNOTATIONS = 256 * 1024
STANDARD_FINALIZERS = {"kubernetes", "orphan", "foregroundDeletion"}
RBAC = "rbac.authorization.k8s.io"
NameCheck = Callable[[str], list[str]]
NAMES: dict[tuple[str, str], NameCheck] = {
    ("", "Namespace"): names.is_dns1123_label,
    ("", "Service"): names.is_dns1123_label,
    **{(RBAC, kind): names.is_path_segment for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")},
}
TOO_MANY_CONTROLLERS = "Only one reference can have Controller set to true"


def on_create(model: Model, obj: dict[str, Any]) -> list[Cause]:
    metadata = obj.get("metadata") or {}
    check = NAMES.get((model.group, model.kind), names.is_dns1123_subdomain)
    causes = list(_names(metadata, check))
    causes.extend(common(metadata, "metadata"))
    return causes


def _names(metadata: dict[str, Any], check: NameCheck) -> Iterator[Cause]:
    base, name = metadata.get("generateName"), metadata.get("name")
    if base:
        # A base may end with a dash, which a suffix follows.
        probe = base[:-1] + "a" if base.endswith("-") else base
        yield from (wrong.invalid("metadata.generateName", base, message) for message in check(probe))
    if not name:
        yield wrong.required("metadata.name", "name or generateName is required")
    else:
        yield from (wrong.invalid("metadata.name", name, message) for message in check(name))


def common(metadata: dict[str, Any], path: str) -> Iterator[Cause]:
    """What holds for the metadata of objects and templates alike."""
    yield from labels(metadata.get("labels"), f"{path}.labels")
    yield from annotation_keys(metadata.get("annotations"), f"{path}.annotations")
    yield from _owners(metadata.get("ownerReferences") or (), f"{path}.ownerReferences")
    for index, finalizer in enumerate(metadata.get("finalizers") or ()):
        place = f"{path}.finalizers"
        yield from (wrong.invalid(place, finalizer, message) for message in names.is_qualified_name(finalizer))
        if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
            message = "name is neither a standard finalizer name nor is it fully qualified"
            yield wrong.invalid(f"{place}[{index}]", finalizer, message)


def labels(values: dict[str, str] | None, path: str) -> Iterator[Cause]:
    for key, value in (values or {}).items():
        yield from (wrong.invalid(path, key, message) for message in names.is_qualified_name(key))
        yield from (wrong.invalid(path, value, message) for message in names.is_label_value(value))


def annotation_keys(values: dict[str, str] | None, path: str) -> Iterator[Cause]:
    total = 0
    for key, value in (values or {}).items():
        total += len(key.encode()) + len(value.encode())
        yield from (wrong.invalid(path, key, message) for message in names.is_qualified_name(key.lower()))
    if total > MAX_ANNOTATIONS:
        yield wrong.too_long(path, MAX_ANNOTATIONS)


def _owners(owners: Any, path: str) -> Iterator[Cause]:
    controllers = []
    for owner in owners:
        # The API server names no index here.
        version = owner.get("apiVersion") or ""
        if not version or version.count("/") > 1:
            yield wrong.invalid(f"{path}.apiVersion", version, "version must not be empty")
        for key in ("kind", "name", "uid"):
            if not owner.get(key):
                yield wrong.invalid(f"{path}.{key}", "", "must not be empty")
        if owner.get("controller"):
            controllers.append(f"{owner.get('kind')}/{owner.get('name')}")
        if (version, owner.get("kind")) == ("v1", "Event"):
            yield wrong.invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner")
    if len(controllers) > 1:
        text = f'{TOO_MANY_CONTROLLERS}. Found "true" in references for {" and ".join(controllers[:2])}'
        yield wrong.invalid(path, owners, text)


def on_update(model: Model, new: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    metadata, before = new.get("metadata") or {}, old.get("metadata") or {}
    causes = list(common(metadata, "metadata"))
    for key in ("name", "namespace", "uid", "creationTimestamp"):
        if metadata.get(key) != before.get(key):
            causes.append(wrong.immutable(f"metadata.{key}", metadata.get(key)))
    if not model.builtin and not metadata.get("resourceVersion"):
        causes.append(wrong.invalid("metadata.resourceVersion", 0, "must be specified for an update"))
    # The server looks at these twice, and says so.
    added = list(_new_finalizers(metadata, before))
    return [*causes, *added, *added]


def _new_finalizers(metadata: dict[str, Any], before: dict[str, Any]) -> Iterator[Cause]:
    """An object that is being deleted gets no more finalizers."""
    if not before.get("deletionTimestamp"):
        return
    added = [name for name in metadata.get("finalizers") or () if name not in (before.get("finalizers") or ())]
    if added:
        listed = ", ".join(wrong.shown(name) for name in added)
        text = (
            f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{listed}}}"
        )
        yield wrong.forbidden("metadata.finalizers", text)
