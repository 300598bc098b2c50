"""A cache of one resource that list and watch keep true, with indexes and change handlers.

Role: controllers read from here instead of from the API server. Not its job: deciding what a change means (handlers put
keys on queues). Called by the manager (which runs it), read by controllers.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from mcp_operator.runtime.backoff import Backoff
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import ApiError, Gone, ServerError
from mcp_operator.runtime.resources import Key, Resource, key_of

Object = dict[str, Any]
Objects = list[Object]
Handler = Callable[[str, Object | None, Object | None], None]
IndexFunction = Callable[[Object], Iterable[str]]

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"
PAGE = 500
REMEMBERED = 1000
WATCH_SECONDS = 290.0
SHORT_WATCH_SECONDS = 1.0

log = logging.getLogger(__name__)


class Informer:
    """What the API server holds of one resource and selector, a moment ago."""

    def __init__(
        self,
        client: KubeClient,
        resource: Resource,
        *,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        slim: Callable[[Object], Object] | None = None,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        """`slim` makes of an object what is kept of it: memory is saved, and secrets need not be held."""
        self.resource = resource
        self.synced = asyncio.Event()
        self.error: ApiError | None = None
        """Why the last list or watch failed; None while it works."""
        self._client = client
        self._namespace = namespace
        self._selectors = {"label_selector": label_selector, "field_selector": field_selector}
        self._watch_seconds = watch_seconds
        self._slim_further = slim
        self._objects: dict[Key, Object] = {}
        self._index_functions: dict[str, IndexFunction] = {}
        self._indexes: dict[str, dict[str, set[Key]]] = {}
        self._handlers: list[Handler] = []
        self._version: str | None = None
        self._observed: set[Key] = set()
        """Keys whose cached version came with the answer to a write and has not come by watch yet."""
        self._gone: OrderedDict[str, None] = OrderedDict()
        """The uids deleted last, so that the late answer to a write does not bring one back."""

    # --- reading -------------------------------------------------------------------------------------------------

    def get(self, namespace: str | None, name: str) -> Object | None:
        """The object as cached; it is shared, so copy it before you change it."""
        return self._objects.get((namespace or "", name))

    def list(self, namespace: str | None = None) -> list[Object]:
        if not namespace:
            return list(self._objects.values())
        return [obj for (home, _), obj in self._objects.items() if home == namespace]

    def by_index(self, index: str, value: str) -> Objects:
        return [self._objects[key] for key in sorted(self._indexes[index].get(value, ()))]

    # --- wiring --------------------------------------------------------------------------------------------------

    def add_index(self, name: str, fn: IndexFunction) -> None:
        self._index_functions[name] = fn
        index: dict[str, set[Key]] = {}
        self._indexes[name] = index
        for key, obj in self._objects.items():
            for value in self._values(name, obj):
                index.setdefault(value, set()).add(key)

    def add_handler(self, fn: Handler) -> None:
        """`fn(type, old, new)` is called at each change, on the loop; what is there already comes as ADDED at once."""
        self._handlers.append(fn)
        for obj in list(self._objects.values()):
            fn(ADDED, None, obj)

    def observe(self, obj: Object) -> None:
        """Takes the answer to one's own write at once, so that the next look does not see the state before it.

        Handlers hear nothing: whoever wrote knows. The watch event of this version passes silently; one of an earlier
        version is told, for it is a change of someone else's that the answer held already.
        """
        key, obj = key_of(obj), self._slim(obj)
        old = self._objects.get(key)
        if obj["metadata"].get("uid") in self._gone or (old is not None and not _newer(obj, old)):
            return
        if _finished(obj):
            return
        self._reindex(key, old, obj)
        self._objects[key] = obj
        self._observed.add(key)

    # --- running -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keeps the cache true until cancelled."""
        backoff = Backoff(base=0.2, ceiling=10.0)
        while True:
            try:
                if self._version is None:
                    await self._relist()
                    self.error = None
                await self._watch(backoff)
            except Gone:
                # A pause too: a server may call the version of its own last list too old.
                self._version = None
                await asyncio.sleep(backoff.next())
            except ApiError as error:
                await self._pause(error, backoff)
            except Exception as error:
                # Half an answer of a broken connection, or a fault of ours: a cache that ended here would seem true.
                log.exception("the answer about %s cannot be used; listing again", self.resource.plural)
                self._version = None
                await self._pause(ServerError(0, "UnusableAnswer", f"an unusable answer: {error}"), backoff)

    async def _pause(self, error: ApiError, backoff: Backoff) -> None:
        if self.error is None or type(self.error) is not type(error):
            log.warning("cannot watch %s: %s; trying again", self.resource.plural, error)
        self.error = error
        await asyncio.sleep(max(backoff.next(), error.retry_after or 0.0))

    async def _relist(self) -> None:
        """Lists everything and tells the handlers only what differs, deletions included."""
        found: dict[Key, Object] = {}
        continue_: str | None = None
        while True:
            page = await self._client.list(
                self.resource, self._namespace, limit=PAGE, continue_=continue_, **self._selectors
            )
            for obj in page.get("items") or ():
                found[key_of(obj)] = self._slim(obj)
            continue_ = page["metadata"].get("continue")
            if not continue_:
                break
        for key in [key for key in self._objects if key not in found]:
            self._remove(key)
        for key, obj in found.items():
            self._store(key, obj, listed=True)
        self._version = page["metadata"]["resourceVersion"]
        self.synced.set()

    async def _watch(self, backoff: Backoff) -> None:
        # Each watch ends at a moment of its own, so that they are not all opened again together.
        seconds = self._watch_seconds * random.uniform(1.0, 1.2)
        events = self._client.watch(
            self.resource,
            self._namespace,
            resource_version=self._version,
            timeout=seconds,
            opened=self._works,
            **self._selectors,
        )
        silent, opened_at = True, asyncio.get_running_loop().time()
        async for event in events:
            silent = False
            backoff.reset()
            self._take(event["type"], event["object"])
        if silent and asyncio.get_running_loop().time() - opened_at < SHORT_WATCH_SECONDS:
            # A server that ends watches as soon as they are open must not be asked without a pause.
            await asyncio.sleep(backoff.next())

    def _works(self) -> None:
        self.error = None

    def _take(self, type_: str, obj: Object) -> None:
        self._version = obj["metadata"]["resourceVersion"]
        if type_ == "BOOKMARK":
            return
        key = key_of(obj)
        if type_ == DELETED:
            self._remove(key, obj)
        else:
            self._store(key, self._slim(obj))

    def _slim(self, obj: Object) -> Object:
        """Without managedFields (a third of the size); list items get their kind back."""
        obj.setdefault("apiVersion", self.resource.api_version)
        obj.setdefault("kind", self.resource.kind)
        slim = self._slim_further(obj) if self._slim_further else obj
        slim["metadata"].pop("managedFields", None)
        return slim

    # --- the store -----------------------------------------------------------------------------------------------

    def _store(self, key: Key, obj: Object, *, listed: bool = False) -> None:
        """A watch may lag behind a write that was observed; a list is believed (a restored server starts lower)."""
        old = self._objects.get(key)
        observed = key in self._observed
        if old is not None and _same(old, obj) and not _newer(obj, old):
            same_version = _version(obj) == _version(old)
            if same_version:
                self._observed.discard(key)
            if not listed or same_version:
                if observed and (listed or not same_version):
                    # The answer to our write held a change of someone else's, too: nobody has heard of that one yet.
                    self._tell(MODIFIED, old, old)
                return
        self._observed.discard(key)
        if old is not None and old["metadata"].get("uid") != obj["metadata"].get("uid"):
            # Deleted and made again while nobody looked: two events, as it happened.
            self._remove(key)
            old = None
        self._reindex(key, old, obj)
        self._objects[key] = obj
        self._tell(MODIFIED if old is not None else ADDED, old, obj)

    def _remove(self, key: Key, last: Object | None = None) -> None:
        old = self._objects.pop(key, None)
        self._observed.discard(key)
        if old is None:
            return
        self._gone[old["metadata"].get("uid", "")] = None
        while len(self._gone) > REMEMBERED:
            self._gone.popitem(last=False)
        self._reindex(key, old, None)
        self._tell(DELETED, last or old, None)

    def _reindex(self, key: Key, old: Object | None, new: Object | None) -> None:
        for name, index in self._indexes.items():
            for value in self._values(name, old):
                keys = index.get(value)
                if keys is not None:
                    keys.discard(key)
                    if not keys:
                        del index[value]
            for value in self._values(name, new):
                index.setdefault(value, set()).add(key)

    def _values(self, index: str, obj: Object | None) -> tuple[str, ...]:
        try:
            return tuple(self._index_functions[index](obj)) if obj is not None else ()
        except Exception:
            log.exception("the index %s of %s cannot take an object", index, self.resource.plural)
            return ()

    def _tell(self, type_: str, old: Object | None, new: Object | None) -> None:
        for handler in self._handlers:
            try:
                handler(type_, old, new)
            except Exception:
                # One handler's fault must not stop the cache for all others.
                log.exception("a handler of %s failed", self.resource.plural)


def _same(one: Object, other: Object) -> bool:
    return one["metadata"].get("uid") == other["metadata"].get("uid")


def _newer(new: Object, old: Object) -> bool:
    """Versions of one resource are numbers that grow, in etcd as in the embedded cluster."""
    new_version, old_version = _version(new), _version(old)
    if new_version.isdigit() and old_version.isdigit():
        return int(new_version) > int(old_version)
    return new_version != old_version


def _version(obj: Object) -> str:
    return obj["metadata"].get("resourceVersion") or ""


def _finished(obj: Object) -> bool:
    """Whether this write took the last finalizer of a deleted object: it is gone, and no event may have said so yet."""
    return bool(obj["metadata"].get("deletionTimestamp")) and not obj["metadata"].get("finalizers")
