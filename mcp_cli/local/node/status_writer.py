"""Writes the status of one pod: only when it differs from what was written, one write at a time.

What the status is comes from the pod worker; a write that fails is tried again with back-off.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import ApiError, Conflict, NotFound
from mcp_operator.runtime.resources import PODS

from mcp_cli.local.node.backoff import retry_delays
from mcp_cli.local.node.status import changed

FINISH_SECONDS = 30.0

log = logging.getLogger(__name__)


class StatusWriter:
    """The one writer of a pod's status."""

    def __init__(
        self, client: KubeClient, compute: Callable[[], dict[str, Any]], pod: Callable[[], dict[str, Any]]
    ) -> None:
        self._client = client
        self._compute = compute
        self._pod = pod
        self._dirty = asyncio.Event()
        self._written: dict[str, Any] | None = None
        self._writing = asyncio.Lock()

    def changed(self) -> None:
        """Something that the status tells may have changed."""
        self._dirty.set()

    async def run(self) -> None:
        """Until cancelled, or until the pod is gone."""
        while True:
            await self._dirty.wait()
            # What changes in the same turn of the loop goes into one write.
            await asyncio.sleep(0)
            self._dirty.clear()
            for delay in retry_delays(0.2, 10.0):
                try:
                    await self._write()
                    break
                except NotFound:
                    return
                except Conflict:
                    # Another pod has the name now, or others wrote at the same time.
                    if await self._replaced():
                        return
                except ApiError as error:
                    log.warning("status of pod %s not written: %s", self._pod()["metadata"]["name"], error)
                await asyncio.sleep(delay)

    async def finish(self) -> None:
        """The last status, then the deletion of the object, whose processes have ended."""
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                for delay in retry_delays(0.2, 5.0):
                    try:
                        await self._write()
                        await self._delete()
                        return
                    except (NotFound, Conflict):
                        return
                    except ApiError as error:
                        log.warning("pod %s not removed yet: %s", self._pod()["metadata"]["name"], error)
                        await asyncio.sleep(delay)
        except TimeoutError:
            log.warning("pod %s was not removed: the API server did not answer", self._pod()["metadata"]["name"])

    async def _write(self) -> None:
        async with self._writing:
            status = self._compute()
            before = self._written if self._written is not None else self._pod().get("status") or {}
            if self._written is not None and not changed(before, status):
                return
            _keep_transitions(before, status)
            metadata = self._pod()["metadata"]
            body = {"metadata": {"uid": metadata["uid"]}, "status": status}
            await self._client.patch(
                PODS, metadata["name"], body, metadata["namespace"], type="strategic", subresource="status"
            )
            self._written = status

    async def _replaced(self) -> bool:
        metadata = self._pod()["metadata"]
        try:
            found = await self._client.get(PODS, metadata["name"], metadata["namespace"])
        except NotFound:
            return True
        except ApiError:
            return False
        return found["metadata"]["uid"] != metadata["uid"]

    async def _delete(self) -> None:
        metadata = self._pod()["metadata"]
        await self._client.delete(PODS, metadata["name"], metadata["namespace"], grace_period=0, uid=metadata["uid"])


def _keep_transitions(before: dict[str, Any], status: dict[str, Any]) -> None:
    """A condition keeps its transition time while its value stays, also before the cache has seen our last write."""
    old = {entry["type"]: entry for entry in before.get("conditions") or []}
    for entry in status["conditions"]:
        last = old.get(entry["type"])
        if last is not None and last.get("status") == entry["status"] and last.get("lastTransitionTime"):
            entry["lastTransitionTime"] = last["lastTransitionTime"]
