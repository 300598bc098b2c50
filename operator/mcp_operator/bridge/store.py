"""The package store of a machine: every package and version installed once, shared by all pods.

Role: `STORE/RUNTIME/NAME/VERSION/`, made under a lock and put in place by one rename; `default` beside the versions is
the one that a package without a version means. Called by: `install.py`, where MCP_PACKAGE_STORE is set.

Freshness: a package without a version is resolved when it is first asked for, and stays what it was until somebody asks
for another version by name or passes --upgrade. So a restart needs no network, and no replica differs from the others.
"""

from __future__ import annotations

import dataclasses
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mcp_operator.bridge.packages import Installed, Spec

DEFAULT = "default"

Installer = Callable[[Spec, Path], Installed]


def obtain(store: Path, spec: Spec, installer: Installer, upgrade: bool = False) -> Installed:
    """The package from the store, installed if it is not there yet."""
    folder = store / spec.runtime / spec.key
    wanted = folder / (spec.version or DEFAULT)
    found = None if upgrade else Installed.read(wanted.resolve())
    if found is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".lock"):
        found = None if upgrade else Installed.read(wanted.resolve())
        return found or add(folder, spec, installer)


def add(folder: Path, spec: Spec, installer: Installer) -> Installed:
    """Install beside the versions, and move into place when the version is known."""
    building = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    try:
        installed = installer(spec, building / "root")
        final = folder / installed.version
        if Installed.read(final) is None:
            move_programs(installed.root, final)
            installed.write()
            replace(installed.root, final)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    name = spec.version or DEFAULT
    if name != installed.version:
        point(folder / name, installed.version)
    return Installed.read(final) or dataclasses.replace(installed, root=final)


def move_programs(root: Path, final: Path) -> None:
    """A Python program begins with the full path of its interpreter: make it the one that it will have."""
    before, after = os.fsencode(root), os.fsencode(final)
    for script in (root / "bin").iterdir() if (root / "bin").is_dir() else ():
        if script.is_file() and not script.is_symlink():
            data = script.read_bytes()
            if before in data[:4096]:
                script.write_bytes(data.replace(before, after))


def replace(source: Path, final: Path) -> None:
    """Put a version in place of one that is not whole."""
    if final.exists():
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=final.parent))
        final.rename(old / "root")
        source.rename(final)
        shutil.rmtree(old, ignore_errors=True)
    else:
        source.rename(final)


def point(link: Path, target: str) -> None:
    """A relative link, swapped in by a rename."""
    fresh = link.with_name(f".{link.name}-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process installs a package at a time; the others wait and find it there."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
