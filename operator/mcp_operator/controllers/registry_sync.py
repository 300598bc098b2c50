"""One sync of an MCPRegistry: read the source in a thread, write the shards, then the index, then prune.

Role: a new set takes the place of the old one with one write, that of the index; whatever ends a sync before leaves the
old set whole. Not its job: when to sync, and the status. Called by the registry controller.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mcp_operator.api import names
from mcp_operator.api.mcpregistry import ResolvedRegistry
from mcp_operator.catalog import stored
from mcp_operator.catalog.stored import Index, Pin, Pinned
from mcp_operator.controllers import registry_read
from mcp_operator.controllers.children import controller_of
from mcp_operator.controllers.problem import Problem
from mcp_operator.controllers.registry_pins import to_ask
from mcp_operator.controllers.registry_read import Found, Stopped, Task
from mcp_operator.controllers.registry_schedule import origin_of
from mcp_operator.controllers.registry_spool import Spool
from mcp_operator.controllers.registry_world import RegistryWorld
from mcp_operator.runtime.errors import Forbidden, NotFound
from mcp_operator.runtime.resources import CONFIGMAPS, SECRETS, key_of
from mcp_operator.runtime.threads import in_background

Object = dict[str, Any]

# Nobody tells when a right is given, or a stranger's object goes.
UNTOLD_SECONDS = 30.0
# So many readings may fail for the sake of a pin (within seconds, see `retry_after`) before its trouble is its own.
PATIENT_FAILURES = 3


class Unprepared(Exception):
    """What the reading needs is not there; a watch tells when it is."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync has found and what is stored now."""

    found: Found
    index: Index
    changed: bool


async def inputs(world: RegistryWorld, registry: Object, resolved: ResolvedRegistry) -> str:
    """Digest of the Secret and the ConfigMap that the source is read with; raises Unprepared where one is missing."""
    digest = ""
    for resource, name in ((SECRETS, resolved.secret), (CONFIGMAPS, resolved.config_map)):
        if not name:
            continue
        try:
            found = await world.input(resource, registry["metadata"]["namespace"], name)
        except Forbidden as error:
            raise Unprepared(Problem("ReferenceUnreadable", error.message, again=UNTOLD_SECONDS)) from error
        if found is None:
            words = f"waiting for the {resource.kind} {name} in this namespace"
            raise Unprepared(Problem(f"{resource.kind}Missing", words))
        digest += found["data"]["sha256"]
    return hashlib.sha256(digest.encode()).hexdigest()[:16] if digest else ""


async def synchronise(
    world: RegistryWorld, registry: Object, resolved: ResolvedRegistry, pins: frozenset[Pin] = frozenset()
) -> Synced:
    """Reads and stores, with the versions that are pinned beside the latest.

    Raises FetchError, CatalogError, Unprepared, or an ApiError; the stored set is the old one then.
    """
    await _refuse_a_strangers(world, registry)
    known = world.index(registry) if world.complete(registry) else None
    origin = origin_of(resolved)
    if known is not None and known.origin != origin:
        known = None
    asked = to_ask(known, pins)
    task = await _task(world, registry, resolved, known, asked)
    spool = await asyncio.to_thread(Spool)
    try:
        await _load(world, registry, known if task.before else None, spool)
        found = await _read(task, spool)
        # A source that has not changed says nothing new of those that were looked for either.
        stay = pins if found.unchanged else pins - asked
        before = [one for one in known.pins if one.pin in stay] if known is not None else []
        pinned = await _pinned(world, registry, found, asked, before)
        if found.unchanged and known is not None:
            return await _keep(world, registry, replace(known, state=found.state), pinned, found)
        return await _store(world, registry, spool, found, origin, pinned)
    finally:
        await asyncio.to_thread(spool.close)


async def _read(task: Task, spool: Spool) -> Found:
    """In a thread, which is told to stop when this task is cancelled."""
    stop = threading.Event()
    reading = in_background(lambda: registry_read.read(task, spool, stop), f"reading-{task.name}")
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        stop.set()
        # The spool must not be closed under the thread.
        await asyncio.wait([reading], timeout=registry_read.STOP_SECONDS)
        raise
    except Stopped:
        raise asyncio.CancelledError from None


