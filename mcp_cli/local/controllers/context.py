"""What every workload controller is given: client, shared informers, events; and how it is wired to them.

Role: small helpers around `mcp_operator.runtime`. Not its job: any kind. Called by the controllers and `manager`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.controller import Controller, Reconcile, Result
from mcp_operator.runtime.errors import AlreadyExists, ApiError, Conflict, Forbidden
from mcp_operator.runtime.informer import Informer
from mcp_operator.runtime.manager import Manager
from mcp_operator.runtime.resources import Key, Resource, key_of

from mcp_cli.local.controllers.events import EventSink, Recorder
from mcp_cli.local.controllers.objects import INDEXES, Object

# A conflict means that a newer object is on its way, and mostly its own event brings the key back before this.
CONFLICT_SECONDS = 0.05
BACKOFF_BASE = 0.02
BACKOFF_CEILING = 60.0
STOP_SECONDS = 2.0

log = logging.getLogger(__name__)


class Context:
    """The parts that the controllers share."""

    def __init__(self, client: KubeClient) -> None:
        self.client = client
        self.manager = Manager(client)
        self.events = EventSink(client)
        self._informers: dict[Resource, Informer] = {}
        self._indexed: set[tuple[Resource, str]] = set()

    def informer(self, resource: Resource, *indexes: str) -> Informer:
        """The shared informer of a resource, with the named indexes of `objects.INDEXES`."""
        informer = self._informers.setdefault(resource, self.manager.informer(resource))
        for index in indexes:
            if (resource, index) not in self._indexed:
                self._indexed.add((resource, index))
                informer.add_index(index, INDEXES[index])
        return informer

    def existing(self, resource: Resource) -> Informer | None:
        """The shared informer where a controller has asked for one."""
        return self._informers.get(resource)

    def recorder(self, component: str) -> Recorder:
        return Recorder(self.events, component)

    def controller(self, name: str, reconcile: Reconcile, *, workers: int = 2, **options: Any) -> Controller:
        controller = Controller(
            name,
            _patient(reconcile),
            workers=workers,
            backoff_base=options.pop("backoff_base", BACKOFF_BASE),
            backoff_ceiling=BACKOFF_CEILING,
            stop_seconds=STOP_SECONDS,
            **options,
        )
        self.manager.add(controller)
        return controller


def namespace_is_terminating(error: ApiError) -> bool:
    """Whether a creation was refused because its namespace is being deleted."""
    causes = error.details.get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


def _patient(reconcile: Reconcile) -> Reconcile:
    """Two refusals are everyday life: a cache a moment behind, and a namespace that takes nothing new any more."""

    async def guarded(key: Key) -> Result | None:
        try:
            return await reconcile(key)
        except AlreadyExists:
            raise
        except Conflict as error:
            log.debug("%s/%s: %s", *key, error)
            return Result(requeue_after=CONFLICT_SECONDS)
        except Forbidden as error:
            if namespace_is_terminating(error):
                return None  # Its owner goes as well.
            raise

    return guarded


def on_change(informer: Informer, react: Callable[[Object], None]) -> None:
    """`react` with the object at each change; for a deleted one with what it last was."""

    def handler(_type: str, old: Object | None, new: Object | None) -> None:
        obj = new if new is not None else old
        if obj is not None:
            react(obj)

    informer.add_handler(handler)


def enqueue_itself(informer: Informer, controller: Controller) -> None:
    """A change of the object puts its own key on the controller's queue."""
    on_change(informer, lambda obj: controller.enqueue(key_of(obj)))
