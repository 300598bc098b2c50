"""Log lines of one pod or of many at once.

Role: read `pods/NAME/log`; follow several concurrently and, while following, take up pods that appear later. Not its
job: printing. Called by `logs`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from mcp_operator.runtime.resources import PODS

from mcp_cli.errors import CliError
from mcp_cli.following import Following
from mcp_cli.kube import lines_of
from mcp_cli.pods import Pod, default_container, selector_of

if TYPE_CHECKING:
    from mcp_cli.kube import Cluster


class Line(NamedTuple):
    """One line and where it came from."""

    pod: str
    container: str
    text: str


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What of the log is wanted."""

    container: str | None = None
    follow: bool = False
    tail: int | None = None
    since: float | None = None
    previous: bool = False
    timestamps: bool = False

    def query(self, container: str) -> dict[str, str]:
        wanted: dict[str, Any] = {
            "container": container,
            "follow": self.follow,
            "tailLines": self.tail,
            "sinceSeconds": None if self.since is None else max(1, int(self.since)),
            "previous": self.previous,
            "timestamps": self.timestamps,
        }
        return {
            key: str(value).lower() if value is True else str(value)
            for key, value in wanted.items()
            if value not in (None, False)
        }


def read(cluster: Cluster, pod: Pod, options: LogOptions) -> Iterator[Line]:
    """The lines of one pod, to the end of the log or of the container."""
    container = options.container or default_container(pod)
    metadata = pod["metadata"]
    path = PODS.path(metadata["namespace"], metadata["name"], "log")
    with cluster.stream("GET", path, query=options.query(container), about=(PODS, metadata["name"])) as response:
        for line in lines_of(response):
            yield Line(metadata["name"], container, line.decode("utf-8", "replace"))


class Merged:
    """The lines of every pod of a server as they come, including pods that start later."""

    def __init__(self, cluster: Cluster, server: str, namespace: str, options: LogOptions) -> None:
        self._cluster = cluster
        self._options = options
        self._following = Following(cluster, PODS, namespace, label_selector=selector_of(server))
        self._lines: queue.SimpleQueue[Line | Exception] = queue.SimpleQueue()
        self._taken: set[tuple[str, int]] = set()

    def lines(self) -> Iterator[Line]:
        """For ever; ends only with an error or an interrupt."""
        threading.Thread(target=self._take_up, daemon=True, name="log-pods").start()
        while True:
            line = self._lines.get()
            if isinstance(line, Exception):
                raise line
            yield line

    def _take_up(self) -> None:
        """A reader for each container that runs; a restarted container is a new one."""
        try:
            for change in self._following.changes():
                if change is not None and change.obj and change.what != "DELETED":
                    self._start(change.obj)
        except Exception as error:  # handed to the caller's thread, which raises it
            self._lines.put(error)

    def _start(self, pod: Pod) -> None:
        container = self._options.container or default_container(pod)
        status = next((one for one in _all_statuses(pod) if one["name"] == container), {})
        state = status.get("state") or {}
        key = (pod["metadata"]["uid"], int(status.get("restartCount") or 0))
        if key not in self._taken and ("running" in state or "terminated" in state):
            self._taken.add(key)
            threading.Thread(target=self._read, args=(pod,), daemon=True, name=f"log-{pod['metadata']['name']}").start()

    def _read(self, pod: Pod) -> None:
        """One pod's lines; a pod that goes away ends its reader and nobody else's."""
        try:
            for line in read(self._cluster, pod, self._options):
                self._lines.put(line)
        except CliError as error:
            self._lines.put(Line(pod["metadata"]["name"], "", f"(no more lines: {error.message})"))


def _all_statuses(pod: Pod) -> list[dict[str, Any]]:
    status = pod.get("status") or {}
    return (status.get("containerStatuses") or []) + (status.get("initContainerStatuses") or [])
