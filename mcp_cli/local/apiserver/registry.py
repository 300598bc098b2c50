"""The one table of resource types that are served right now: the built-in ones and those of established CRDs.

Answers where a resource's objects are stored, and which served version they are stored in. Called by every handler;
changed only when a CustomResourceDefinition changes.
"""

from __future__ import annotations

from typing import Any

from mcp_cli.local.apimachinery.models import Model, builtin_models, crd_models

CRDS = "apiextensions.k8s.io/customresourcedefinitions"
_SHARED_STORAGE = {"events.k8s.io/events": "/events"}


def storage_key(model: Model) -> str:
    """The name under which storage knows the resource, whatever version it is asked in."""
    key = f"{model.group}/{model.plural}"
    return _SHARED_STORAGE.get(key, key)


def object_key(model: Model, namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if model.namespaced else name


def established(crd: dict[str, Any]) -> bool:
    """A CRD is served once its names were accepted, and until its end."""
    conditions = crd.get("status", {}).get("conditions") or []
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


class Registry:
    """Served models by (group, version, plural)."""

    def __init__(self) -> None:
        self._builtin = builtin_models()
        self._custom: dict[str, list[Model]] = {}
        self._models: dict[tuple[str, str, str], Model] = {}
        self.generation = 0
        self._rebuild()

    def _rebuild(self) -> None:
        custom = [model for name in sorted(self._custom) for model in self._custom[name]]
        self._all = [*self._builtin, *custom]
        self._models = {(model.group, model.version, model.plural): model for model in self._all}
        self.generation += 1

    def models(self) -> list[Model]:
        return self._all

    def find(self, group: str, version: str, plural: str) -> Model | None:
        return self._models.get((group, version, plural))

    def by_kind(self, group: str, version: str, kind: str) -> Model | None:
        return next((m for m in self._all if (m.group, m.version, m.kind) == (group, version, kind)), None)

    def is_builtin(self, group: str) -> bool:
        """Whether the group is one of Kubernetes' own."""
        return any(model.group == group for model in self._builtin)

    def has_version(self, group: str, version: str) -> bool:
        return any(model.group == group and model.version == version for model in self._all)

    def put_crd(self, crd: dict[str, Any]) -> None:
        """Serve what the definition says, or stop serving it where it is not established."""
        if established(crd):
            self._custom[crd["metadata"]["name"]] = crd_models(crd)
            self._rebuild()
        else:
            self.drop_crd(crd["metadata"]["name"])

    def drop_crd(self, name: str) -> None:
        if self._custom.pop(name, None) is not None:
            self._rebuild()

    def custom_models(self, crd_name: str) -> list[Model]:
        return self._custom.get(crd_name, [])
