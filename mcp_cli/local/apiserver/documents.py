"""What describes the API itself: discovery and OpenAPI, computed once for each state of the registry."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcp_cli.local.apimachinery import discovery
from mcp_cli.local.apiserver import codec

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.registry import Registry


class Documents:
    """Encoded documents by name, thrown away when the registry changes."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._generation = -1
        self._cache: dict[str, tuple[bytes, str]] = {}

    def get(self, name: str, make: Callable[[], Any]) -> tuple[bytes, str]:
        """The bytes and their ETag."""
        if self._generation != self._registry.generation:
            self._cache.clear()
            self._generation = self._registry.generation
        if name not in self._cache:
            value = make()
            data = value if isinstance(value, bytes) else codec.encode(value)
            self._cache[name] = (data, hashlib.sha256(data).hexdigest().upper())
        return self._cache[name]

    def aggregated(self, legacy: bool) -> tuple[bytes, str]:
        models = self._registry.models()
        return self.get(f"aggregated {legacy}", lambda: discovery.aggregated(models, legacy=legacy))

    def groups(self) -> tuple[bytes, str]:
        return self.get("groups", lambda: discovery.groups(self._registry.models()))

    def resources(self, group: str, version: str) -> tuple[bytes, str]:
        def make() -> dict[str, Any]:
            found = discovery.resources(self._registry.models(), group, version)
            if not group:
                # The core group's list is the one without a version of its own.
                found.pop("apiVersion", None)
            return found

        return self.get(f"{group}/{version}", make)

    def openapi_index(self) -> tuple[bytes, str]:
        from mcp_cli.local.apimachinery import openapi

        return self.get("openapi", lambda: openapi.index(self._registry.models()))

    def openapi(self, group: str, version: str) -> tuple[bytes, str]:
        from mcp_cli.local.apimachinery import openapi

        models = self._registry.models()
        return self.get(f"openapi {group}/{version}", lambda: openapi.document(models, group, version))

    def swagger(self, protobuf: bool) -> tuple[bytes, str]:
        from mcp_cli.local.apimachinery import openapi

        make = openapi.swagger if protobuf else openapi.swagger_json
        return self.get(f"swagger {protobuf}", lambda: make(self._registry.models()))
