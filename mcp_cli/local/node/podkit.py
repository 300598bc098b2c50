"""What the containers of one pod share: its folders, its sources, its events, a way to say that something changed.

Made by the pod worker, used by its supervisors. Holds no logic of its own beyond names of files.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.events import EventRecorder

from mcp_cli.local.node.config import NodeConfig
from mcp_cli.local.node.engine import Engine
from mcp_cli.local.node.environment import EnvironmentInput, service_variables
from mcp_cli.local.node.launch import Launch, LaunchInput
from mcp_cli.local.node.logfile import LogFile, rotated
from mcp_cli.local.node.orphans import ProcessRecords, state_mark
from mcp_cli.local.node.sources import Snapshot
from mcp_cli.local.node.states import ContainerState

log = logging.getLogger(__name__)


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True)
class NodeKit:
    """What all pods of the node share."""

    client: KubeClient
    config: NodeConfig
    events: EventRecorder
    records: ProcessRecords
    engine: Engine
    capacity: dict[str, str]
    services: Callable[[], list[dict[str, Any]]]
    """Every Service that is known now."""


@dataclass(slots=True)
class PodKit:
    """What the containers of one pod share."""

    node: NodeKit
    pod: Callable[[], dict[str, Any]]
    """The pod as it is known now, with its addresses."""
    address: str
    publish: Callable[[], None]
    take_snapshot: Callable[[], Awaitable[Snapshot]]
    folders: dict[str, Path] = field(default_factory=dict)
    grace: float = 30.0
    change: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and replaced, when a ConfigMap or Secret of the pod changes."""
    background: set[asyncio.Task[Any]] = field(default_factory=set)
    failed: asyncio.Future[BaseException | None] = field(default_factory=_future)
    """The first fault of what runs beside."""

    @property
    def uid(self) -> str:
        return self.pod()["metadata"]["uid"]

    @property
    def pod_dir(self) -> Path:
        return self.node.config.pods_dir / self.uid

    @property
    def full_name(self) -> str:
        """`name_namespace(uid)`, as the kubelet names a pod in its messages."""
        metadata = self.pod()["metadata"]
        return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"

    @property
    def engine(self) -> Engine:
        return self.node.engine

    @property
    def records(self) -> ProcessRecords:
        return self.node.records

    def normal(self, reason: str, message: str) -> None:
        self.node.events.normal(self.pod(), reason, message)

    def warning(self, reason: str, message: str) -> None:
        self.node.events.warning(self.pod(), reason, message)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run beside everything else; the pod worker ends it, and fails with it."""
        task = asyncio.ensure_future(work)
        self.background.add(task)
        task.add_done_callback(self.ended)

    def ended(self, task: asyncio.Task[Any]) -> None:
        """A fault of what ran for the pod is the pod worker's: it must not pass unheard."""
        self.background.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        log.error("work for pod %s failed", self.full_name, exc_info=task.exception())
        if not self.failed.done():
            self.failed.set_result(task.exception())

    def tell_change(self) -> None:
        """Wake everything that waits for a change of the pod's sources."""
        waited_for, self.change = self.change, asyncio.Event()
        waited_for.set()

    async def source_change(self, within: float | None) -> None:
        """Until a ConfigMap or Secret of the pod changes, or the seconds are over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.change.wait()

    def container_dir(self, name: str) -> Path:
        return self.pod_dir / name

    def termination_log(self, name: str) -> Path:
        return self.container_dir(name) / "termination-log"

    def log_path(self, name: str, run: int) -> Path:
        return self.container_dir(name) / f"{run}.log"

    def container_id(self, launch: Launch | None) -> str:
        """An id for a run: the engine's name of it, or one of our own."""
        if launch is not None and launch.engine is not None:
            return f"{Path(launch.engine).name}://{launch.instance}"
        return f"host://{uuid.uuid4().hex}"

    def open_log(self, state: ContainerState) -> LogFile:
        """The log of the next run; those before the previous one go."""
        old = self.log_path(state.name, state.restarts - 2)
        for file in (old, rotated(old)):
            file.unlink(missing_ok=True)
        return LogFile(self.log_path(state.name, state.restarts))

    async def launch_input(self, state: ContainerState, program: str | None) -> LaunchInput:
        """What the next run of a container is made from, read now."""
        snapshot = await self.take_snapshot()
        pod = self.pod()
        links = pod["spec"].get("enableServiceLinks", True)
        environment = EnvironmentInput(
            pod=pod,
            container=state.spec,
            services=service_variables(self.node.services(), pod["metadata"]["namespace"], links),
            lookup=snapshot.lookup,
            capacity=self.node.capacity,
        )
        termination_log = self.termination_log(state.name)
        termination_log.parent.mkdir(parents=True, exist_ok=True)
        termination_log.write_bytes(b"")
        return LaunchInput(
            environment=environment,
            folders=self.folders,
            pod_dir=self.pod_dir,
            store=self.node.config.store_dir,
            termination_log=termination_log,
            mark=f"{state_mark(self.node.config.state_dir)}/{self.uid}/{state.name}",
            engine=program,
            instance=f"mcp-{self.uid}-{state.name}-{state.restarts}",
            engine_label=self.engine.label,
        )
