"""Reads the source of an MCPRegistry once: the catalogue's readers, one attempt, filters, a bounded memory of errors.

Role: runs in a thread and fills a spool; a failure is an exception with words and a kind, and when to try again is the
schedule's. Not its job: Kubernetes (a ConfigMap's data and a token are given to it). Called by the sync.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from mcp_operator.api.mcpregistry import ERRORS_SHOWN, ResolvedRegistry
from mcp_operator.catalog.errors import CatalogError, MalformedEntry
from mcp_operator.catalog.fetch.breaker import Breaker
from mcp_operator.catalog.fetch.documents import entries_of
from mcp_operator.catalog.fetch.errors import RateLimited
from mcp_operator.catalog.fetch.http import Answer, Fetcher, Request
from mcp_operator.catalog.fetch.reading import Item, Kept, Reader, Reading, reader_for
from mcp_operator.catalog.fetch.retry import Policies, Policy
from mcp_operator.catalog.fetch.waits import Surroundings
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.catalog.sources import Source
from mcp_operator.catalog.stored import Pin
from mcp_operator.controllers.registry_pins import Pins
from mcp_operator.controllers.registry_spool import Spool

_NEVER = Policy(0, 0, 0)
_TYPES = {"github": "docker", "official": "official", "http": "http", "builtin": "builtin", "configMap": "configMap"}
_LONGEST_ERROR = 300
STOP_SECONDS = 3.0


class Stopped(Exception):
    """The operator ends, or the registry is gone."""


@dataclass(slots=True)
class Found:
    """What a reading has found beside the entries, which are in the spool."""

    unchanged: bool = False
    state: dict[str, Any] = field(default_factory=dict)
    revision: str = ""
    errors: list[str] = field(default_factory=list)
    rejected: int = 0
    rate_limit_remaining: int | None = None
    pins: Pins = field(default_factory=Pins)

    def refuse(self, words: str) -> None:
        self.rejected += 1
        if len(self.errors) < ERRORS_SHOWN:
            printable = "".join(c if c.isprintable() else " " for c in words)
            self.errors.append(printable[:_LONGEST_ERROR])


@dataclass(frozen=True, slots=True)
class Task:
    """One reading: `documents` are the data of the ConfigMap, for a source of that type."""

    name: str
    registry: ResolvedRegistry
    token: str = field(default="", repr=False)
    before: Mapping[str, Any] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    pins: frozenset[Pin] = frozenset()
    urgent_pins: frozenset[Pin] = frozenset()


def read(task: Task, spool: Spool, stop: threading.Event) -> Found:
    """Fills the spool. Raises FetchError or CatalogError where the source as a whole cannot be read, Stopped."""
    found = Found(pins=Pins(task.pins, task.urgent_pins))
    fetcher = CountingFetcher(stop, found)
    reading = Reading(_source(task), fetcher, task.token, dict(task.before))
    readers: dict[str, Reader] = {"configMap": lambda _: _documents(task)}
    try:
        _fill(task.registry, spool, reading, reader_for(reading.source, readers)(reading), found, stop)
        if task.registry.type == "official":
            found.pins.ask(reading, fetcher.close_circuits)
    except RateLimited:
        found.rate_limit_remaining = 0
        raise
    finally:
        fetcher.close()
    found.unchanged, found.state = reading.unchanged, reading.state
    if not reading.whole and not reading.unchanged:
        spool.keep_rest()
    found.revision = _revision(reading.state)
    return found


class CountingFetcher(Fetcher):
    """Never waits, for the controller comes back instead; remembers the rate limit that answers tell, and stops.

    Requests may come from several threads.
    """

    def __init__(self, stop: threading.Event, found: Found) -> None:
        super().__init__(Surroundings(policies=Policies(_NEVER, _NEVER, _NEVER)))
        self._stop = stop
        self._found = found

    def close_circuits(self) -> None:
        """What failed at some addresses of a host says nothing of the others."""
        self._breaker = Breaker(self._around.clock)

    def get(self, request: Request, *arguments: Any, **options: Any) -> Answer:
        if self._stop.is_set():
            raise Stopped
        answer = super().get(request, *arguments, **options)
        left = answer.headers.get("x-ratelimit-remaining", "").strip()
        if left.isdecimal():
            self._found.rate_limit_remaining = int(left[:9])
        return answer


def accepts(registry: ResolvedRegistry, name: str) -> bool:
    """Whether the filters keep an entry of that name."""
    if registry.servers and name not in registry.servers:
        return False
    if registry.include and not any(fnmatchcase(name, glob) for glob in registry.include):
        return False
    return not any(fnmatchcase(name, glob) for glob in registry.exclude)


def _fill(
    registry: ResolvedRegistry,
    spool: Spool,
    reading: Reading,
    items: Iterator[Item],
    found: Found,
    stop: threading.Event,
) -> None:
    for item in items:
        if stop.is_set():
            raise Stopped
        if isinstance(item, MalformedEntry):
            found.refuse(str(item))
        elif isinstance(item, Kept):
            spool.keep(item.name)
        elif isinstance(item, ServerEntry) and accepts(registry, item.name):
            _take(item, spool, found)


def _take(entry: ServerEntry, spool: Spool, found: Found) -> None:
    if entry.status == "deleted":
        spool.forget(entry.name)
        return
    found.pins.see(entry)
    problem = spool.add(entry)
    if problem:
        found.refuse(problem)


def _source(task: Task) -> Source:
    registry = task.registry
    return Source(
        name=task.name,
        type=_TYPES[registry.type],
        url=registry.url,
        repo=registry.repository,
        branch=registry.branch if registry.type == "github" else "",
        path=registry.path if registry.type == "github" else "",
        latest_only=True,
    )


def _documents(task: Task) -> Iterator[Item]:
    wanted = task.registry.path
    if wanted and wanted not in task.documents:
        raise CatalogError(
            f"the ConfigMap {task.registry.config_map} has no key {wanted!r}", "correct spec.source.path"
        )
    for key in [wanted] if wanted else sorted(task.documents):
        yield from entries_of(task.documents[key], task.name, key)


def _revision(state: Mapping[str, Any]) -> str:
    """What the source itself calls its state, where it says anything short."""
    said = state.get("revision") or state.get("etag") or state.get("since") or ""
    return str(said).removeprefix("W/").strip('"')[:128]
