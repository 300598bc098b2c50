"""What an MCPServer stands for once every default is applied.

Role: the one place that knows defaults which depend on other fields, and that the flat form wins over `runtime`. Pure.
Called by `render/` and the controller; a spec that `validation.py` refuses may raise KeyError or ValueError here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from mcp_operator.api import names

RuntimeType = Literal["docker", "python", "node", "remote"]
Transport = Literal["stdio", "sse", "streamable-http"]

_PACKAGE_SOURCES = {"python": "pypi", "node": "npm"}


@dataclass(frozen=True, slots=True)
class PackageReference:
    """A package of a language's registry, as `NAME==VERSION` (python) or `NAME@VERSION` (node) spells it."""

    runtime: str
    name: str
    version: str | None

    @property
    def source(self) -> str:
        """`pypi` or `npm`."""
        return _PACKAGE_SOURCES[self.runtime]

    @property
    def requirement(self) -> str:
        if not self.version:
            return self.name
        return f"{self.name}=={self.version}" if self.runtime == "python" else f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class ResolvedServer:
    """An MCPServer with every default applied; `spec` is its spec, for fields that are passed through as they are.

    `url` is the address of a remote server, empty for one that runs here.
    """

    name: str
    namespace: str
    runtime: RuntimeType
    image: str | None
    package: PackageReference | None
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[dict[str, Any], ...]
    port: int
    path: str
    transport: Transport
    replicas: int
    spec: dict[str, Any]
    url: str = ""

    @property
    def remote(self) -> bool:
        """Whether somebody else runs the server."""
        return self.runtime == "remote"

    @property
    def bridged(self) -> bool:
        """Whether the server speaks stdio and runs behind the bridge."""
        return self.transport == "stdio"

    @property
    def shown_image(self) -> str:
        """What `status.image` says: `pypi:NAME`, `npm:NAME`, the image without its tag, or a remote server's host."""
        if self.remote:
            return urlsplit(self.url).netloc
        if self.package:
            return f"{self.package.source}:{self.package.name}"
        return split_image(self.image or "")[0]

    @property
    def shown_tag(self) -> str:
        """What `status.tag` says."""
        if self.remote:
            return ""
        if self.package:
            return self.package.version or names.DEFAULT_TAG
        return split_image(self.image or "")[1] or names.DEFAULT_TAG


def resolve(server: dict[str, Any]) -> ResolvedServer:
    """The effective server. `server` is an MCPServer that passed validation, as a plain dict."""
    metadata = server["metadata"]
    spec = server.get("spec") or {}
    runtime = spec.get("runtime") or {}
    kind: RuntimeType = runtime.get("type", "docker")
    packaged, remote = kind in _PACKAGE_SOURCES, kind == "remote"
    image = None if packaged or remote else spec.get("image") or runtime.get("image") or ""
    return ResolvedServer(
        name=metadata["name"],
        namespace=metadata.get("namespace", "default"),
        runtime=kind,
        image=None if image is None else full_image(image, spec.get("tag")),
        package=parse_package(kind, runtime.get("package", "")) if packaged else None,
        command=tuple(_first(spec.get("command"), runtime.get("command"), [])),
        args=tuple(_first(spec.get("args"), runtime.get("args"), [])),
        env=_environment(runtime.get("env") or {}, spec.get("env") or []),
        port=_first(spec.get("port"), runtime.get("port"), _first_target(spec), names.DEFAULT_PORT),
        path=(spec.get("transport") or {}).get("path", names.DEFAULT_PATH),
        transport=_transport(spec, packaged, remote),
        replicas=_first(spec.get("replicas"), 1),
        spec=spec,
        url=runtime.get("url", "") if remote else "",
    )


def parse_package(runtime: str, text: str) -> PackageReference:
    """Splits `NAME==VERSION` (python, extras stay with the name) or `[@SCOPE/]NAME@VERSION` (node).

    Raises ValueError when there is no name.
    """
    separator = "==" if runtime == "python" else "@"
    start = 1 if runtime == "node" and text.startswith("@") else 0
    name, _, version = text[start:].partition(separator)
    name = text[:start] + name.strip()
    if not name.strip("@"):
        raise ValueError(f"a package needs a name, not {text!r}")
    return PackageReference(runtime, name, version.strip() or None)


def split_image(image: str) -> tuple[str, str | None]:
    """`(repository, tag or digest)` of an image reference; a port of the host is no tag."""
    if "@" in image:
        repository, _, digest = image.partition("@")
        return repository, digest
    head, slash, last = image.rpartition("/")
    name, _, tag = last.partition(":")
    return head + slash + name, tag or None


def full_image(image: str, tag: str | None) -> str:
    """The image with a tag: its own, else `tag`, else `latest`."""
    if not image or split_image(image)[1]:
        return image
    return f"{image}:{tag or names.DEFAULT_TAG}"


def parse_duration(text: str) -> float:
    """Seconds of `500ms`, `10s` or `2m`. Raises ValueError for anything else."""
    match = re.fullmatch(r"([0-9]+)(ms|s|m)", text)
    if not match:
        raise ValueError(f"{text!r} is no duration; write 500ms, 10s or 2m")
    return int(match[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0}[match[2]]


def _first(*candidates: Any) -> Any:
    return next(candidate for candidate in candidates if candidate is not None)


def _first_target(spec: dict[str, Any]) -> int | None:
    """The container port that `ports` points at first, where it is a number."""
    for port in spec.get("ports") or []:
        target = port.get("targetPort", port["port"])
        return target if isinstance(target, int) else None
    return None


def _environment(by_name: dict[str, str], listed: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """One list in a stable order; an entry of the flat form replaces the one of `runtime.env` with its name."""
    merged = {name: {"name": name, "value": by_name[name]} for name in sorted(by_name)}
    merged.update({item["name"]: item for item in listed})
    return tuple(merged.values())


def _transport(spec: dict[str, Any], packaged: bool, remote: bool) -> Transport:
    named = (spec.get("transport") or {}).get("type")
    if named is None:
        if remote:
            return "streamable-http"
        from_registry = bool((spec.get("registry") or {}).get("name"))
        return "stdio" if packaged or from_registry else "streamable-http"
    transport: Transport = "streamable-http" if named == "http" else named
    return transport
