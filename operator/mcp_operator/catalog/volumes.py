"""Volumes as `docker run` writes them -> volumes and mounts of a pod. Pure.

What a cluster has no equal of is decided here: a named volume, and a path that the publisher wrote down, become an
emptyDir, which lives as long as the pod; a path that the person who deploys gave is a path of the node (hostPath); the
key of a Secret becomes a file. A PersistentVolumeClaim is the person's to name in `spec.volumes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mcp_operator.catalog.options import SecretKey

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]")
_SOURCE = re.compile(r"(?:^|,)(?:source|src)=")
_RESERVED = ("/tmp", "/mcp/app", "/mcp/bridge", "/mcp/config")


@dataclass(slots=True)
class Mounts:
    """`spec.volumes` and `spec.volumeMounts` as they grow, and what a person should know of them."""

    volumes: list[dict[str, Any]] = field(default_factory=list)
    mounts: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, text: str, given: bool) -> None:
        """`SOURCE:TARGET[:OPTIONS]`; `given` says that a person chose the source."""
        source, target, options = split_mount(text)
        if not target.startswith("/") or target.rstrip("/") in ("", *_RESERVED):
            self.notes.append(f"the volume {text} is left out: nothing can be mounted at {target or 'no place'}")
            return
        if given and source.startswith("/"):
            volume: dict[str, Any] = {"hostPath": {"path": source}}
            self.notes.append(f"{target} is the folder {source} of the node that the pod runs on (hostPath)")
        else:
            volume = {"emptyDir": {}}
            self.notes.append(f"{target} is empty at first and lives as long as the pod (emptyDir, not {source})")
        self._mount(target, volume, {"readOnly": True} if "ro" in options.split(",") else {})

    def add_secret(self, target: str, secret: SecretKey) -> None:
        """The key of a Secret as the file `target`."""
        file = target.rstrip("/").rpartition("/")[2]
        volume = {"secret": {"secretName": secret.name, "items": [{"key": secret.key, "path": file}]}}
        self._mount(target, volume, {"subPath": file, "readOnly": True})

    def _mount(self, target: str, volume: dict[str, Any], how: dict[str, Any]) -> None:
        path = target.rstrip("/")
        if any(mount["mountPath"] == path for mount in self.mounts):
            return
        name = f"data-{len(self.volumes)}"
        self.volumes.append({"name": name, **volume})
        self.mounts.append({"name": name, "mountPath": path, **how})


def begins_with_given(text: str, given: Iterable[str]) -> bool:
    """Whether the source of a mount, as the publisher wrote it, begins with one of the templates that a person filled.

    One that stands elsewhere does not make the publisher's own path a path of the node.
    """
    named = _SOURCE.search(text)
    return text.startswith(tuple(given), named.end() if named else 0)


def split_mount(text: str) -> tuple[str, str, str]:
    """Source, target and options of `-v` or of `--mount`."""
    if "=" in text and ("target=" in text or "dst=" in text or "destination=" in text):
        parts = dict(part.partition("=")[::2] for part in text.split(","))
        source = parts.get("source") or parts.get("src") or ""
        target = parts.get("target") or parts.get("dst") or parts.get("destination") or ""
        return source, target, "ro" if "readonly" in parts or parts.get("ro") == "true" else ""
    drive = _WINDOWS.match(text)
    start = drive.end() if drive else 0
    source, _, rest = text[start:].partition(":")
    target, _, options = rest.partition(":")
    return text[:start] + source, target, options
