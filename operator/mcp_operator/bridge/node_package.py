"""An npm package in a folder of its own, by `npm`; its programs run by the Node that installed it, and nothing else.

Role: install, list programs. Which Node: `node.py`. Called by: `install.py`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcp_operator.bridge import node
from mcp_operator.bridge.lastwords import telling
from mcp_operator.bridge.node import Node
from mcp_operator.bridge.packages import Installed, InstallError, Spec
from mcp_operator.bridge.python_package import writable

_FACTS = re.compile(r"(?:code|path|errno|syscall|command|cwd|signal) ")
FLAGS = ("--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--omit=dev", "--loglevel=error")
# A script of a package ended badly, or npm was told to be strict about engines: another Node may do.
_MAY_BE_THE_NODE = re.compile(r"npm error code (\d+|ELIFECYCLE|EBADENGINE)\b")


def install(spec: Spec, root: Path, store: Path) -> Installed:
    """Install into `root`; npm's links are relative, so it may be renamed. A Node that is fetched goes to `store`.

    What the package wants is known once it is there. Where that is another Node, it is installed again with that one:
    its addons are built for one Node.
    """
    chosen = node.first(store)
    with tempfile.TemporaryDirectory(prefix="mcp-npm-") as scratch:
        environment = dict(os.environ)
        borrow_cache(environment, Path(scratch))
        done = run_npm(chosen, environment, root, "install", requirement(spec))
        if done.returncode and not _MAY_BE_THE_NODE.search(done.stderr):
            raise InstallError(explain(spec, done.stderr))
        package = seen(chosen, environment, root, spec) if done.returncode else manifest(spec, root)
        fitting = suited(chosen, package, spec, store)
        if fitting != chosen:
            chosen = fitting
            shutil.rmtree(root)
            done = run_npm(chosen, environment, root, "install", requirement(spec))
    if done.returncode:
        raise InstallError(explain(spec, done.stderr))
    return dataclasses.replace(describe(spec, root), node=node.recorded(chosen))


def suited(chosen: Node, package: dict[str, Any], spec: Spec, store: Path) -> Node:
    """The Node that the package itself declares to need; what its dependencies say is for their authors."""
    engines = package.get("engines")
    wanted = engines.get("node") if isinstance(engines, dict) else None
    if not isinstance(wanted, str) or not wanted.strip():
        return chosen
    return node.suited(chosen, " ".join(wanted.split()), f"{spec.name} {package.get('version', '')}".strip(), store)


def run_npm(
    chosen: Node, environment: dict[str, str], root: Path, command: str, *words: str
) -> subprocess.CompletedProcess[str]:
    root.mkdir(parents=True, exist_ok=True)
    (root / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    path = f"{chosen.folder}{os.pathsep}{environment.get('PATH', '')}"
    arguments = [*chosen.npm, command, "--prefix", str(root), *FLAGS, *words]
    return subprocess.run(
        arguments, env={**environment, "PATH": path}, cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def requirement(spec: Spec) -> str:
    return spec.name + (f"@{spec.version}" if spec.version else "")


def manifest(spec: Spec, root: Path) -> dict[str, Any]:
    """The `package.json` of the package that was installed."""
    try:
        found = json.loads((root / "node_modules" / spec.name / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InstallError(f"{spec.text} was installed, but is not there under its name: {error}") from error
    return found if isinstance(found, dict) else {}


def seen(chosen: Node, environment: dict[str, str], root: Path, spec: Spec) -> dict[str, Any]:
    """What the registry says of a package whose installation failed; nothing where it does not say it."""
    done = run_npm(chosen, environment, root, "view", requirement(spec), "version", "engines", "--json")
    with suppress(ValueError):
        found = json.loads(done.stdout)
        # A range is answered by a list, the newest last.
        newest = found[-1] if isinstance(found, list) and found else found
        return newest if isinstance(newest, dict) else {}
    return {}


def borrow_cache(environment: dict[str, str], scratch: Path) -> None:
    """npm writes to its cache even offline: one that is read-only is lent its contents by links."""
    given = environment.get("npm_config_cache") or environment.get("NPM_CONFIG_CACHE")
    cache = Path(given) if given else Path(environment.get("HOME") or "/") / ".npm"
    if writable(cache):
        return
    for name in ("content-v2", "index-v5"):
        lend(cache / "_cacache" / name, scratch / "_cacache" / name, copy=name == "index-v5")
    environment.pop("NPM_CONFIG_CACHE", None)
    environment["npm_config_cache"] = str(scratch)
    if not writable(Path(environment.get("HOME") or "/")):
        environment["HOME"] = str(scratch)


def lend(source: Path, target: Path, copy: bool) -> None:
    """The same files in folders of our own. The index is appended to, so it is copied; contents are only read."""
    for folder, _, files in os.walk(source):
        here = target / Path(folder).relative_to(source)
        here.mkdir(parents=True, exist_ok=True)
        for name in files:
            if copy:
                shutil.copyfile(Path(folder, name), here / name)
            else:
                (here / name).symlink_to(Path(folder, name))


def describe(spec: Spec, root: Path) -> Installed:
    folder = Path("node_modules") / spec.name
    package = manifest(spec, root)
    bins = package.get("bin") or {}
    if isinstance(bins, str):
        bins = {spec.name.rpartition("/")[2]: bins}
    programs = {name: str(folder / path) for name, path in bins.items()} or main_file(spec, root, folder, package)
    for path in programs.values():
        with suppress(OSError):
            (root / path).chmod(0o755)
    return Installed(root, spec.name, str(package.get("version", "0")), programs)


def main_file(spec: Spec, root: Path, folder: Path, package: dict[str, Any]) -> dict[str, str]:
    """A program for a package that has none and is started as `node FILE`."""
    main = package.get("main")
    if not isinstance(main, str) or not (root / folder / main).is_file():
        return {}
    path = shlex.quote(str(folder / main))
    program = root / "main-program"
    program.write_text(f'#!/bin/sh\nexec node "$(dirname "$(readlink -f "$0")")"/{path} "$@"\n', encoding="utf-8")
    return {spec.name.rpartition("/")[2]: program.name}


def explain(spec: Spec, stderr: str) -> str:
    """npm's complaint in one line, with what to do."""
    lines = [line.removeprefix("npm error ").rstrip() for line in stderr.splitlines() if line.startswith("npm error ")]
    text = " ".join(line.strip() for line in lines if "complete log of this run" not in line)
    if "code E404" in text:
        return f"the package {spec.name} does not exist in the package registry; check its name"
    if "code ETARGET" in text:
        return f"the package {spec.name} has no version {spec.version}; leave the version out for the newest"
    if "code ENOTCACHED" in text:
        return f"the package {spec.name} is not in the cache, and npm was told to stay offline"
    if any(code in text for code in ("ECONNREFUSED", "ENOTFOUND", "ETIMEDOUT", "EAI_AGAIN", "ECONNRESET")):
        return f"no network: {spec.text} could not be fetched ({said_of(lines)})"
    return f"{spec.text} could not be installed: {said_of(lines) or text[:600] or stderr[:600] or 'npm said nothing'}"


def said_of(lines: Sequence[str]) -> str:
    """npm's own words, or those of the package's script that failed."""
    words = " | ".join(telling("\n".join(line for line in lines if not _FACTS.match(line))))
    script = next((line.partition(" -c ")[2] for line in lines if line.startswith("command sh -c ")), "")
    return f"its script `{script}`: {words}" if script else words
