"""The life of one pod on this node: volumes, init containers, containers, end.

One worker for each pod. It turns the pod's specification into supervisors and their states into the pod's status; it
is told of changes of the pod and of its sources by the agent. Writing the status is status_writer.py's job.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from typing import Any

from mcp_operator.runtime.errors import ApiError

from mcp_cli.local.node.backoff import retry_delays
from mcp_cli.local.node.container import Supervisor
from mcp_cli.local.node.environment import ConfigError
from mcp_cli.local.node.payload import PayloadInput, references, token_requests
from mcp_cli.local.node.podkit import NodeKit, PodKit
from mcp_cli.local.node.recover import first_states
from mcp_cli.local.node.sources import Snapshot, take_snapshot
from mcp_cli.local.node.states import ContainerState, api_time, now, parse_time
from mcp_cli.local.node.status import PodFacts, pod_status
from mcp_cli.local.node.status_writer import StatusWriter
from mcp_cli.local.node.volumes import set_up

DEFAULT_GRACE = 30.0
GONE_GRACE = 1.0
SHUTDOWN_GRACE = 5.0
TOKEN_REFRESH = 0.8

log = logging.getLogger(__name__)


class PodWorker:
    """Runs one pod until it is deleted or the agent ends."""

    def __init__(self, node: NodeKit, pod: dict[str, Any], address: str) -> None:
        self._node = node
        self._pod = pod
        self._start_time = (pod.get("status") or {}).get("startTime") or api_time(now())
        self._inits, self._mains = first_states(pod, now())
        self._writer = StatusWriter(node.client, self._compute_status, lambda: self._pod)
        self._kit = PodKit(node, lambda: self._pod, address, self._writer.changed, self._snapshot)
        self._kit.grace = self._grace()
        self._supervisors: dict[str, Supervisor] = {}
        self._stop: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._ended: tuple[str, str] | None = None
        self._gone = False
        self._closing = False
        self._set_addresses()

    @property
    def pod(self) -> dict[str, Any]:
        return self._pod

    # --- what the agent says -------------------------------------------------------------------------------------

    def update(self, pod: dict[str, Any]) -> None:
        """A newer version of the pod; a deletion timestamp ends it."""
        self._pod = pod
        self._set_addresses()
        if pod["metadata"].get("deletionTimestamp"):
            grace = pod["metadata"].get("deletionGracePeriodSeconds")
            self._end(self._grace() if grace is None else float(grace))
        if pod["spec"].get("readinessGates"):
            self._writer.changed()

    def removed(self) -> None:
        """The pod is gone from the API."""
        self._gone = True
        self._end(GONE_GRACE)

    def source_changed(self, kind: str, name: str) -> None:
        """A ConfigMap or Secret of the pod's namespace changed."""
        if (kind, name) in references(self._pod):
            self._kit.tell_change()

    def states(self) -> list[ContainerState]:
        return [*self._inits, *self._mains]

    def supervisor(self, container: str) -> Supervisor | None:
        return self._supervisors.get(container)

    @property
    def kit(self) -> PodKit:
        return self._kit

    # --- the life ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until the pod is deleted. Cancelled when the agent ends: the processes end, the pod stays."""
        writing = asyncio.ensure_future(self._writer.run())
        writing.add_done_callback(self._kit.ended)
        life = asyncio.ensure_future(self._live())
        try:
            first = set[asyncio.Future[Any]]({life, self._stop, self._kit.failed})
            await asyncio.wait(first, timeout=self._deadline(), return_when=asyncio.FIRST_COMPLETED)
            if self._kit.failed.done() and not self._stop.done():
                raise RuntimeError(f"{self._kit.failed.result()}") from self._kit.failed.result()
            if not life.done() and not self._stop.done():
                self._ended = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
                await self._stop_containers(self._grace())
                self._writer.changed()
            elif life.done():
                life.result()
            grace = await self._stop
            await self._stop_containers(grace)
            life.cancel()
            await self._delete()
        finally:
            # When the agent ends, the API keeps what it was told last: the pod runs, and will again.
            writing.cancel()
            await self._stop_containers(min(self._grace(), SHUTDOWN_GRACE))
            life.cancel()
            for task in list(self._kit.background):
                task.cancel()

    async def _live(self) -> None:
        """Volumes, init containers, containers; returns when nothing of the pod will run again."""
        if all(state.done for state in self._mains):
            return
        self._writer.changed()
        self._kit.pod_dir.mkdir(parents=True, exist_ok=True)
        await self._set_up_volumes()
        self._kit.spawn(self._keep_volumes())
        if not await self._run_inits() or self._closing:
            return
        todo = [self._supervise(state) for state in self._mains if not state.done]
        await asyncio.gather(*(supervisor.run() for supervisor in todo))
        for state in self._inits:
            if state.is_sidecar:
                await self._supervisors[state.name].stop(self._kit.grace)
        self._writer.changed()

    async def _run_inits(self) -> bool:
        """One after the other; False when one failed for good."""
        policy = self._pod["spec"].get("restartPolicy", "Always")
        for state in self._inits:
            if self._closing:
                # Ended while it waited for a volume or a sidecar.
                return False
            supervisor = self._supervise(state, "OnFailure" if policy != "Never" else "Never")
            if state.is_sidecar:
                self._kit.spawn(supervisor.run())
                await supervisor.started.wait()
                continue
            await supervisor.run()
            if not state.succeeded or self._closing:
                return False
        return True

    def _supervise(self, state: ContainerState, policy: str | None = None) -> Supervisor:
        own = policy or self._pod["spec"].get("restartPolicy", "Always")
        supervisor = Supervisor(self._kit, state, "Always" if state.is_sidecar else own)
        self._supervisors[state.name] = supervisor
        return supervisor

    async def _stop_containers(self, grace: float) -> None:
        """The containers first, then what ran beside them."""
        self._closing = True
        beside = {state.name for state in self._inits if state.is_sidecar}
        for names in (set(self._supervisors) - beside, beside & set(self._supervisors)):
            await asyncio.gather(*(self._supervisors[name].stop(grace) for name in names))

    async def _delete(self) -> None:
        """Tell the last state, remove the object, then the folder."""
        if not self._gone:
            await self._writer.finish()
        # Not on the event loop: a package's cache has tens of thousands of files.
        await asyncio.to_thread(shutil.rmtree, self._kit.pod_dir, ignore_errors=True)

    # --- volumes -------------------------------------------------------------------------------------------------

    async def _snapshot(self) -> Snapshot:
        return await take_snapshot(self._node.client, self._pod)

    async def _set_up_volumes(self) -> None:
        """Until every volume is there; says what is missing."""
        for delay in retry_delays(0.5, 20.0):
            try:
                await self._write_volumes()
                return
            except ConfigError as error:
                self._kit.warning("FailedMount", str(error))
            await self._kit.source_change(delay)

    async def _write_volumes(self) -> None:
        snapshot = await self._snapshot()
        given = PayloadInput(self._pod, snapshot.lookup, snapshot.token, self._node.capacity)
        self._kit.folders = set_up(self._pod, self._kit.pod_dir / "volumes", given, snapshot.claims)

    async def _keep_volumes(self) -> None:
        """Write them again when a source changed and before a token expires."""
        seconds = [wanted[1] for wanted in token_requests(self._pod)]
        while True:
            await self._kit.source_change(min(seconds) * TOKEN_REFRESH if seconds else None)
            try:
                await self._write_volumes()
            except (ConfigError, ApiError) as error:
                # What was mounted stays, as in a kubelet: a source that went away does not take running pods down.
                log.info("volumes of %s stay as they are: %s", self._kit.full_name, error)

    # --- status --------------------------------------------------------------------------------------------------

    def _compute_status(self) -> dict[str, Any]:
        facts = PodFacts(
            pod=self._pod,
            host_ip=self._node.config.node_address,
            pod_ip=self._kit.address,
            start_time=self._start_time,
            now=api_time(now()),
            ended=self._ended,
        )
        return pod_status(facts, self._inits, self._mains)

    def _set_addresses(self) -> None:
        """The downward API reads the address from the pod's status, which may not be written yet."""
        address = self._kit.address
        status = {**(self._pod.get("status") or {}), "podIP": address, "podIPs": [{"ip": address}]}
        self._pod = {**self._pod, "status": status | {"hostIP": self._node.config.node_address}}

    def _grace(self) -> float:
        grace = self._pod["spec"].get("terminationGracePeriodSeconds")
        return DEFAULT_GRACE if grace is None else float(grace)

    def _deadline(self) -> float | None:
        seconds = self._pod["spec"].get("activeDeadlineSeconds")
        started = parse_time(self._start_time)
        if seconds is None or started is None:
            return None
        return max(0.0, seconds - (now() - started).total_seconds())

    def _end(self, grace: float) -> None:
        if not self._stop.done():
            self._stop.set_result(grace)
