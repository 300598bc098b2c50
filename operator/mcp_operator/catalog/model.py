"""`ServerEntry`: what a registry says of a server, in one shape for every source.

Role: parsers produce it, the index stores it as JSON, commands print it, `to_server.py` makes an MCPServer of it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

PackageKind = Literal["pypi", "npm", "oci", "mcpb", "nuget"]
Layout = Literal["official", "docker"]
Status = Literal["active", "deprecated", "deleted"]
RUNTIMES: dict[str, str] = {"pypi": "python", "npm": "node", "oci": "docker"}


class _Document:
    """To JSON and back; what has its default is left out, so that 50,000 entries stay small."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back."""
        return {name: _plain(value) for name, default, value in self._items() if value != default}

    def _items(self) -> list[tuple[str, Any, Any]]:
        listed = fields(self)  # type: ignore[arg-type]
        return [(one.name, one.default, getattr(self, one.name)) for one in listed]

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """What `to_json` wrote."""
        return cls(**{key: _built(key, value) for key, value in document.items()})


@dataclass(frozen=True, slots=True)
class Variable(_Document):
    """A value that a server wants: an environment variable, a header, a part of a template.

    `value` is fixed by the publisher and may hold templates (`{part}`, whose parts are `variables`); `default` holds
    until somebody gives another. `key` is the registry's own name of a secret (Docker: `grafana.api_key`).
    """

    name: str
    description: str = ""
    required: bool = False
    secret: bool = False
    value: str | None = None
    example: str = ""
    default: str | None = None
    choices: tuple[str, ...] = ()
    format: str = ""
    key: str = ""
    variables: tuple[Variable, ...] = ()


@dataclass(frozen=True, slots=True)
class Argument(Variable):
    """A word or a flag with its value on a command line; `name` is the flag, or empty for a positional one."""

    repeated: bool = False
    hint: str = ""

    @property
    def shown(self) -> str:
        """How a person reads it: `--flag VALUE`, `word`, `<what belongs here>`."""
        value = next((text for text in (self.value, self.default) if text is not None), None)
        if value is None and (self.required or not self.name):
            value = f"<{self.hint or self.name.lstrip('-') or 'value'}>"
        return " ".join(word for word in (self.name, value) if word)


@dataclass(frozen=True, slots=True)
class Package(_Document):
    """Something to run: a package of a language's registry, or an image (`oci`).

    `command` is the executable where it is known to differ from the package's name; `runtime_arguments` go to the
    program that `runtime_hint` names (npx, uvx, docker), `arguments` to the server.
    """

    kind: PackageKind
    identifier: str
    version: str | None = None
    command: tuple[str, ...] = ()
    arguments: tuple[Argument, ...] = ()
    runtime_hint: str = ""
    runtime_arguments: tuple[Argument, ...] = ()
    env: tuple[Variable, ...] = ()
    transport: str = "stdio"
    url: str = ""
    headers: tuple[Variable, ...] = ()
    registry_url: str = ""

    @property
    def args(self) -> tuple[str, ...]:
        """The server's arguments as a person reads them; those that nobody has to give are left out."""
        shown = [one for one in self.arguments if one.required or one.value is not None or one.default is not None]
        return tuple(one.shown for one in shown)


@dataclass(frozen=True, slots=True)
class Remote(_Document):
    """A server that somebody runs already."""

    transport: str
    url: str
    headers: tuple[Variable, ...] = ()
    variables: tuple[Variable, ...] = ()


@dataclass(frozen=True, slots=True)
class OAuth(_Document):
    """A login that can give a secret: who gives it, and the variable that takes it."""

    provider: str
    env: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class ServerEntry(_Document):
    """One version of one server of one source. `digest` is the SHA-256 of the raw document, `raw` that document.

    `layout` says which dialect the templates in it are written in. `parameters` is a JSON schema (Docker's layout).
    `capabilities` (tools, resources, prompts, ...) is empty where the document does not tell, as most do not.
    """

    name: str
    source: str
    title: str = ""
    description: str = ""
    version: str = ""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    author: str = ""
    license: str = ""
    repository: str = ""
    homepage: str = ""
    layout: Layout = "official"
    kind: str = "server"
    status: Status = "active"
    published_at: str = ""
    updated_at: str = ""
    latest: bool = True
    packages: tuple[Package, ...] = ()
    remotes: tuple[Remote, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    user: str = ""
    disable_network: bool = False
    allow_hosts: tuple[str, ...] = ()
    oauth: tuple[OAuth, ...] = ()
    digest: str = ""
    raw: str = field(default="", repr=False)

    @property
    def package(self) -> Package | None:
        """The package that is deployed unless a person chooses: one that runs as it is comes before the others."""
        return min(self.packages, key=_reluctance, default=None)

    @property
    def runtime(self) -> str:
        """`python`, `node`, `docker`, `remote`, or the kind of a package that cannot run in a cluster."""
        package = self.package
        if package and (package.kind in RUNTIMES or not self.remotes):
            return RUNTIMES.get(package.kind, package.kind)
        return "remote" if self.remotes else ""

    @property
    def remote(self) -> Remote | None:
        """The remote to use: one that speaks streamable HTTP before one with the older transport, sse."""
        known = (one for one in self.remotes if one.transport == "streamable-http")
        return next(known, self.remotes[0] if self.remotes else None)

    @property
    def transport(self) -> str:
        package = self.package
        if package and self.runtime != "remote":
            return package.transport
        return self.remote.transport if self.remote else ""

    @property
    def env(self) -> tuple[Variable, ...]:
        """What has to be known: the environment of the package, or the headers of the remote server."""
        package = self.package
        if package and self.runtime != "remote":
            return package.env
        return self.remote.headers if self.remote else ()

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back; without `raw`, which the index keeps beside it."""
        document = {name: _plain(value) for name, default, value in self._items() if value != default}
        document.pop("raw", None)
        if not self.parameters:
            document.pop("parameters", None)
        return document

    @classmethod
    def from_json(cls, document: dict[str, Any], raw: str = "") -> Self:
        """What `to_json` wrote, with the document that was kept beside it."""
        return cls(**{key: _built(key, value) for key, value in document.items()}, raw=raw)


_NESTED: dict[str, type[_Document]] = {
    "variables": Variable,
    "env": Variable,
    "headers": Variable,
    "arguments": Argument,
    "runtime_arguments": Argument,
    "packages": Package,
    "remotes": Remote,
    "oauth": OAuth,
}


def _reluctance(package: Package) -> tuple[int, int]:
    """A package of a language behind the bridge runs at once; an image that speaks stdio needs its command said."""
    order = {"npm": 0, "pypi": 0, "oci": 1}
    return order.get(package.kind, 2), int((package.transport == "stdio") == (package.kind == "oci"))


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.to_json() if isinstance(value, _Document) else value


def _built(key: str, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    model = _NESTED.get(key)
    return tuple(model.from_json(item) if model else item for item in value)
