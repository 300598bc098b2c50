"""One container over all its runs: prepare, start, probe, end, wait, start again.

The supervisor changes its `ContainerState` and says so; what becomes of the pod is the pod worker's business. A
container of another image goes through an engine, the rest is the same. Created by the pod worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_cli.local.node import engine
from mcp_cli.local.node.backoff import RestartBackOff, retry_delays
from mcp_cli.local.node.environment import ConfigError
from mcp_cli.local.node.hooks import run_hook
from mcp_cli.local.node.hostenv import runs_on_host
from mcp_cli.local.node.launch import Launch, prepare
from mcp_cli.local.node.logfile import LogFile
from mcp_cli.local.node.logread import last_output
from mcp_cli.local.node.probe_loop import ProbeListener, run_probes
from mcp_cli.local.node.probes import ProbeResult, ProbeTarget
from mcp_cli.local.node.process import Command, Process, StartError
from mcp_cli.local.node.states import EPOCH, ContainerState, Running, Terminated, Waiting, now
from mcp_cli.local.node.status import should_restart

if TYPE_CHECKING:
    from mcp_cli.local.node.podkit import PodKit

MESSAGE_BYTES = 4096

log = logging.getLogger(__name__)


class Supervisor:
    """Runs one container until it need not run again."""

    def __init__(self, kit: PodKit, state: ContainerState, policy: str) -> None:
        self._kit = kit
        self._policy = policy
        self._backoff = RestartBackOff()
        self._process: Process | None = None
        self._launch: Launch | None = None
        self._stopping = asyncio.Event()
        self._between_runs = asyncio.Event()
        self._between_runs.set()
        self._execs = 0
        self.state = state
        self.log: LogFile | None = None
        self.started = asyncio.Event()
        """Set once a run has passed its startup probe."""

    @property
    def name(self) -> str:
        return self.state.name

    @property
    def folder(self) -> Path:
        return self._kit.pod_dir / self.name

    async def run(self) -> None:
        """Until the container is done or stopped."""
        while not self._stopping.is_set():
            launch = await self._prepared()
            if launch is None or self._stopping.is_set():
                return
            began = time.monotonic()
            self._between_runs.clear()
            try:
                ended = await self._run_once(launch)
            finally:
                self._between_runs.set()
            self._end(ended)
            if self._stopping.is_set() or not should_restart(self._policy, ended.exit_code):
                self.state.done = True
                self._kit.publish()
                return
            self._kit.publish()
            await self._wait_for_restart(ended, self._backoff.after_exit(time.monotonic() - began))
            self.state.restarts += 1

    async def stop(self, grace: float) -> None:
        """End the current run: preStop, TERM, KILL after `grace` seconds in all; no run follows."""
        self._stopping.set()
        if self._process is not None and not self._process.ended:
            self._kit.normal("Killing", f"Stopping container {self.name}")
        await self._end_process(grace)
        # What comes after the process is part of the run: its state, its record, its container in an engine.
        await self._between_runs.wait()

    async def _end_process(self, grace: float) -> None:
        process = self._process
        if process is None or process.ended:
            return
        began = time.monotonic()
        hook = (self.state.spec.get("lifecycle") or {}).get("preStop")
        if hook and grace > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._hook("preStop", hook)
        await process.stop(max(0.0, grace - (time.monotonic() - began)))

    # --- before a run --------------------------------------------------------------------------------------------

    async def _prepared(self) -> Launch | None:
        """The next run's command, as soon as everything that it needs is there; None when stopped before that."""
        for delay in retry_delays(1.0, 30.0):
            try:
                program = await self._engine_program()
                return prepare(await self._kit.launch_input(self.state, program))
            except ConfigError as error:
                self._wait_with("CreateContainerConfigError", str(error))
                self._kit.warning("Failed", f"Error: {error}")
            except (StartError, OSError) as error:
                self._wait_with("CreateContainerError", str(error))
                self._kit.warning("Failed", f"Error: {error}")
            except _ImageProblem as problem:
                self._wait_with(problem.reason, str(problem))
            if await self._stopped_within(delay):
                return None
        return None

    async def _engine_program(self) -> str | None:
        """None for the host; the engine for an image, which is there after this."""
        image = self.state.spec["image"]
        if runs_on_host(image):
            return None
        program = await self._kit.engine.program()
        if program is None:
            self._kit.warning("Failed", f'Failed to run image "{image}": {engine.NO_ENGINE}')
            first = not isinstance(self.state.state, Waiting) or "Image" not in self.state.state.reason
            reason = "ErrImageNeedsEngine" if first else "ImagePullBackOff"
            raise _ImageProblem(reason, engine.NO_ENGINE)
        problem = await engine.ensure_image(program, image, engine.pull_policy(self.state.spec))
        if problem is not None:
            self._kit.warning("Failed", problem)
            raise _ImageProblem("ImagePullBackOff", problem)
        return program

    def _wait_with(self, reason: str, message: str) -> None:
        self.state.state = Waiting(reason, message)
        self._kit.publish()

    async def _stopped_within(self, seconds: float) -> bool:
        """Sleep, or return early: True when stopped, False when time is up or a source of the pod changed."""
        stopped = asyncio.ensure_future(self._stopping.wait())
        changed = asyncio.ensure_future(self._kit.source_change(seconds))
        try:
            await asyncio.wait({stopped, changed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            changed.cancel()
        return self._stopping.is_set()

    async def _wait_for_restart(self, ended: Terminated, delay: float) -> None:
        if delay <= 0:
            return
        message = f"back-off {_duration(delay)} restarting failed container={self.name} pod={self._kit.full_name}"
        self.state.last = ended
        self.state.state = Waiting("CrashLoopBackOff", message)
        self._kit.publish()
        self._kit.warning("BackOff", f"Back-off restarting failed container {self.name} in pod {self._kit.full_name}")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._stopping.wait()

    # --- a run ---------------------------------------------------------------------------------------------------

    async def _run_once(self, launch: Launch) -> Terminated:
        """Start and wait for the end; a command that cannot start is a run that ended at once."""
        self._launch = launch
        try:
            self.log = self._kit.open_log(self.state)
            self._process = Process.start(launch.command, self.log.write)
        except StartError as error:
            return self._not_started(error)
        except OSError as error:
            return self._not_started(StartError(f"its log cannot be written: {error}"))
        began = now()
        try:
            self._kit.records.add(self._process.pid, launch.command.mark)
        except OSError as error:
            # Without a record a daemon that is killed would leave the process behind.
            await self._process.stop(0)
            return self._not_started(StartError(f"the process cannot be recorded: {error}"))
        if isinstance(self.state.state, Terminated):
            self.state.last = self.state.state
        self.state.container_id = self._kit.container_id(launch)
        self.state.state = Running(began)
        self._kit.normal("Started", f"Started container {self.name}")
        self._kit.publish()
        beside = asyncio.ensure_future(self._beside_run())
        beside.add_done_callback(self._beside_ended)
        try:
            code = await self._process.wait()
        finally:
            beside.cancel()
            # A probe that is under way asks nothing any more once the container is removed.
            await asyncio.wait([beside])
            if not self._process.ended:
                # Cancelled: nobody else would end it before the daemon does.
                await self._process.stop(0)
            self._kit.records.remove(self._process.pid)
            self.log.close()
            if launch.engine is not None:
                # A client program that had to be killed leaves its container running.
                await engine.remove(launch.engine, launch.instance)
        reason = "Completed" if code == 0 else "Error"
        return Terminated(code, reason, began, now(), self.state.container_id, self._termination_message(code))

    def _not_started(self, error: StartError) -> Terminated:
        if self.log is not None:
            self.log.close()
        self.state.container_id = self._kit.container_id(None)
        message = f"failed to start container: {error}"
        self._kit.warning("Failed", f"Error: {message}")
        return Terminated(128, "StartError", EPOCH, now(), self.state.container_id, message)

    def _end(self, ended: Terminated) -> None:
        if isinstance(self.state.state, Terminated):
            self.state.last = self.state.state
        self.state.state = ended
        self.state.ready = False
        self.state.started = False
        self._process = None

    def _termination_message(self, code: int) -> str | None:
        """What the container left in its termination log, or said last where the policy asks for that."""
        file = self._kit.termination_log(self.name)
        fall_back = code != 0 and self.state.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        try:
            text = _beginning(file) if file.is_file() else ""
            if not text and fall_back and self.log is not None:
                text = last_output(self.log.path)
        except OSError as error:
            return f"what the container said last cannot be read: {error}"
        return text or None

    # --- beside a run --------------------------------------------------------------------------------------------

    async def _beside_run(self) -> None:
        """postStart, then the probes; ends with the run."""
        hook = (self.state.spec.get("lifecycle") or {}).get("postStart")
        if hook and not await self._hook("postStart", hook):
            await self._end_process(self._kit.grace)
            return
        listener = ProbeListener(self._on_started, self._on_ready, self._on_unhealthy, self._on_kill)
        await run_probes(self.state.spec, self._target(), listener)

    def _beside_ended(self, task: asyncio.Future[None]) -> None:
        """A fault of our own in a probe must be seen: the container would never be ready."""
        if not task.cancelled() and task.exception() is not None:
            log.error("probes of %s ended", self._kit.full_name, exc_info=task.exception())
            self._kit.warning("FailedSync", f"probes of container {self.name} ended: {task.exception()}")

    def _target(self) -> ProbeTarget:
        ports = {port["name"]: port["containerPort"] for port in self.state.spec.get("ports") or [] if "name" in port}
        return ProbeTarget(self._kit.address, ports, self._exec)

    async def _hook(self, kind: str, hook: dict) -> bool:
        problem = await run_hook(hook, self._target(), self._kit.grace)
        if problem is not None:
            self._kit.warning(f"Failed{kind[0].upper()}{kind[1:]}Hook", f"{kind} hook of {self.name}: {problem}")
        return problem is None

    async def _exec(self, argv: list[str], timeout: float) -> tuple[int, str]:
        """Run a command beside the container's process."""
        assert self._launch is not None
        self._execs += 1
        command: Command = self._launch.beside(argv, f"{self._launch.command.mark}/exec{self._execs}")
        output = bytearray()
        try:
            process = Process.start(command, lambda _, data: output.extend(data[: max(0, 10240 - len(output))]))
        except StartError as error:
            return 126, str(error)
        try:
            async with asyncio.timeout(timeout):
                code = await process.wait()
        finally:
            await process.stop(0)
        return code, output.decode(errors="replace")

    def _on_started(self) -> None:
        self.state.started = True
        self.started.set()
        self._kit.publish()

    def _on_ready(self, ready: bool) -> None:
        self.state.ready = ready
        self._kit.publish()

    def _on_unhealthy(self, kind: str, result: ProbeResult) -> None:
        self._kit.warning("Unhealthy", f"{kind} probe failed: {result.message}")

    def _on_kill(self, kind: str) -> None:
        self._kit.normal("Killing", f"Container {self.name} failed {kind} probe, will be restarted")
        probe = self.state.spec.get(f"{kind}Probe") or {}
        grace = probe.get("terminationGracePeriodSeconds")
        self._kit.spawn(self._end_process(self._kit.grace if grace is None else float(grace)))


class _ImageProblem(Exception):
    """The image cannot be run now."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def _beginning(file: Path) -> str:
    """As much of a file as a message holds; the container may have written any amount."""
    with file.open("rb") as opened:
        return opened.read(MESSAGE_BYTES).decode(errors="replace")


def _duration(seconds: float) -> str:
    """`10s`, `2m40s`: the way the kubelet writes a back-off."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
