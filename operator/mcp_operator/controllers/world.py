"""What the MCPServer controller sees: the caches it reads from, and which change concerns which server.

Role: makes the informers (for all namespaces or some), turns their events into keys, and answers questions from
memory. Not its job: writing. Called by the reconciler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mcp_operator.api import names
from mcp_operator.controllers import completion
from mcp_operator.controllers.children import CHILDREN, SELECTOR, server_key
from mcp_operator.controllers.inputs import Inputs
from mcp_operator.controllers.strangers import additions
from mcp_operator.render.references import Reference, references
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.informer import Informer
from mcp_operator.runtime.manager import Manager
from mcp_operator.runtime.resources import CONFIGMAPS, PODS, REPLICASETS, SECRETS, Key, Resource, key_of

Object = dict[str, Any]

MCPSERVERS = Resource(names.GROUP, names.VERSION, names.PLURAL_SERVERS, names.KIND_SERVER)
BY_SERVER, BY_WISH = "server", "wish"
# In the cache alone: a field that marks a child to which others have added something.
ADDED = "added"
_REFERENCED = {"ConfigMap": CONFIGMAPS, "Secret": SECRETS}


class World:
    """Reads come from memory; `enqueue` hears the key of each server that something has changed for."""

    def __init__(
        self, manager: Manager, enqueue: Callable[[Key], None], inputs: Inputs, namespaces: Sequence[str] = ()
    ) -> None:
        self.client: KubeClient = manager.client
        self._manager = manager
        self.enqueue = enqueue
        self._scopes: tuple[str | None, ...] = tuple(namespaces) or (None,)
        self._servers = self._watch(MCPSERVERS)
        self._children = {
            resource: self._watch(resource, label_selector=SELECTOR, slim=slim_child) for resource in CHILDREN
        }
        self._pods = self._watch(PODS, label_selector=SELECTOR, slim=slim_pod)
        self._replicasets = self._watch(REPLICASETS, label_selector=SELECTOR, slim=slim_metadata)
        self._inputs = inputs
        inputs.join(self)
        self._wire()

    # --- questions -----------------------------------------------------------------------------------------------

    def server(self, key: Key) -> Object | None:
        return self._get(self._servers, key)

    def servers(self) -> list[Object]:
        return [server for informer in self._servers for server in informer.list()]

    def named_after(self, registry: str) -> list[Object]:
        """The servers that an MCPRegistry of that name may complete."""
        return [server for informer in self._servers for server in informer.by_index(BY_WISH, registry)]

    def child(self, resource: Resource, key: Key) -> Object | None:
        return self._get(self._children[resource], key)

    def children(self, key: Key) -> list[Object]:
        """Every object with our labels that belongs to the server, by owner or label."""
        found = (self._of(self._children[resource], key) for resource in CHILDREN)
        return [obj for objects in found for obj in objects]

    def pods(self, key: Key) -> list[Object]:
        return self._of(self._pods, key)

    def replicasets(self, key: Key) -> list[Object]:
        return self._of(self._replicasets, key)

    async def referenced(self, server: Object) -> dict[Reference, Object | None]:
        """The ConfigMaps and Secrets that the server names, reduced to digests; None for one that is not there."""
        found: dict[Reference, Object | None] = {}
        namespace = server["metadata"]["namespace"]
        for reference in _references(server):
            found[reference] = await self._inputs.get(_REFERENCED[reference.kind], namespace, reference.name)
        return found

    def observe(self, obj: Object) -> None:
        """Takes the answer to our own write into the cache at once."""
        resource_informers = [self._servers, *self._children.values()]
        for informers in resource_informers:
            informer = self._home(informers, key_of(obj))
            if informer is not None and informer.resource.kind == obj["kind"]:
                informer.observe(obj)

    # --- wiring --------------------------------------------------------------------------------------------------

    def _watch(self, resource: Resource, **selector: Any) -> list[Informer]:
        return [self._manager.informer(resource, namespace=scope, **selector) for scope in self._scopes]

    def _wire(self) -> None:
        for informer in self._servers:
            informer.add_index(BY_WISH, _wish)
            informer.add_handler(self._server_changed)
        for informers in (*self._children.values(), self._pods, self._replicasets):
            for informer in informers:
                informer.add_index(BY_SERVER, _index_key)
        for informers in (*self._children.values(), self._pods):
            for informer in informers:
                informer.add_handler(self._child_changed)
        for informer in self._replicasets:
            informer.add_handler(self._replicaset_changed)

    def _server_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        self.enqueue(key_of(new or old or {}))
        if not set(_references(old)) <= set(_references(new)):
            self._inputs.tidy(key_of(old or {})[0])

    def _child_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        for key in {server_key(obj) for obj in (old, new) if obj is not None}:
            if key is not None and self.server(key) is not None:
                self.enqueue(key)

    def _replicaset_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        """Its end alone says something: of a server without pods that goes, it is the last."""
        if new is None:
            self._child_changed(type_, old, new)

    def names_any(self, kind: str, namespace: str) -> bool:
        """Whether a server there names a ConfigMap, or a Secret."""
        servers = (server for informer in self._servers for server in informer.list(namespace))
        return any(reference.kind == kind for server in servers for reference in _references(server))

    def input_changed(self, kind: str, namespace: str, name: str) -> None:
        for informer in self._servers:
            for server in informer.list(namespace):
                if (kind, name) in _references(server):
                    self.enqueue(key_of(server))

    # --- lookups -------------------------------------------------------------------------------------------------

    def _home(self, informers: list[Informer], key: Key) -> Informer | None:
        """The informer of a key's namespace."""
        if self._scopes == (None,):
            return informers[0]
        return informers[self._scopes.index(key[0])] if key[0] in self._scopes else None

    def _get(self, informers: list[Informer], key: Key) -> Object | None:
        informer = self._home(informers, key)
        return informer.get(*key) if informer else None

    def _of(self, informers: list[Informer], key: Key) -> list[Object]:
        informer = self._home(informers, key)
        return informer.by_index(BY_SERVER, "/".join(key)) if informer else []


def _references(server: Object | None) -> Sequence[Reference]:
    return references((server or {}).get("spec") or {})


def _wish(server: Object) -> list[str]:
    wanted = completion.wanted(server)
    return [wanted.registry] if wanted else []


def _index_key(obj: Object) -> Iterable[str]:
    key = server_key(obj)
    return ["/".join(key)] if key else []


def slim_child(obj: Object) -> Object:
    """Of who owns which field only whether others have added something."""
    return {**obj, ADDED: True} if additions(obj) else obj


def slim_metadata(obj: Object) -> Object:
    """Only what finds the object again."""
    return {field: obj[field] for field in ("apiVersion", "kind", "metadata")}


def slim_pod(pod: Object) -> Object:
    """Without the spec, which the operator rendered itself; where it runs is kept."""
    node = (pod.get("spec") or {}).get("nodeName")
    return {**slim_metadata(pod), "spec": {"nodeName": node} if node else {}, "status": pod.get("status") or {}}