async def _task(
    world: RegistryWorld, registry: Object, resolved: ResolvedRegistry, known: Index | None, pins: frozenset[Pin]
) -> Task:
    namespace, name = key_of(registry)
    token = ""
    documents: dict[str, str] = {}
    before: Object = {}
    if resolved.secret:
        token = await _token(world, namespace, resolved)
    if resolved.config_map:
        documents = (await world.client.get(CONFIGMAPS, resolved.config_map, namespace)).get("data") or {}
    if known is not None:
        live = await world.client.get(CONFIGMAPS, stored.index_name(name), namespace)
        before = stored.state_of(base64.b64decode((live.get("binaryData") or {}).get(stored.STATE_KEY, "")))
        if resolved.type == "http" and any(known.pinned(pin) is None for pin in pins):
            # A document that has not changed is not sent again, and the new pin may be in it.
            before = {}
    return Task(name, resolved, token, before, documents, pins, _urgent(registry, known, pins))


def _urgent(registry: Object, known: Index | None, pins: frozenset[Pin]) -> frozenset[Pin]:
    """Pins for which a server's error may be a passing one: no reading told of them, and few in a row have failed."""
    if (registry.get("status") or {}).get("failures", 0) >= PATIENT_FAILURES:
        return frozenset()
    return frozenset(pin for pin in pins if known is None or known.pinned(pin) is None)


async def _token(world: RegistryWorld, namespace: str, resolved: ResolvedRegistry) -> str:
    secret = await world.client.get(SECRETS, resolved.secret, namespace)
    encoded = (secret.get("data") or {}).get(resolved.secret_key)
    try:
        token = base64.b64decode(encoded or "").decode("ascii").strip()
    except ValueError:
        token = ""
    if not token or not token.isprintable():
        words = f"the Secret {resolved.secret} has no usable token under the key {resolved.secret_key}"
        raise Unprepared(Problem("SecretKeyMissing", words))
    return token


async def _load(world: RegistryWorld, registry: Object, known: Index | None, spool: Spool) -> None:
    """The stored entries, for a reader that may say of some that they are as they were."""
    for shard in known.shards if known else ():
        live = await world.client.get(CONFIGMAPS, shard, registry["metadata"]["namespace"])
        data = base64.b64decode((live.get("binaryData") or {}).get(stored.ENTRIES_KEY, ""))
        await asyncio.to_thread(spool.load_old, stored.lines(data))


async def _pinned(
    world: RegistryWorld, registry: Object, found: Found, asked: frozenset[Pin], before: list[Pinned]
) -> tuple[Pinned, ...]:
    """What became of each pin; a version that was found lies in a shard of its own. `before` stays as it was."""
    rest = asked - {one.pin for one in before}
    looked = [await _pin(world, registry, found, pin) for pin in sorted(rest)]
    return tuple(sorted([*before, *looked], key=lambda one: one.pin))


async def _pin(world: RegistryWorld, registry: Object, found: Found, pin: Pin) -> Pinned:
    entry = found.pins.found.get(pin)
    if entry is None:
        return Pinned(pin, known=found.pins.known(pin[0]), problem=found.pins.problems.get(pin, ""))
    data = await asyncio.to_thread(lambda: stored.pack([stored.line_of(entry)]))
    if len(data) > stored.MAX_SHARD:
        return Pinned(pin, problem=f"the entry is larger than {stored.MAX_SHARD // 1024} KiB, compressed")
    return Pinned(pin, await _write_shard(world, registry, data, _there(world, registry)))


async def _keep(
    world: RegistryWorld, registry: Object, known: Index, pinned: tuple[Pinned, ...], found: Found
) -> Synced:
    """The source has not changed; what is pinned may have."""
    if pinned == known.pins:
        return Synced(found, known, False)
    index = replace(known, pins=pinned)
    await _switch(world, registry, index)
    await _prune(world, registry, index)
    return Synced(found, index, False)


