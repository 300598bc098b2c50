"""Events on objects: what a person reads under `Events:` in a description.

Role: writes `v1.Event`s in the background, one object for each distinct (object, type, reason, message); a repetition
bumps its count. The name is a digest of these four, so that a restarted process finds its own events again. Not its
job: deciding what is worth an event. Called by controllers; run by the manager.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any, Literal

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import AlreadyExists, ApiError, NotFound
from mcp_operator.runtime.resources import EVENTS

Object = dict[str, Any]

REMEMBERED = 2048
WAITING = 1000
MESSAGE_LIMIT = 1024
DRAIN_SECONDS = 3.0

log = logging.getLogger(__name__)


class EventRecorder:
    """`normal` and `warning` return at once; `run` writes."""

    def __init__(self, client: KubeClient, component: str) -> None:
        self._client = client
        self._component = component
        self._waiting: asyncio.Queue[Object] = asyncio.Queue(WAITING)
        self._counts: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._writing: asyncio.Future[None] | None = None

    def normal(self, obj: Object, reason: str, message: str) -> None:
        self._put(obj, "Normal", reason, message)

    def warning(self, obj: Object, reason: str, message: str) -> None:
        self._put(obj, "Warning", reason, message)

    async def run(self) -> None:
        """Writes events until cancelled, and then the one in hand and those that wait, for a short while."""
        try:
            while True:
                self._writing = asyncio.ensure_future(self._write(await self._waiting.get()))
                await asyncio.shield(self._writing)
        finally:
            await self._drain()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                if self._writing is not None:
                    await self._writing
                while not self._waiting.empty():
                    await self._write(self._waiting.get_nowait())
        except TimeoutError:
            log.warning("%d events were not written before the end", self._waiting.qsize())

    def _put(self, obj: Object, type_: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        try:
            self._waiting.put_nowait(self._event(obj, type_, reason, message[:MESSAGE_LIMIT]))
        except asyncio.QueueFull:
            log.warning("an event is dropped because %d wait already: %s %s", WAITING, reason, message)

    def _event(self, obj: Object, type_: str, reason: str, message: str) -> Object:
        metadata = obj["metadata"]
        identity = [metadata.get("uid", ""), type_, reason, message]
        digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:16]
        now = _timestamp()
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{metadata['name'][:230].rstrip('-.')}.{digest}",
                "namespace": metadata.get("namespace") or "default",
            },
            "involvedObject": {
                "apiVersion": obj["apiVersion"],
                "kind": obj["kind"],
                "name": metadata["name"],
                "namespace": metadata.get("namespace", ""),
                "uid": metadata.get("uid", ""),
                "resourceVersion": metadata.get("resourceVersion", ""),
            },
            "type": type_,
            "reason": reason,
            "message": message,
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }

    async def _write(self, event: Object) -> None:
        identity = (event["metadata"]["namespace"], event["metadata"]["name"])
        try:
            self._remember(identity, await self._create_or_count(event, identity))
        except ApiError as error:
            # An event is a courtesy: the namespace may be going away, or the right to write events missing.
            log.info("the event %s was not written: %s", event["reason"], error)
        except Exception:
            # One event that is wrong must not end the writing of all others.
            log.exception("the event %s was not written", event["reason"])

    async def _create_or_count(self, event: Object, identity: tuple[str, str]) -> int:
        known = self._counts.get(identity)
        if known is None:
            try:
                await self._client.create(EVENTS, event)
                return 1
            except AlreadyExists:
                known = int((await self._client.get(EVENTS, identity[1], identity[0])).get("count") or 1)
        patch = {"count": known + 1, "lastTimestamp": event["lastTimestamp"]}
        try:
            await self._client.patch(EVENTS, identity[1], patch, identity[0])
        except NotFound:
            await self._client.create(EVENTS, event)
            return 1
        return known + 1

    def _remember(self, identity: tuple[str, str], count: int) -> None:
        self._counts[identity] = count
        self._counts.move_to_end(identity)
        while len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)


def _timestamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
