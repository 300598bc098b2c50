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
from mcp_operator.catalog.stored import Index, Pin, Pinned
from mcp_operator.controllers import completion
from mcp_operator.controllers.children import owned
from mcp_operator.controllers.completion import Kept, Wanted
from mcp_operator.controllers.problem import Problem
from mcp_operator.controllers.registry_pins import MAX_PINS, VERSIONED
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
    """The registry or its entry is not there; `lacks` is the version that the registry has to look for."""

    def __init__(self, problem: Problem, lacks: tuple[Key, Pin] | None = None) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.lacks = lacks


class Completer:
    """`system_namespace` holds the registries that serve every namespace."""

    def __init__(self, world: World, registries: RegistryWorld, system_namespace: str = "default") -> None:
        self._world = world
        self._registries = registries
        self._system = system_namespace
        self._entries: OrderedDict[tuple[str, str], ServerEntry | None] = OrderedDict()
        self._lacking: dict[Key, tuple[Key, Pin]] = {}
        """By server: the registry that it asks for a version, or for keeping it, and the version."""
        registries.listen(self._registry_changed)

    async def complete(self, server: Object) -> Completion:
        """The server as it is where its spec says what runs."""
        wanted = completion.wanted(server)
        if wanted is None or server["metadata"].get("deletionTimestamp"):
            self.forget(key_of(server))
            return Completion(server)
        known, outdated = self._known(server, wanted), None
        if known is not None:
            self.forget(key_of(server))
        if known is None or not wanted.version:
            try:
                known = await self._find(server, wanted, known)
            except NotThere as error:
                self._note(key_of(server), error.lacks)
                if known is None:
                    return Completion(server, problem=error.problem)
                words = f"{error.problem.message}; what was found before stays in use"
                outdated = replace(error.problem, message=words)
        return _completed(server, known, outdated)

    def forget(self, key: Key) -> None:
        """The server asks for nothing."""
        self._lacking.pop(key, None)

    def pins(self, registry: Key) -> frozenset[Pin]:
        """The versions that servers wait for, of entries of that registry; no more than it stores words of."""
        wanted = {pin for asked, pin in self._lacking.values() if asked == registry}
        return frozenset(sorted(wanted)[:MAX_PINS])

    def _note(self, key: Key, lacks: tuple[Key, Pin] | None) -> None:
        if lacks is None:
            self.forget(key)
        elif self._lacking.get(key) != lacks:
            self._lacking[key] = lacks
            self._registries.wake(lacks[0])

    async def _find(self, server: Object, wanted: Wanted, known: Kept | None) -> Kept:
        registry = self._registry(server, wanted)
        key = key_of(registry)
        index = self._registries.index(registry)
        if index is None:
            words = f"waiting for the MCPRegistry {'/'.join(key)}{_why(registry)}"
            raise NotThere(Problem("RegistryNotReady", words))
        shard = index.shard_of(wanted.name)
        if known is not None and (known.registry, known.shard) == (key, shard):
            return known
        entry = await self._read(key, shard, wanted.name) if shard else None
        if entry is None:
            words = f"waiting for the entry {wanted.name!r} in the MCPRegistry {'/'.join(key)}, which has {index.count}"
            raise NotThere(Problem("EntryMissing", words))
        if _another_version(registry, entry, wanted.version):
            shard, entry = await self._pinned(registry, index, wanted, entry)
            # The registry has to keep that version until the server's own ConfigMap has it.
            self._lacking[key_of(server)] = (key, (wanted.name, wanted.version))
        else:
            self.forget(key_of(server))
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
        raise NotThere(Problem("RegistryMissing", words))

    async def _pinned(
        self, registry: Object, index: Index, wanted: Wanted, latest: ServerEntry
    ) -> tuple[str, ServerEntry]:
        """The pinned version and its shard, where the latest is another one."""
        key, pin = key_of(registry), (wanted.name, wanted.version)
        found = index.pinned(pin)
        if found is None:
            words = f"waiting for version {wanted.version} of {wanted.name} from the MCPRegistry {'/'.join(key)}"
            raise NotThere(
                Problem("VersionNotRead", f"{words}, which holds {latest.version}{_trouble(registry)}"), (key, pin)
            )
        if not found.shard:
            if _follows_its_package(registry, latest):
                return "", latest
            raise NotThere(Problem("VersionMissing", _versions(found, latest, "/".join(key)), fatal=True), (key, pin))
        entry = await self._read(key, found.shard, wanted.name)
        if entry is None:
            words = f"the entries of the MCPRegistry {'/'.join(key)} are being replaced"
            raise NotThere(Problem("RegistryNotReady", words, again=SWITCHING_SECONDS), (key, pin))
        return found.shard, entry

    async def _read(self, key: Key, shard: str, name: str) -> ServerEntry | None:
        if (shard, name) not in self._entries:
            try:
                live = await self._world.client.get(CONFIGMAPS, shard, key[0])
            except NotFound:
                words = f"the entries of the MCPRegistry {'/'.join(key)} are being replaced"
                raise NotThere(Problem("RegistryNotReady", words, again=SWITCHING_SECONDS)) from None
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


def _another_version(registry: Object, latest: ServerEntry, pinned: str) -> bool:
    """Whether a source of that kind may hold the pinned version beside the latest."""
    if pinned in ("", "latest", latest.version) or latest.layout != "official":
        return False
    return bool(registry["spec"]["source"]["type"] in VERSIONED)


def _follows_its_package(registry: Object, latest: ServerEntry) -> bool:
    """A list that has one version of each entry says no more of the others than their packages do."""
    if registry["spec"]["source"]["type"] == "official":
        return False
    return bool(latest.packages) and all(package.version == latest.version for package in latest.packages)


def _versions(found: Pinned, latest: ServerEntry, registry: str) -> str:
    """Why there is no such version, and which there are."""
    name, version = found.pin
    if found.problem:
        return f"version {version} of {name} in the MCPRegistry {registry} cannot be used: {found.problem}"
    known = ", ".join(found.known or (latest.version or "one without a version",))
    return f"the MCPRegistry {registry} has no version {version} of {name}; it has {known}"


def _trouble(registry: Object) -> str:
    status = registry.get("status") or {}
    return f"; {status['message']}" if status.get("failures") and status.get("message") else ""