async def _store(
    world: RegistryWorld, registry: Object, spool: Spool, found: Found, origin: str, pinned: tuple[Pinned, ...]
) -> Synced:
    shards: list[str] = []
    there = _there(world, registry)
    iterator = await asyncio.to_thread(spool.shards)
    while (data := await asyncio.to_thread(_next, iterator)) is not None:
        shards.append(await _write_shard(world, registry, data, there))
    revision = found.revision or hashlib.sha256("".join(shards).encode()).hexdigest()[:16]
    count = await asyncio.to_thread(lambda: spool.count)
    index = Index(tuple(shards), count, revision, origin, found.state, pinned)
    changed = await _switch(world, registry, index)
    await _prune(world, registry, index)
    return Synced(found, index, changed)


async def _refuse_a_strangers(world: RegistryWorld, registry: Object) -> None:
    """A ConfigMap of the index's name that is no registry's is left alone, and the source is not read in vain."""
    if world.index(registry) is not None:
        return
    namespace, name = key_of(registry)
    try:
        live = await world.client.get(CONFIGMAPS, stored.index_name(name), namespace)
    except NotFound:
        return
    owner = controller_of(live) or {}
    if owner.get("kind") != names.KIND_REGISTRY or owner.get("name") != name:
        words = f"ConfigMap {stored.index_name(name)} is there already and belongs to someone else; rename the registry"
        raise Unprepared(Problem("NameTaken", f"{words}, or delete that object", again=UNTOLD_SECONDS))


def _owns(registry: Object, obj: Object) -> bool:
    return (controller_of(obj) or {}).get("uid") == registry["metadata"]["uid"]


def _there(world: RegistryWorld, registry: Object) -> set[str]:
    """The ConfigMaps that hold something of this very registry, and stay; those of an earlier one are taken over."""
    found = (obj for obj in world.config_maps(key_of(registry)) if _owns(registry, obj))
    return {obj["metadata"]["name"] for obj in found if not obj["metadata"].get("deletionTimestamp")}


async def _delete(world: RegistryWorld, obj: Object) -> None:
    metadata = obj["metadata"]
    if not metadata.get("deletionTimestamp"):
        with contextlib.suppress(NotFound):
            await world.client.delete(CONFIGMAPS, metadata["name"], metadata["namespace"], uid=metadata["uid"])


async def _write_shard(world: RegistryWorld, registry: Object, data: bytes, there: set[str]) -> str:
    """The name of the ConfigMap that holds these bytes; it is written where it is not there."""
    shard = stored.shard_name(registry["metadata"]["name"], data)
    if shard not in there:
        content = {stored.ENTRIES_KEY: base64.b64encode(data).decode()}
        await _apply(world, _config_map(registry, shard, stored.TYPE_ENTRIES, binaryData=content))
        there.add(shard)
    return shard


async def _switch(world: RegistryWorld, registry: Object, index: Index) -> bool:
    """Writes the index; whether other entries are stored than before."""
    before = world.index(registry)
    data, state = stored.index_documents(index)
    content = {stored.STATE_KEY: base64.b64encode(state).decode()}
    name = stored.index_name(registry["metadata"]["name"])
    await _apply(world, _config_map(registry, name, stored.TYPE_INDEX, data=data, binaryData=content))
    return before is None or before.shards != index.shards


async def _prune(world: RegistryWorld, registry: Object, index: Index) -> None:
    kept = {*index.config_maps, stored.index_name(registry["metadata"]["name"])}
    for obj in world.config_maps(key_of(registry)):
        if obj["metadata"]["name"] not in kept:
            await _delete(world, obj)


async def _apply(world: RegistryWorld, body: Object) -> None:
    written = await world.client.apply(CONFIGMAPS, body, field_manager=names.FIELD_MANAGER_OPERATOR)
    world.observe({"apiVersion": "v1", "kind": "ConfigMap", **written})


def _config_map(registry: Object, name: str, type_: str, **content: Any) -> Object:
    metadata = registry["metadata"]
    labels = {
        names.LABEL_NAME: names.MANAGED_BY,
        names.LABEL_PART_OF: names.PART_OF_REGISTRY,
        names.LABEL_REGISTRY: stored.label_of(metadata["name"]),
        names.LABEL_TYPE: type_,
    }
    owner = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_REGISTRY,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    place = {"name": name, "namespace": metadata["namespace"], "labels": labels, "ownerReferences": [owner]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": place, **content}


def _next(iterator: Iterator[bytes]) -> bytes | None:
    return next(iterator, None)
