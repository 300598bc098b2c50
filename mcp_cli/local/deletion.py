"""Deleting a state folder for good: out of the way first, then piece by piece, and the rest where that was interrupted.

Knows folders only: whoever calls holds the cluster's lock. Called by the client side's reset.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

DOOMED = ".deleted-"


def out_of_the_way(root: Path) -> Path:
    """The folder under another name, so that nobody makes anything in it while it is deleted."""
    folder = root.resolve()
    try:
        doomed = folder.rename(folder.with_name(f"{folder.name}{DOOMED}{os.getpid()}"))
    except OSError:
        # A mount point keeps its name.
        return folder
    if root.is_symlink():
        # The next cluster shall be where the link leads, too.
        folder.mkdir(mode=0o700, exist_ok=True)
    return doomed


def delete(folder: Path) -> None:
    """All of it; where another reset deletes it, too, both go on until it is gone."""
    while True:
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            if folder.exists():
                continue
        except OSError:
            # A mount point stays; empty, it is as good as gone.
            if not folder.is_mount() or any(folder.iterdir()):
                raise
        return


def finish_interrupted(root: Path) -> bool:
    """Delete what earlier resets could not, Secrets in it; False where there was nothing."""
    folder = root.resolve()
    name = re.compile(re.escape(folder.name + DOOMED) + "[0-9]+")
    left = [each for each in _beside(folder) if name.fullmatch(each.name) and each.is_dir() and not each.is_symlink()]
    for each in left:
        delete(each)
    return bool(left)


def _beside(folder: Path) -> list[Path]:
    """Empty where the folder above cannot be read: that is no reason to fail after the cluster is gone."""
    try:
        return list(folder.parent.iterdir())
    except OSError:
        return []
