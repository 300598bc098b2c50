"""ConfigMaps and Secrets that our objects name: watched while one names them, and known by a digest of their data.

Role: one watch for each kind and namespace in which a user (a view of one of our kinds) names any, and its end when
none does any more. No secret stays in memory. Not its job: who names what. Called by the worlds.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any, Protocol

from mcp_operator.runtime.errors import ApiError, Forbidden, Unavailable
from mcp_operator.runtime.informer import Informer
from mcp_operator.runtime.manager import Manager
from mcp_operator.runtime.resources import CONFIGMAPS, SECRETS, Resource, key_of

Object = dict[str, Any]

PATIENCE = 10.0
KINDS = (CONFIGMAPS, SECRETS)


class User(Protocol):
    """Whoever has objects that name ConfigMaps and Secrets."""

    def names_any(self, kind: str, namespace: str) -> bool:
        """Whether an object there names any of that kind."""

    def input_changed(self, kind: str, namespace: str, name: str) -> None:
        """Its data are others, or it came or went."""


class Inputs:
    """Shared by all users: one watch serves them."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._users: list[User] = []
        self._informers: dict[tuple[Resource, str], Informer] = {}

    def join(self, user: User) -> None:
        self._users.append(user)

    async def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """Metadata, and under `data` a digest; None for one that is not there. It is watched from now on.

        Raises Forbidden or Unavailable where it cannot be known.
        """
        informer = self._informer(resource, namespace)
        # A right that is missing is not waited for by every reconcile anew.
        patience = 0.0 if isinstance(informer.error, Forbidden) else PATIENCE
        if not informer.synced.is_set():
            try:
                async with asyncio.timeout(patience):
                    await informer.synced.wait()
            except TimeoutError:
                raise _unreadable(informer.error, resource, namespace, name) from informer.error
        return informer.get(namespace, name)

    def tidy(self, namespace: str) -> None:
        """Ends the watches there that nobody needs any more."""
        for resource in KINDS:
            informer = self._informers.get((resource, namespace))
            if informer is not None and not any(user.names_any(resource.kind, namespace) for user in self._users):
                del self._informers[(resource, namespace)]
                self._manager.release(informer)

    def _informer(self, resource: Resource, namespace: str) -> Informer:
        known = self._informers.get((resource, namespace))
        if known is not None:
            return known
        informer = self._manager.informer(resource, namespace=namespace, slim=slim_data)
        self._informers[(resource, namespace)] = informer
        informer.add_handler(self._changed)
        return informer

    def _changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        if old is not None and new is not None and old.get("data") == new.get("data"):
            return
        changed = new or old or {}
        for user in self._users:
            user.input_changed(changed["kind"], *key_of(changed))


def _unreadable(error: ApiError | None, resource: Resource, namespace: str, name: str) -> ApiError:
    words = f"cannot read {resource.kind} {name} in {namespace}: {error or 'no answer'}"
    kind = Forbidden if isinstance(error, Forbidden) else Unavailable
    return kind(error.status if error else 0, "ReferenceUnreadable", words)


def slim_data(obj: Object) -> Object:
    """The data as a digest: enough to see a change, and no secret stays in memory."""
    content = json.dumps([obj.get("data"), obj.get("binaryData")], sort_keys=True)
    kept = {field: obj[field] for field in ("apiVersion", "kind", "metadata")}
    return {**kept, "data": {"sha256": hashlib.sha256(content.encode()).hexdigest()}}
