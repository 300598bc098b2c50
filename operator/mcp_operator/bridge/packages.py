"""What an installed package is: its name and version, its programs, how a user writes it.

Role: pure, but for reading and writing the manifest beside an installation. Called by: `install.py`, `store.py` and the
two installers.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "mcp-package.json"
# Programs that packages bring beside their server, or for a transport that the bridge does not speak to it.
_BESIDE = re.compile(r"http|sse|cli|client|test|inspect|setup|install")


class InstallError(Exception):
    """An installation that cannot be made: one line that says what, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A package as it was asked for; `version` is None where any will do."""

    runtime: str
    name: str
    version: str | None
    text: str

    @property
    def key(self) -> str:
        """The folder of this package in a store."""
        name = self.name if self.runtime == "node" else normal(self.name)
        return re.sub(r"[^A-Za-z0-9._-]", "+", name)


@dataclass(frozen=True, slots=True)
class Installed:
    """A package on disk: its programs by name, as paths relative to `root`; the Node that it was installed for."""

    root: Path
    name: str
    version: str
    programs: dict[str, str]
    node: str | None = None

    def write(self) -> None:
        data = {"name": self.name, "version": self.version, "programs": self.programs, "node": self.node}
        (self.root / MANIFEST).write_text(json.dumps(data, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, root: Path) -> Installed | None:
        """What is installed there; None where nothing whole is."""
        try:
            data = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
            found = cls(root, data["name"], data["version"], dict(data["programs"]), data.get("node"))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        # A program's file may be gone with the interpreter that its environment stands on; a Node, too.
        whole = all((root / path).exists() for path in [*found.programs.values(), *filter(None, [found.node])])
        python = root / "bin" / "python"
        return found if whole and (python.exists() or not python.is_symlink()) else None

    def main_program(self, asked: str | None) -> str:
        """The program that is the server: the one asked for, the one named like the package, the likeliest."""
        names = ", ".join(sorted(self.programs)) or "none"
        if asked is not None:
            if asked not in self.programs:
                raise InstallError(f"{self.name} {self.version} has no program {asked}; it has: {names}")
            return asked
        short = self.name.rpartition("/")[2]
        for program in self.programs:
            if normal(program) in (normal(short), normal(self.name)):
                return program
        servers = [name for name in self.programs if not _BESIDE.search(name.lower())]
        likely = [name for name in servers if "mcp" in name.lower()]
        for names_left in (list(self.programs), likely, servers):
            if len(names_left) == 1:
                return names_left[0]
        if not self.programs:
            raise InstallError(f"{self.name} {self.version} has no program to run: it is a library")
        raise InstallError(f"{self.name} {self.version} has several programs; choose one with --executable: {names}")


def parse_spec(runtime: str, text: str) -> Spec:
    """`NAME`, `NAME==VERSION`, `NAME[extra]==VERSION` or `NAME@VERSION`; `latest` is no version."""
    text = text.strip()
    at = text.rfind("@")
    if "==" in text:
        name, _, version = text.partition("==")
    elif at > 0:
        name, version = text[:at], text[at + 1 :]
    else:
        name, version = text, ""
    name, version = name.strip(), version.strip()
    pattern = r"(@[\w.~-]+/)?[\w.~-]+" if runtime == "node" else r"[A-Za-z0-9][\w.-]*(\[[\w.,\s-]+\])?"
    if not re.fullmatch(pattern, name) or not re.fullmatch(r"[\w.+!~^-]*", version):
        form = "NAME or NAME@VERSION" if runtime == "node" else "NAME or NAME==VERSION"
        raise InstallError(f"{text!r} is no {runtime} package; write {form}")
    return Spec(runtime, name, version if version not in ("", "latest") else None, text)


def normal(name: str) -> str:
    """A name as Python's index compares it."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()
