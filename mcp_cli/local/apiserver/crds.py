"""The life of CustomResourceDefinitions beside their storage: names accepted, served at once, emptied before the end.

Listens to the store: a written CRD is accepted and served before the answer of the request that wrote it is out.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from mcp_cli.local.apimachinery import crds as definitions
from mcp_cli.local.apimachinery import managers, times
from mcp_cli.local.apimachinery.errors import StatusError
from mcp_cli.local.apiserver.pace import Pace
from mcp_cli.local.apiserver.pipeline.delete import delete as run_delete
from mcp_cli.local.apiserver.pipeline.write import DELETE, Write
from mcp_cli.local.apiserver.registry import CRDS
from mcp_cli.local.storage import StorageError

if TYPE_CHECKING:
    from mcp_cli.local.apimachinery.models import Model
    from mcp_cli.local.apiserver.context import Server
    from mcp_cli.local.storage import Change

log = logging.getLogger(__name__)

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
MANAGER = "kube-apiserver"
POLL_SECONDS = 0.05


class CustomResources:
    """Keeps the registry true to the stored definitions."""

    def __init__(self, server: Server) -> None:
        self._server = server
        model = server.registry.find("apiextensions.k8s.io", "v1", "customresourcedefinitions")
        assert model is not None
        self._model: Model = model
        self._cleaning: dict[str, asyncio.Task[None]] = {}
        self._pending: deque[Change] = deque()

    def start(self) -> None:
        """Serve what is stored already, then follow the changes."""
        for crd in self._server.objects.all(self._model):
            self._server.registry.put_crd(crd)
        self._server.store.listen(self._changed)

    def resume_cleaning(self) -> None:
        """Go on with deletions that a restart interrupted."""
        for crd in self._server.objects.all(self._model):
            if crd["metadata"].get("deletionTimestamp"):
                self._clean(crd)

    def _changed(self, change: Change) -> None:
        """Deal with a change, and with those that dealing with it brings, one after the other."""
        if change.resource != CRDS:
            return
        self._pending.append(change)
        if len(self._pending) > 1:
            return
        while self._pending:
            try:
                self._handle(self._pending[0])
            except Exception:
                # The write is done; its answer must not depend on what is made of it afterwards.
                log.exception("cannot serve %s as it is now", change.key)
            finally:
                self._pending.popleft()

    def _handle(self, change: Change) -> None:
        name = change.object["metadata"]["name"]
        crd = self._server.objects.find(self._model, "", name)
        if crd is None:
            self._end(change.object)
        elif crd["metadata"].get("deletionTimestamp"):
            self._clean(crd)
        elif not self._accept(crd):
            self._server.registry.put_crd(crd)
        if change.type != "ADDED":
            self._retry_others(name)

    def _accept(self, crd: dict[str, Any]) -> bool:
        """Decide on the definition's names; True when that led to a write (which comes back as a change)."""
        others = [
            other
            for other in self._server.objects.all(self._model)
            if other["metadata"]["uid"] != crd["metadata"]["uid"]
        ]
        decided = copy.deepcopy(crd)
        definitions.accept_names(decided, others)
        if decided == crd:
            return False
        managers.track(self._model, crd, decided, manager=MANAGER, now=times.now(), subresource="status")
        self._server.objects.update(self._model, decided, crd["metadata"]["resourceVersion"])
        return True

    def _retry_others(self, name: str) -> None:
        """A rename or a removal may free a name that another definition waits for."""
        for other in self._server.objects.all(self._model):
            conditions = other.get("status", {}).get("conditions") or []
            waiting = any(c["type"] == "NamesAccepted" and c["status"] == "False" for c in conditions)
            if waiting and other["metadata"]["name"] != name:
                self._accept(other)

    def _end(self, crd: dict[str, Any]) -> None:
        self._server.registry.drop_crd(crd["metadata"]["name"])
        self._server.store.end_watches(f"{crd['spec']['group']}/{crd['spec']['names']['plural']}")

    def _clean(self, crd: dict[str, Any]) -> None:
        name = crd["metadata"]["name"]
        if CLEANUP in (crd["metadata"].get("finalizers") or []) and name not in self._cleaning:
            task = asyncio.ensure_future(self._remove_instances(name))
            self._cleaning[name] = task
            task.add_done_callback(lambda done: self._cleaned(name, done))

    def _cleaned(self, name: str, task: asyncio.Task[None]) -> None:
        self._cleaning.pop(name, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("the objects of %s are not removed", name, exc_info=task.exception())

    async def _remove_instances(self, name: str) -> None:
        """Delete every object of the definition, wait for their finalizers, then let the definition go."""
        pace = Pace()
        while (crd := self._server.objects.find(self._model, "", name)) is not None:
            left = self._instances(name)
            try:
                if not left:
                    self._finish(crd)
                    return
                for model, obj in left:
                    await pace()
                    if not obj["metadata"].get("deletionTimestamp"):
                        await run_delete(self._deletion(model, obj), {})
            except (StorageError, StatusError) as error:
                log.debug("%s is looked at again: %s", name, error)
            await asyncio.sleep(POLL_SECONDS)

    def _instances(self, name: str) -> list[tuple[Model, dict[str, Any]]]:
        served = self._server.registry.custom_models(name)[:1]
        return [(model, obj) for model in served for obj in self._server.objects.all(model)]

    def _finish(self, crd: dict[str, Any]) -> None:
        """Take our finalizer off; without others that is the end of the definition."""
        finalizers = [finalizer for finalizer in crd["metadata"].get("finalizers", []) if finalizer != CLEANUP]
        last = {**crd, "metadata": {key: value for key, value in crd["metadata"].items() if key != "finalizers"}}
        if finalizers:
            last["metadata"]["finalizers"] = finalizers
            self._server.objects.update(self._model, last, crd["metadata"]["resourceVersion"])
        else:
            self._server.objects.delete(self._model, crd, last=last)

    def _deletion(self, model: Model, obj: dict[str, Any]) -> Write:
        metadata = obj["metadata"]
        return Write(self._server, model, DELETE, metadata.get("namespace", ""), metadata["name"], {})
