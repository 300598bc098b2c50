"""Stored objects as a served version sees them: reading, converting between versions, and writing back.

The only place that turns JSON texts of the store into objects and stored versions into served ones. No policy here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mcp_cli.local.apimachinery import defaulting, errors
from mcp_cli.local.apiserver.conversion import convert
from mcp_cli.local.apiserver.registry import object_key, storage_key
from mcp_cli.local.storage import Compacted, Conflict, Exists, Missing, Store

if TYPE_CHECKING:
    from mcp_cli.local.apimachinery.models import Model

MODIFIED_MESSAGE = "the object has been modified; please apply your changes to the latest version and try again"


class Objects:
    """Typed access to the store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def find(self, model: Model, namespace: str, name: str) -> dict[str, Any] | None:
        stored = self.store.get(storage_key(model), object_key(model, namespace, name))
        return None if stored is None else serve(model, stored)

    def get(self, model: Model, namespace: str, name: str) -> dict[str, Any]:
        found = self.find(model, namespace, name)
        if found is None:
            raise errors.not_found(model.group, model.plural, name)
        return found

    def all(self, model: Model, namespace: str = "") -> list[dict[str, Any]]:
        """Every object of a resource, now."""
        page = self.store.page(storage_key(model), f"{namespace}/" if namespace else "")
        return [serve(model, json.loads(row.value)) for row in page.rows]

    def create(self, model: Model, obj: dict[str, Any]) -> dict[str, Any]:
        metadata = obj["metadata"]
        key = object_key(model, metadata.get("namespace", ""), metadata["name"])
        try:
            return serve(model, self.store.create(storage_key(model), key, to_storage(model, obj)))
        except Exists:
            raise self.taken(model, metadata.get("namespace", ""), metadata["name"]) from None

    def taken(self, model: Model, namespace: str, name: str) -> errors.StatusError:
        """The name is another object's, if only of one on its way out."""
        error = errors.already_exists(model.group, model.plural, name)
        found = self.find(model, namespace, name) or {"metadata": {}}
        if found["metadata"].get("deletionTimestamp"):
            error.status["message"] = f"object is being deleted: {error.status['message']}"
        return error

    def update(self, model: Model, obj: dict[str, Any], expected: str | None) -> dict[str, Any]:
        """Replace; Conflict of the store comes through, for the caller to try again or to say so."""
        metadata = obj["metadata"]
        key = object_key(model, metadata.get("namespace", ""), metadata["name"])
        try:
            return serve(model, self.store.update(storage_key(model), key, to_storage(model, obj), expected=expected))
        except Missing:
            raise errors.not_found(model.group, model.plural, metadata["name"]) from None

    def delete(self, model: Model, obj: dict[str, Any], *, last: dict[str, Any] | None = None) -> dict[str, Any]:
        """Remove the object as it was read."""
        metadata = obj["metadata"]
        key = object_key(model, metadata.get("namespace", ""), metadata["name"])
        final = None if last is None else to_storage(model, last)
        try:
            gone = self.store.delete(storage_key(model), key, expected=metadata["resourceVersion"], last=final)
        except Missing:
            raise errors.not_found(model.group, model.plural, metadata["name"]) from None
        return serve(model, gone)


def serve(model: Model, stored: dict[str, Any]) -> dict[str, Any]:
    """A stored object in the version that was asked for; custom resources get their schema's defaults on the way."""
    obj = convert(model, stored)
    if not model.builtin:
        defaulting.default(model, obj)
    return obj


def to_storage(model: Model, obj: dict[str, Any]) -> dict[str, Any]:
    """An object in the one version that is stored."""
    return convert(model, obj, to_storage=True)


def conflict(model: Model, name: str) -> errors.StatusError:
    return errors.conflict(model.group, model.plural, name, MODIFIED_MESSAGE)


__all__ = ["Compacted", "Conflict", "Objects", "conflict", "serve", "to_storage"]
