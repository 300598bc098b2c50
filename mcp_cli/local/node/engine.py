"""Container images through docker or podman, where one answers: a thin layer over its command line.

A container runs in the foreground with the host's network, so that the pod's loopback address is its address too; its
exit code, output and signals pass through the client program. Called by the container supervisor and launch.py.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Mapping
from typing import Any

from mcp_cli.local.node.expand import expand

PROGRAMS = ("docker", "podman")
ASK_AGAIN_SECONDS = 30.0
ANSWER_SECONDS = 5.0
PULL_SECONDS = 900.0
REMOVE_SECONDS = 30.0
LABEL = "mcp.allbeone.io/node"
NO_ENGINE = (
    "no container engine is there to run it: neither docker nor podman answers on this machine. "
    "Install and start one, use a server that runs on the host (runtime python or node), or deploy to a cluster"
)


class Engine:
    """Finds the engine, remembers the answer for a while, and removes what an earlier agent left in it."""

    def __init__(self, mark: str) -> None:
        self._label = f"{LABEL}={mark}"
        self._program: str | None = None
        self._asked_at = float("-inf")
        self._clean = False
        self._asking = asyncio.Lock()

    @property
    def label(self) -> str:
        """On every container that this agent starts."""
        return self._label

    async def program(self) -> str | None:
        """The engine's program, None where none answers."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= ASK_AGAIN_SECONDS:
                self._program = await _first_that_answers()
                self._asked_at = time.monotonic()
            if self._program is not None and not self._clean:
                await self._remove_left_over(self._program)
                self._clean = True
            return self._program

    async def _remove_left_over(self, program: str) -> None:
        """Containers outlive an agent that was killed: the engine, not the agent, is their parent."""
        code, output = await call(
            program, ["ps", "--all", "--quiet", "--filter", f"label={self._label}"], ANSWER_SECONDS
        )
        if code == 0 and output:
            await remove(program, *output.split())


async def remove(program: str, *instances: str) -> None:
    """End containers and remove them; one that is gone is no problem."""
    await call(program, ["rm", "--force", *instances], REMOVE_SECONDS)


async def _first_that_answers() -> str | None:
    for name in PROGRAMS:
        program = shutil.which(name)
        if program is not None and (await call(program, ["version"], ANSWER_SECONDS))[0] == 0:
            return program
    return None


async def call(program: str, arguments: list[str], timeout: float) -> tuple[int, str]:
    """Exit code and output of one call of the engine's program."""
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        return 126, f"{program} cannot be run: {error.strerror}"
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout)
    except TimeoutError:
        return 124, f"no answer within {timeout:g}s"
    finally:
        # Also when nobody waits any more: a pull goes on for minutes, for a pod that is gone.
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode(errors="replace").strip()


async def ensure_image(program: str, image: str, policy: str) -> str | None:
    """Pull as the policy says; returns what went wrong."""
    if policy != "Always" and (await call(program, ["image", "inspect", image], ANSWER_SECONDS))[0] == 0:
        return None
    if policy == "Never":
        return f'Container image "{image}" is not present with pull policy of Never'
    code, output = await call(program, ["pull", image], PULL_SECONDS)
    return None if code == 0 else f'Failed to pull image "{image}": {output[-500:]}'


def pull_policy(container: Mapping[str, Any]) -> str:
    """The policy, or the default that the tag gives."""
    last = container["image"].rsplit("/", 1)[-1]
    latest = last.endswith(":latest") or (":" not in last and "@" not in last)
    return container.get("imagePullPolicy") or ("Always" if latest else "IfNotPresent")


def run_arguments(
    container: Mapping[str, Any], env: Mapping[str, str], places: Mapping[str, str], instance: str, label: str
) -> list[str]:
    """`run --rm --network host ...` for one container; values of the environment pass by name."""
    command = [expand(part, env) for part in container.get("command") or []]
    arguments = [expand(part, env) for part in container.get("args") or []]
    given = ["run", "--rm", "--network", "host", "--name", instance, "--label", label]
    for name in env:
        given += ["--env", name]
    for path, host in places.items():
        given += ["--volume", f"{host}:{path}"]
    if container.get("workingDir"):
        given += ["--workdir", container["workingDir"]]
    user = (container.get("securityContext") or {}).get("runAsUser")
    if user is not None:
        given += ["--user", str(user)]
    if command:
        given += ["--entrypoint", command[0]]
    return [*given, container["image"], *command[1:], *arguments]


def program_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The client program's environment: this machine's, with the container's variables for `--env NAME`."""
    own = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME") or name.startswith("DOCKER_")}
    return {**env, **own}
