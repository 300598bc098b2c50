"""Watches on any number of kinds that come and go, keeping the metadata of their objects and nothing more.

Role: the garbage collector's eyes. A kind that a controller has an informer for is shared with it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from mcp_operator.runtime.informer import Handler, Informer
from mcp_operator.runtime.resources import Resource

from mcp_cli.local.controllers.context import Context

KEPT = ("name", "namespace", "uid", "resourceVersion", "ownerReferences", "finalizers", "deletionTimestamp")


class MetadataInformer(Informer):
    """Remembers who an object is, whose it is and whether it goes; not what it says."""

    def _slim(self, obj: dict[str, Any]) -> dict[str, Any]:
        metadata = obj["metadata"]
        return {"metadata": {key: metadata[key] for key in KEPT if key in metadata}}


class Watchers:
    """Started one by one, stopped one by one or all together."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._informers: dict[Resource, Informer] = {}
        self._tasks: dict[Resource, asyncio.Task[None]] = {}

    def follow(self, resource: Resource, handler: Handler) -> None:
        informer = self._context.existing(resource)
        if informer is None:
            informer = MetadataInformer(self._context.client, resource)
            self._tasks[resource] = asyncio.create_task(informer.run(), name=f"metadata-{resource.plural}")
        self._informers[resource] = informer
        informer.add_handler(handler)

    def forget(self, resource: Resource) -> None:
        self._informers.pop(resource, None)
        task = self._tasks.pop(resource, None)
        if task is not None:
            task.cancel()

    async def synced(self) -> None:
        await asyncio.gather(*(each.synced.wait() for each in self._informers.values()))

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
