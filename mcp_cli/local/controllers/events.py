"""Events of the controllers, written behind their backs so that no reconcile waits for one.

Role: the same event again within ten minutes raises the count of the first. An event that cannot be written is logged
and lost, as in Kubernetes. Not its job: when there is something to say. Called by the controllers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import ApiError, NotFound
from mcp_operator.runtime.resources import EVENTS

from mcp_cli.local.controllers.objects import Object, namespace, now

REPEAT_SECONDS = 600.0
REMEMBERED = 1000
WAITING = 2000

log = logging.getLogger(__name__)

Identity = tuple[str, ...]


@dataclass(slots=True)
class _Written:
    namespace: str
    name: str
    count: int
    at: float


class EventSink:
    """One queue and one writer for all controllers."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._queue: asyncio.Queue[tuple[Identity, Object]] = asyncio.Queue(WAITING)
        self._written: OrderedDict[Identity, _Written] = OrderedDict()

    def put(self, identity: Identity, event: Object) -> None:
        try:
            self._queue.put_nowait((identity, event))
        except asyncio.QueueFull:
            log.warning("too many events wait to be written; dropped: %s", event["message"])

    async def run(self) -> None:
        """Writes until cancelled."""
        while True:
            identity, event = await self._queue.get()
            try:
                await self._write(identity, event)
            except ApiError as error:
                log.info("an event was not written: %s (%s)", event["message"], error)

    async def _write(self, identity: Identity, event: Object) -> None:
        known = self._written.get(identity)
        if known is not None and time.monotonic() - known.at < REPEAT_SECONDS:
            known.count, known.at = known.count + 1, time.monotonic()
            change = {"count": known.count, "lastTimestamp": event["lastTimestamp"]}
            try:
                await self._client.patch(EVENTS, known.name, change, known.namespace)
                return
            except NotFound:
                log.debug("event %s has expired; written anew", known.name)
        await self._client.create(EVENTS, event)
        metadata = event["metadata"]
        self._written[identity] = _Written(metadata["namespace"], metadata["name"], 1, time.monotonic())
        self._written.move_to_end(identity)
        if len(self._written) > REMEMBERED:
            self._written.popitem(last=False)


class Recorder:
    """Says what one component did, about one object at a time."""

    def __init__(self, sink: EventSink, component: str) -> None:
        self._sink = sink
        self._component = component

    def normal(self, obj: Object, reason: str, message: str) -> None:
        self._record(obj, "Normal", reason, message)

    def warning(self, obj: Object, reason: str, message: str) -> None:
        self._record(obj, "Warning", reason, message)

    def _record(self, obj: Object, type_: str, reason: str, message: str) -> None:
        identity = (self._component, obj["metadata"]["uid"], type_, reason, message)
        self._sink.put(identity, event_about(obj, type_, reason, message, self._component))


def event_about(obj: Object, type_: str, reason: str, message: str, component: str) -> Object:
    """A core/v1 Event as client-go's recorder writes it."""
    metadata, moment = obj["metadata"], now()
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata['name']}.{time.time_ns():x}",
            "namespace": namespace(obj) or "default",
        },
        "involvedObject": {
            "apiVersion": obj["apiVersion"],
            "kind": obj["kind"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "resourceVersion": metadata.get("resourceVersion", ""),
            **({"namespace": metadata["namespace"]} if metadata.get("namespace") else {}),
        },
        "type": type_,
        "reason": reason,
        "message": message[:1024],
        "count": 1,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "source": {"component": component},
        "reportingComponent": component,
        "reportingInstance": "",
    }
