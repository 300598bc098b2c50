"""What the registry controller sees: MCPRegistries, the ConfigMaps with their entries, and what they are read with.

Role: makes the informers, turns their events into keys of registries, and answers from memory. Of shards only the
metadata is kept, of indexes the data, of Secrets and ConfigMaps that registries name a digest. Not its job: writing.
Called by the registry controller and by the completion of servers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mcp_operator.api import names
from mcp_operator.api.mcpregistry import resolve, validate
from mcp_operator.catalog import stored
from mcp_operator.catalog.stored import Index
from mcp_operator.controllers.children import controller_of
from mcp_operator.controllers.inputs import Inputs
from mcp_operator.controllers.world import slim_metadata
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.informer import Informer
from mcp_operator.runtime.manager import Manager
from mcp_operator.runtime.resources import CONFIGMAPS, SECRETS, Key, Resource, key_of

Object = dict[str, Any]
Enqueue = Callable[[Key], None]

MCPREGISTRIES = Resource(names.GROUP, names.VERSION, names.PLURAL_REGISTRIES, names.KIND_REGISTRY)
BY_REGISTRY = "registry"


class RegistryWorld:
    """Reads come from memory. Listeners hear the key of each registry whose stored set or object has changed."""

    def __init__(self, manager: Manager, enqueue: Enqueue, inputs: Inputs, namespaces: Sequence[str] = ()) -> None:
        self.client: KubeClient = manager.client
        self.namespaces = tuple(namespaces)
        self._enqueue = enqueue
        self._listeners: list[Enqueue] = []
        scopes: tuple[str | None, ...] = self.namespaces or (None,)
        self._registries = [manager.informer(MCPREGISTRIES, namespace=scope) for scope in scopes]
        options: Any = {"label_selector": stored.SELECTOR, "slim": slim_stored}
        self._stored = [manager.informer(CONFIGMAPS, namespace=scope, **options) for scope in scopes]
        self._inputs = inputs
        inputs.join(self)
        for informer in self._registries:
            informer.add_handler(self._registry_changed)
        for informer in self._stored:
            informer.add_index(BY_REGISTRY, _owner)
            informer.add_handler(self._stored_changed)

    def listen(self, listener: Enqueue) -> None:
        """`listener` gets the key of a registry when what servers may find there has changed."""
        self._listeners.append(listener)

    def wake(self, key: Key) -> None:
        """Somebody asks for what is not stored: the controller looks whether a reading is due."""
        self._enqueue(key)

    def watches(self, namespace: str) -> bool:
        return not self.namespaces or namespace in self.namespaces

    def registry(self, key: Key) -> Object | None:
        return next((found for one in self._registries if (found := one.get(*key))), None)

    def registries(self) -> list[Object]:
        return [registry for informer in self._registries for registry in informer.list()]

    def index(self, registry: Object) -> Index | None:
        """What is stored of the registry; of an earlier one of its name nothing counts."""
        namespace, name = key_of(registry)
        found = next((one for i in self._stored if (one := i.get(namespace, stored.index_name(name)))), None)
        owned = found is not None and (controller_of(found) or {}).get("uid") == registry["metadata"]["uid"]
        return stored.index_of(found) if found is not None and owned else None

    def config_maps(self, key: Key) -> list[Object]:
        """The metadata of every ConfigMap that holds something of the registry."""
        return [obj for informer in self._stored for obj in informer.by_index(BY_REGISTRY, "/".join(key))]

    def complete(self, registry: Object) -> bool:
        """Whether the index and every shard that it names are there."""
        index = self.index(registry)
        there = {obj["metadata"]["name"] for obj in self.config_maps(key_of(registry))}
        return index is not None and there.issuperset(index.config_maps)

    def observe(self, obj: Object) -> None:
        """Takes the answer to our own write into the cache at once; the informer's handlers need not hear of it."""
        for informer in (*self._registries, *self._stored):
            if informer.resource.kind == obj["kind"] and self._home(informer, obj):
                old = informer.get(*key_of(obj))
                informer.observe(obj)
                self._told(obj["kind"], old, informer.get(*key_of(obj)))

    async def input(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """The Secret or ConfigMap as a digest; it is watched from now on."""
        return await self._inputs.get(resource, namespace, name)

    def names_any(self, kind: str, namespace: str) -> bool:
        """Whether a registry there is read with a Secret, or a ConfigMap."""
        registries = (registry for informer in self._registries for registry in informer.list(namespace))
        return any(input_name(registry, kind) for registry in registries)

    def input_changed(self, kind: str, namespace: str, name: str) -> None:
        for informer in self._registries:
            for registry in informer.list(namespace):
                if name == input_name(registry, kind):
                    self._enqueue(key_of(registry))

    def _home(self, informer: Informer, obj: Object) -> bool:
        informers = self._registries if informer in self._registries else self._stored
        return not self.namespaces or informers[self.namespaces.index(key_of(obj)[0])] is informer

    def _registry_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        key = key_of(new or old or {})
        self._enqueue(key)
        self._inputs.tidy(key[0])
        self._told(names.KIND_REGISTRY, old, new)

    def _stored_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        for owner in _owner(new or old or {}):
            namespace, _, name = owner.partition("/")
            if new is None:
                self._enqueue((namespace, name))
        self._told(CONFIGMAPS.kind, old, new)

    def _told(self, kind: str, old: Object | None, new: Object | None) -> None:
        """Tells the listeners what concerns them: another phase of the registry, another index."""
        if kind == names.KIND_REGISTRY:
            keys = [key_of(new or old or {})] if _shown(old) != _shown(new) else []
        else:
            changed = (old or {}).get("data") != (new or {}).get("data")
            owners = _owner(new or old or {}) if changed else []
            keys = [(namespace, name) for namespace, _, name in (owner.partition("/") for owner in owners)]
        for key in keys:
            for listener in self._listeners:
                listener(key)


def input_name(registry: Object, kind: str) -> str:
    """The name of the Secret or ConfigMap that a registry is read with; empty where it needs none."""
    if validate(registry):
        return ""
    resolved = resolve(registry)
    return resolved.secret if kind == SECRETS.kind else resolved.config_map


def slim_stored(obj: Object) -> Object:
    """An index whole but for the reader's state, a shard without its content."""
    return {**slim_metadata(obj), **({"data": obj["data"]} if obj.get("data") else {})}


def _owner(obj: Object) -> list[str]:
    owner = controller_of(obj)
    if owner is None or owner.get("kind") != names.KIND_REGISTRY:
        return []
    return [f"{obj['metadata'].get('namespace', '')}/{owner['name']}"]


def _shown(registry: Object | None) -> Any:
    """What the words for a waiting server depend on."""
    status = (registry or {}).get("status") or {}
    return registry is not None, status.get("phase"), status.get("message")
