"""Objects as they change: a list, then watches that are taken up again where they ended.

Role: one iterator of changes for everything that waits or watches, with ticks so that a live display can move. The
watch runs in a thread, so that the caller can be interrupted at any time. Not its job: what a change means. Called by
waits, `--watch`, logs.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from mcp_operator.runtime.resources import Resource, key_of

from mcp_cli.errors import ClusterProblem, Expired
from mcp_cli.kube import Cluster

RETRIES = 6
FIRST_PAUSE = 0.2


class Change(NamedTuple):
    """What happened (ADDED, MODIFIED, DELETED, or SYNCED once the first list is through) to which object."""

    what: str
    obj: dict[str, Any]


SYNCED = Change("SYNCED", {})


class Following:
    """Changes of a resource from now on; the objects that are there come first, as ADDED."""

    def __init__(self, cluster: Cluster, resource: Resource, namespace: str | None, **selectors: str | None) -> None:
        self._cluster = cluster
        self._resource = resource
        self._namespace = namespace
        self._selectors = selectors
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        self._changes: queue.SimpleQueue[Change | Exception] = queue.SimpleQueue()
        self._stopped = threading.Event()

    def changes(self, tick: float | None = None) -> Iterator[Change | None]:
        """Changes for ever; None where a tick passed without one."""
        threading.Thread(target=self._run, daemon=True, name=f"follow-{self._resource.plural}").start()
        try:
            while True:
                try:
                    change = self._changes.get(timeout=tick)
                except queue.Empty:
                    yield None
                    continue
                if isinstance(change, Exception):
                    raise change
                yield change
        finally:
            self._stopped.set()

    def _run(self) -> None:
        try:
            self._list(first=True)
            self._watch_for_ever()
        except Exception as error:  # handed to the caller's thread, which raises it
            self._changes.put(error)

    def _watch_for_ever(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            try:
                self._watch_once()
                failures = 0
            except Expired:
                self._list(first=False)
            except ClusterProblem:
                failures += 1
                if failures > RETRIES:
                    raise
                time.sleep(FIRST_PAUSE * 2**failures)

    def _list(self, *, first: bool) -> None:
        answer = self._cluster.list(self._resource, self._namespace, **self._selectors)
        self._version = answer["metadata"]["resourceVersion"]
        found = {key_of(item): item for item in answer["items"]}
        for key in self._known.keys() - found.keys():
            self._put("DELETED", self._known[key])
        for key, item in found.items():
            old = self._known.get(key)
            if old is None or old["metadata"].get("resourceVersion") != item["metadata"].get("resourceVersion"):
                self._put("ADDED" if old is None else "MODIFIED", item)
        if first:
            self._changes.put(SYNCED)

    def _watch_once(self) -> None:
        for event in self._cluster.watch(self._resource, self._namespace, self._version, **self._selectors):
            if self._stopped.is_set():
                return
            self._version = event["object"]["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                self._put(event["type"], event["object"])

    def _put(self, what: str, obj: dict[str, Any]) -> None:
        if what == "DELETED":
            self._known.pop(key_of(obj), None)
        else:
            self._known[key_of(obj)] = obj
        self._changes.put(Change(what, obj))
