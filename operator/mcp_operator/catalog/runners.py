"""Arguments for the program that starts a package (npx, uvx, docker run, python, node, bun). Pure.

Role: find in them what matters where that program does not run: the executable, extras of a package, variables, mounts,
a user, and the server's own arguments, which publishers put there too. The rest is left out. Called by `launch.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mcp_operator.catalog.model import Argument, Package


def _flags(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ALONE = {
    "npx": _flags("-y --yes -q --quiet --silent --no --prefer-offline"),
    "uvx": _flags("-q --quiet --isolated --no-cache --refresh -n --offline -U --upgrade --no-config"),
    "docker": _flags("-i -t -it -ti --interactive --tty --rm --init -d --detach --privileged"),
    "python": _flags("-u -I -s -E -O -B"),
}
_WITH_VALUE = {
    "npx": _flags("-p --package -c --call --node-options"),
    "uvx": _flags("--from --with -p --python --index --index-url --extra-index-url --cache-dir"),
    "docker": _flags(
        "-e --env -v --volume --mount -p --publish -u --user --name --network --net -w --workdir --entrypoint"
        " --env-file --platform --pull --add-host -m --memory --cpus --restart -h --hostname --cap-add --cap-drop"
        " --security-opt --device --gpus -l --label"
    ),
    "python": _flags("-m -X -W"),
}
_VERSION = re.compile(r"(@|==|~=|>=|<=|>|<|:).*$")


@dataclass(slots=True)
class Start:
    """What the arguments of the program say of the server."""

    identifier: str = ""
    executable: str = ""
    entrypoint: str = ""
    arguments: list[Argument] = field(default_factory=list)
    env: list[Argument] = field(default_factory=list)
    mounts: list[Argument] = field(default_factory=list)
    user: Argument | None = None
    notes: list[str] = field(default_factory=list)


def read(package: Package) -> Start:
    """The start that `package.runtime_arguments` describe."""
    runner = _runner(package)
    start, seen = Start(), False
    flags = iter(_paired(package.runtime_arguments, runner))
    for argument in flags:
        if _names_package(argument, package):
            _take_extras(argument, package, start)
            seen = True
        elif _is_executable(argument, runner, seen, start):
            start.executable = argument.value or ""
            seen = True
        elif seen or not _is_runners(argument, runner, start):
            start.arguments.append(argument)
        else:
            _take(argument, package, start)
    return start


def own_arguments(package: Package) -> tuple[Argument, ...]:
    """The arguments of the server, without those that tell node or bun what of the package to start."""
    listed = package.arguments
    words = [argument.value or "" for argument in listed if not argument.name]
    if package.runtime_hint == "bun" and words[:1] == ["run"]:
        return listed[2:]
    if package.runtime_hint == "node" and words and re.search(r"\.[cm]?js$", words[0]):
        return listed[1:]
    return listed


def _runner(package: Package) -> str:
    """The program that these arguments are for; docker's are found elsewhere too, by their first word."""
    first = next((one.value for one in package.runtime_arguments if not one.name), "")
    if first == "run" and any(one.name in ("-i", "--rm") for one in package.runtime_arguments):
        return "docker"
    hints = {"python3": "python", "uv": "uvx", "podman": "docker", "npm": "npx"}
    usual = {"npm": "npx", "pypi": "uvx", "oci": "docker"}.get(package.kind, "")
    hint = hints.get(package.runtime_hint, package.runtime_hint)
    return hint if hint in _ALONE else usual


def _paired(arguments: tuple[Argument, ...], runner: str) -> Iterator[Argument]:
    """Flags joined with the value that stands as a word of its own behind them."""
    waiting: Argument | None = None
    for argument in arguments:
        known = argument.value in _ALONE.get(runner, ()) or argument.value in _WITH_VALUE.get(runner, ())
        flag = argument.name or (argument.value if known else "") or ""
        if waiting is not None:
            yield replace(argument, name=waiting.name) if not flag else waiting
            waiting = None
            if not flag:
                continue
        if not argument.name and flag:
            argument = replace(argument, name=flag, value=None)
        if flag in _WITH_VALUE.get(runner, ()) and argument.value is None and argument.default is None:
            waiting = argument
        else:
            yield argument
    if waiting is not None:
        yield waiting


def _names_package(argument: Argument, package: Package) -> bool:
    """Whether this is the word (or the value of a flag such as -y) that says what to run."""
    word = argument.value or argument.default or argument.hint
    if argument.name and argument.name not in ("-y", "--yes", "--from", "-p", "--package"):
        return False
    if package.kind == "oci":
        return (
            bool(word)
            and not argument.name
            and word.split("@")[0].partition(":")[0]
            in (
                package.identifier,
                package.identifier.removeprefix("docker.io/"),
            )
        )
    return bool(word) and _bare(word) == _bare(package.identifier)


def _is_executable(argument: Argument, runner: str, seen: bool, start: Start) -> bool:
    """`uvx PROGRAM`, `npx PACKAGE PROGRAM`: a word that stands where the program's name does."""
    if (
        argument.name
        or start.executable
        or start.arguments
        or not re.fullmatch(r"[a-zA-Z][\w.-]*", argument.value or "")
    ):
        return False
    return runner == "uvx" or (runner == "npx" and seen and "mcp" in (argument.value or "").lower())


def _bare(word: str) -> str:
    scope = "@" if word.startswith("@") else ""
    name = _VERSION.sub("", word.removeprefix("@")).partition("[")[0]
    return scope + re.sub(r"[-_.]+", "-", name).lower()


def _take_extras(argument: Argument, package: Package, start: Start) -> None:
    word = argument.value or argument.default or ""
    extras = re.search(r"\[[\w.,-]+\]", word)
    if package.kind == "pypi" and extras:
        start.identifier = package.identifier.partition("[")[0] + extras[0]


def _is_runners(argument: Argument, runner: str, start: Start) -> bool:
    """Whether the argument is meant for the program, and not for the server."""
    if argument.name:
        return argument.name in _ALONE.get(runner, ()) or argument.name in _WITH_VALUE.get(runner, ())
    if runner == "docker":
        return argument.value in ("run", "docker") or argument.hint == "image_name"
    return False


def _take(argument: Argument, package: Package, start: Start) -> None:
    """Keep of a flag what has a meaning in a pod."""
    name = argument.name
    if name in ("-e", "--env"):
        start.env.append(argument)
    elif name in ("-v", "--volume", "--mount"):
        start.mounts.append(argument)
    elif name in ("-u", "--user"):
        start.user = argument
    elif name == "--entrypoint":
        start.entrypoint = argument.value or ""
    elif name in ("--from", "--package", "-p") and package.kind in ("npm", "pypi"):
        start.notes.append(f"{name} {argument.value or ''}: only {package.identifier} is installed")
    elif name in ("--with", "--network", "--net", "--privileged", "--device", "--gpus", "--cap-add"):
        start.notes.append(f"{' '.join(filter(None, (name, argument.value)))} has no equal here and is left out")
