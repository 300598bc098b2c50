"""The steps of a write in the order in which the API server takes them, over one object in memory.

Role: what the differential tests compare with a real kube-apiserver; no HTTP, no storage.
"""

from __future__ import annotations

import copy
from typing import Any

from mcp_cli.local.apimachinery import (
    admission,
    decoding,
    defaulting,
    errors,
    managers,
    patches,
    scale,
    strategic,
    strategy,
    validation,
)
from mcp_cli.local.apimachinery.models import Model

NOW = "2026-01-01T00:00:00Z"
UID = "00000000-0000-0000-0000-000000000001"
APPLY = "application/apply-patch+yaml"
PATCHES = {
    "application/json-patch+json": lambda model, old, patch: patches.json_patch(old, patch),
    "application/merge-patch+json": lambda model, old, patch: patches.merge_patch(old, patch),
    "application/strategic-merge-patch+json": strategic.strategic_patch,
}


class MemoryServer:
    """One object of one kind."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.stored: dict[str, Any] | None = None
        self.version = 0

    def request(
        self, method: str, body: Any, *, manager: str, kind: str = "", subresource: str = "", force: bool = False
    ) -> tuple[int, dict[str, Any]]:
        """The status code and the body of the answer."""
        try:
            return self._request(method, copy.deepcopy(body), manager, kind, subresource, force)
        except errors.StatusError as error:
            return error.code, error.status

    def _request(
        self, method: str, body: Any, manager: str, kind: str, subresource: str, force: bool
    ) -> tuple[int, dict[str, Any]]:
        if method == "POST":
            return 201, self._create(body, manager, applied=False)
        if method == "PATCH" and kind == APPLY:
            decoding.check_kind(self.model, body)
            merged = managers.apply(
                self.model, self.stored, body, manager=manager, now=NOW, force=force, subresource=subresource
            )
            if self.stored is None:
                return 201, self._create(merged, manager, applied=True)
            return 200, self._update(merged, manager, subresource, applied=True)
        if self.stored is None:
            raise errors.not_found(self.model.group, self.model.plural, "it")
        if method == "PATCH":
            body = PATCHES[kind](self.model, self.stored, body)
        if subresource == "scale":
            body = scale.write(self.model, self.stored, body)
        return 200, self._update(body, manager, subresource, applied=False)

    def _create(self, obj: dict[str, Any], manager: str, *, applied: bool) -> dict[str, Any]:
        decoding.decode(self.model, obj)
        obj["metadata"].update(uid=UID, creationTimestamp=NOW)
        if self.model.namespaced:
            obj["metadata"]["namespace"] = "default"
        defaulting.default(self.model, obj)
        if not applied:
            managers.track(self.model, None, obj, manager=manager, now=NOW)
        admission.admit(self.model, obj)
        strategy.prepare_create(self.model, obj)
        self._refuse(validation.validate_create(self.model, obj), obj)
        return self._store(obj)

    def _update(self, obj: dict[str, Any], manager: str, subresource: str, *, applied: bool) -> dict[str, Any]:
        old = self.stored
        assert old is not None
        decoding.decode(self.model, obj)
        defaulting.default(self.model, obj)
        if not applied:
            managers.track(self.model, old, obj, manager=manager, now=NOW, subresource=subresource)
        strategy.prepare_update(self.model, obj, old, subresource)
        self._refuse(validation.validate_update(self.model, obj, old, subresource), obj)
        return self._store(obj)

    def _refuse(self, causes: list[errors.Cause], obj: dict[str, Any]) -> None:
        if causes:
            raise errors.invalid(self.model.group, self.model.kind, obj["metadata"].get("name", ""), causes)

    def _store(self, obj: dict[str, Any]) -> dict[str, Any]:
        if self.stored is None or not managers.same_but_times(obj, self.stored):
            self.version += 1
            obj["metadata"]["resourceVersion"] = str(self.version)
            self.stored = obj
        return copy.deepcopy(self.stored)
