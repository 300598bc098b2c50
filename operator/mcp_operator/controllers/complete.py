"""Finds the registry entry that a server names, and completes the server from it.

Role: which MCPRegistry is asked (that of the server's namespace, else that of the operator's own), which of its shards,
and what to say while one of them is missing: a watch tells when it appears. A pinned version that was found once is
never looked up again. Not its job: what the completed spec is (`completion`). Called by the reconciler.
"""

from __future__ import annotations

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mcp_operator.catalog import stored
from mcp_operator.catalog.errors import CatalogError, MissingValues
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.controllers import completion
from mcp_operator.controllers.children import owned
from mcp_operator.controllers.completion import Kept, Wanted
from mcp_operator.controllers.problem import Problem
from mcp_operator.controllers.registry_world import RegistryWorld
from mcp_operator.controllers.world import World
from mcp_operator.runtime.errors import NotFound
from mcp_operator.runtime.resources import CONFIGMAPS, Key, key_of

Object = dict[str, Any]

REMEMBERED = 256
SWITCHING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Completion:
    """`server` has the spec to render; `problem` says why it has none, `outdated` why an older entry stays in use."""

    server: Object
    registry: Object | None = None
    resolved_hash: str = ""
    kept: Object | None = None
    problem: Problem | None = None
    outdated: Problem | None = None


class NotThere(Exception):
    """The registry or its entry is not there."""

    def __init__(self, reason: str, message: str, again: float | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(reason, message, again=again)


class Completer:
    """`system_namespace` holds the registries that serve every namespace."""

    def __init__(self, world: World, registries: RegistryWorld, system_namespace: str = "default") -> None:
        self._world = world
        self._registries = registries
        self._system = system_namespace
        self._entries: OrderedDict[tuple[str, str], ServerEntry | None] = OrderedDict()
        registries.listen(self._registry_changed)

    async def complete(self, server: Object) -> Completion:
        """The server as it is where its spec says what runs."""
        wanted = completion.wanted(server)
        if wanted is None or server["metadata"].get("deletionTimestamp"):
            return Completion(server)
        known, outdated = self._known(server, wanted), None
        if known is None or not wanted.version:
            try:
                known = await self._find(server, wanted, known)
            except NotThere as error:
                if known is None:
                    return Completion(server, problem=error.problem)
                words = f"{error.problem.message}; what was found before stays in use"
                outdated = replace(error.problem, message=words)
        return _completed(server, known, outdated)

    async def _find(self, server: Object, wanted: Wanted, known: Kept | None) -> Kept:
        registry = self._registry(server, wanted)
        key = key_of(registry)
        index = self._registries.index(registry)
        if index is None:
            raise NotThere("RegistryNotReady", f"waiting for the MCPRegistry {'/'.join(key)}{_why(registry)}")
        shard = index.shard_of(wanted.name)
        if known is not None and (known.registry, known.shard) == (key, shard):
            return known
        entry = await self._read(key, shard, wanted.name) if shard else None
        if entry is None:
            words = f"waiting for the entry {wanted.name!r} in the MCPRegistry {'/'.join(key)}, which has {index.count}"
            raise NotThere("EntryMissing", words)
        if known is not None and known.registry == key and known.entry.digest == entry.digest:
            # The shard holds other entries too: theirs is what has changed.
            return known
        return Kept(entry, key, shard or "", wanted)

    def _registry(self, server: Object, wanted: Wanted) -> Object:
        candidates = dict.fromkeys((server["metadata"]["namespace"], self._system))
        places = [namespace for namespace in candidates if self._registries.watches(namespace)]
        for namespace in places:
            found = self._registries.registry((namespace, wanted.registry))
            if found is not None:
                return found
        words = f"waiting for the MCPRegistry {wanted.registry} in namespace {' or '.join(places)}"
        raise NotThere("RegistryMissing", words)

    async def _read(self, key: Key, shard: str, name: str) -> ServerEntry | None:
        if (shard, name) not in self._entries:
            try:
                live = await self._world.client.get(CONFIGMAPS, shard, key[0])
            except NotFound:
                words = f"the entries of the MCPRegistry {'/'.join(key)} are being replaced"
                raise NotThere("RegistryNotReady", words, SWITCHING_SECONDS) from None
            data = base64.b64decode((live.get("binaryData") or {}).get(stored.ENTRIES_KEY, ""))
            self._entries[(shard, name)] = await asyncio.to_thread(stored.find, data, name) if data else None
        self._entries.move_to_end((shard, name))
        while len(self._entries) > REMEMBERED:
            self._entries.popitem(last=False)
        return self._entries.get((shard, name))

    def _known(self, server: Object, wanted: Wanted) -> Kept | None:
        """What was found before for the same wish."""
        namespace, name = key_of(server)
        live = self._world.child(CONFIGMAPS, (namespace, name + completion.SUFFIX))
        kept = completion.from_config_map(live) if live is not None and owned([live], server) else None
        return kept if kept is not None and kept.wanted == wanted else None

    def _registry_changed(self, key: Key) -> None:
        for server in self._waiting(key):
            self._world.enqueue(key_of(server))

    def _waiting(self, key: Key) -> Iterator[Object]:
        """The servers that the registry may complete."""
        for server in self._world.named_after(key[1]):
            if key[0] in (server["metadata"]["namespace"], self._system):
                yield server


def _completed(server: Object, kept: Kept, outdated: Problem | None) -> Completion:
    try:
        complete = completion.complete(server, kept.entry)
    except MissingValues as error:
        return Completion(server, problem=Problem("MissingValues", _missing(error), fatal=True))
    except CatalogError as error:
        return Completion(server, problem=Problem("NotDeployable", f"{error}", fatal=True))
    return Completion(
        complete,
        registry=completion.described(kept),
        resolved_hash=completion.resolved_hash(complete),
        kept=completion.to_config_map(server, kept),
        outdated=outdated,
    )


def _missing(error: MissingValues) -> str:
    """The values, and the fields that give them."""
    return f"{error}: give them in spec.env, spec.runtime.headers or spec.registry.values"


def _why(registry: Object) -> str:
    status = registry.get("status") or {}
    if not status.get("message"):
        return ", which was not read yet"
    return f", which is {status.get('phase')}: {status['message']}"
