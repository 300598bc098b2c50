"""From a container's specification to the command that runs it. No process is started here.

On the host: mounts become paths (rewrite.py), the pod's environment lies over the machine's. With an engine: the
arguments of `docker run`. Called by the container supervisor before each run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mcp_operator.api.names import HOST_IMAGE_REPOSITORY

from mcp_cli.local.node import engine
from mcp_cli.local.node.environment import EnvironmentInput, container_environment
from mcp_cli.local.node.expand import expand
from mcp_cli.local.node.hostenv import host_environment, repository, runs_on_host
from mcp_cli.local.node.process import Command, StartError
from mcp_cli.local.node.rewrite import PathMap
from mcp_cli.local.node.volumes import mounts

TERMINATION_LOG = "/dev/termination-log"


@dataclass(frozen=True, slots=True)
class LaunchInput:
    """Everything that a run of one container is made from."""

    environment: EnvironmentInput
    folders: Mapping[str, Path]
    pod_dir: Path
    store: Path
    termination_log: Path
    mark: str
    engine: str | None
    """The container engine's program; None on the host."""
    instance: str
    """Name of the container in the engine."""
    engine_label: str


@dataclass(frozen=True, slots=True)
class Launch:
    """A run that can be started, and how to run another command beside it."""

    command: Command
    paths: PathMap | None
    env: Mapping[str, str]
    engine: str | None
    instance: str

    def beside(self, argv: list[str], mark: str) -> Command:
        """A command in the same environment: a probe or a hook."""
        if self.engine is not None:
            argv = [self.engine, "exec", self.instance, *argv]
            return replace(self.command, argv=tuple(argv), mark=mark, beside=True)
        assert self.paths is not None
        return replace(self.command, argv=tuple(map(self.paths.rewrite, argv)), mark=mark, beside=True)


def prepare(given: LaunchInput) -> Launch:
    """ConfigError or StartError where it cannot run."""
    container = given.environment.container
    own = container_environment(given.environment)
    places = mounts(container, given.folders, own)
    places[container.get("terminationMessagePath") or TERMINATION_LOG] = str(given.termination_log)
    argv = [expand(part, own) for part in [*(container.get("command") or []), *(container.get("args") or [])]]
    if runs_on_host(container["image"]):
        return _on_host(given, container, own, places, argv)
    return _in_engine(given, container, own, places)


def _on_host(
    given: LaunchInput, container: dict[str, Any], own: dict[str, str], places: dict[str, str], argv: list[str]
) -> Launch:
    if not container.get("command") and not container.get("args"):
        raise StartError(f"no command specified: the image {container['image']} has none of its own, set `command`")
    paths = PathMap(places)
    home = given.pod_dir / "home"
    home.mkdir(parents=True, exist_ok=True)
    env = host_environment(container["image"], home, given.store)
    env["HOSTNAME"] = given.environment.pod["metadata"]["name"]
    if "/tmp" in places:
        env["TMPDIR"] = places["/tmp"]
    env |= {name: paths.rewrite(value) for name, value in own.items()}
    cwd = Path(paths.rewrite(container["workingDir"])) if container.get("workingDir") else home
    if not cwd.is_dir():
        raise StartError(f'chdir to cwd ("{container["workingDir"]}") failed: no such file or directory')
    words = tuple(host_word(word, paths, container["image"]) for word in argv)
    return Launch(Command(words, env, cwd, given.mark), paths, env, None, given.instance)


def host_word(word: str, paths: PathMap, image: str) -> str:
    """One word of a command on the host.

    The image `host` holds every file of the machine: a program or file below a mount (a checkout in /tmp) is meant as
    it is, unless the mount brings one of that name.
    """
    moved = paths.rewrite(word)
    own = repository(image) == HOST_IMAGE_REPOSITORY and word.startswith("/")
    return word if own and not Path(moved).exists() and Path(word).exists() else moved


def _in_engine(given: LaunchInput, container: dict[str, Any], own: dict[str, str], places: dict[str, str]) -> Launch:
    assert given.engine is not None
    program = given.engine
    argv = engine.run_arguments(container, own, places, given.instance, given.engine_label)
    command = Command((program, *argv), engine.program_environment(own), given.pod_dir, given.mark)
    return Launch(command, None, own, program, given.instance)
