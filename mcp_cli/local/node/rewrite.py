"""Paths of volume mounts turned into folders of this machine. Pure; used for host processes only.

A process of the host has no mount namespace, so each mount is a folder below the pod's own, and every path that begins
with a mountPath is rewritten in command, arguments, environment values and the working folder:
`/mcp/app/server` becomes `<pod>/volumes/app/server`, also in `--config=/etc/app/x.json`, `PATH=/mcp/app/bin:/bin`.

Its limits: a path that a program holds in itself, reads from a file or puts together from pieces is not seen; a path
glued to a letter, digit, dot, dash or slash (`-I/etc/app`, `file:///etc/app`) is left alone; a mount over a folder
that the host has too (`/tmp`) is rewritten where it is named, while the program's own use of that folder stays with
the host's (TMPDIR is set for `/tmp`). Read-only mounts are not enforced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping


class PathMap:
    """Mount paths and the host paths that stand for them."""

    def __init__(self, mounts: Mapping[str, str]) -> None:
        self._mounts = {path.rstrip("/") or "/": host for path, host in mounts.items()}
        longest_first = sorted((path for path in self._mounts if path != "/"), key=len, reverse=True)
        choices = "|".join(re.escape(path) for path in longest_first)
        self._pattern = re.compile(rf"(?<![\w./-])({choices})(?![\w.-])") if choices else None

    def rewrite(self, text: str) -> str:
        """The text with every path below a mount replaced, in one pass."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._mounts[match.group(1)], text)
