"""`ServerEntry`: what a registry says of a server, in one shape for every source.

Role: parsers produce it, the index stores it as JSON, commands print it, `to_server.py` makes an MCPServer of it. Pure.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

PackageKind = Literal["pypi", "npm", "oci", "mcpb", "nuget"]
RUNTIMES: dict[str, str] = {"pypi": "python", "npm": "node", "oci": "docker"}


@dataclass(frozen=True, slots=True)
class Package:
    """Something to run: a package of a language's registry, or an image (`oci`)."""

    kind: PackageKind
    identifier: str
    version: str | None = None
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    transport: str = "stdio"


@dataclass(frozen=True, slots=True)
class Remote:
    """A server that somebody runs already."""

    transport: str
    url: str
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that the server reads."""

    name: str
    description: str = ""
    required: bool = False
    secret: bool = False
    value: str | None = None
    example: str = ""


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """One server of one source. `digest` is the SHA-256 of the raw document, `raw` that document."""

    name: str
    source: str
    title: str = ""
    description: str = ""
    version: str = ""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    author: str = ""
    license: str = ""
    repository: str = ""
    homepage: str = ""
    packages: tuple[Package, ...] = ()
    remotes: tuple[Remote, ...] = ()
    env: tuple[Variable, ...] = ()
    volumes: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    digest: str = ""
    raw: str = field(default="", repr=False)

    @property
    def runtime(self) -> str:
        """`python`, `node`, `docker`, `remote`, or the kind of a package that cannot run in a cluster."""
        if self.packages:
            return RUNTIMES.get(self.packages[0].kind, self.packages[0].kind)
        return "remote" if self.remotes else ""

    @property
    def transport(self) -> str:
        if self.packages:
            return self.packages[0].transport
        return self.remotes[0].transport if self.remotes else ""

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back; without `raw`, which the index keeps beside it."""
        document = asdict(self)
        del document["raw"]
        return document

    @classmethod
    def from_json(cls, document: dict[str, Any], raw: str = "") -> ServerEntry:
        built = {
            "packages": tuple(Package(**_tuples(item)) for item in document["packages"]),
            "remotes": tuple(Remote(**_tuples(item)) for item in document["remotes"]),
            "env": tuple(Variable(**item) for item in document["env"]),
        }
        return cls(**{**_tuples(document), **built, "raw": raw})


def _tuples(document: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in document.items()}
