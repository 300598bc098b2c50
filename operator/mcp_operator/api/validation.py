"""What a schema cannot say about an MCPServer: checks across fields, each with the words that help.

Role: used by the controller before it renders, by `mcp deploy` before it writes, later by the admission webhook. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from mcp_operator.api import names
from mcp_operator.api.fields import FieldError
from mcp_operator.api.resolve import parse_duration, parse_package, resolve, split_image

RESERVED_VOLUMES = frozenset({"app", "bridge", "tmp", "config"})
RESERVED_PATHS = frozenset({names.APP_DIRECTORY, names.BRIDGE_DIRECTORY, names.CONFIG_DIRECTORY, "/tmp"})

# What a pod alone has; the rest (replicas, resources, probes) may stay when a server moves elsewhere.
_POD_FIELDS = (
    "image",
    "tag",
    "command",
    "args",
    "env",
    "envFrom",
    "port",
    "ports",
    "configSources",
    "secretRefs",
    "volumes",
    "volumeMounts",
    "config",
    "networkPolicy",
)
_POD_RUNTIME_FIELDS = ("image", "package", "command", "args", "env", "port")
_DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")


def validate(server: dict[str, Any]) -> list[FieldError]:
    """Everything that is wrong with an MCPServer that its schema accepts; an empty list when it can be rendered."""
    spec = server.get("spec") or {}
    if (spec.get("runtime") or {}).get("type") == "remote":
        return [*_name(server), *_remote(spec), *_care(spec)]
    errors = [*_name(server), *_what_runs(spec), *_ports(spec), *_mounts(spec), *_sources(spec), *_care(spec)]
    return errors or list(_bridge(server))


def _name(server: dict[str, Any]) -> Iterator[FieldError]:
    name = (server.get("metadata") or {}).get("name", "")
    if len(name) > 63 or not _DNS_LABEL.fullmatch(name):
        words = (
            "must be at most 63 lower-case letters, digits and '-', and start with a letter: it also names the Service"
        )
        yield FieldError("metadata.name", f"{name!r} {words}", "InvalidName")


def _what_runs(spec: dict[str, Any]) -> Iterator[FieldError]:
    runtime = spec.get("runtime") or {}
    kind = runtime.get("type", "docker")
    image = spec.get("image") or runtime.get("image")
    package = runtime.get("package")
    for field in ("url", "headers"):
        if runtime.get(field):
            yield FieldError(f"spec.runtime.{field}", f"goes with spec.runtime.type remote, not {kind}")
    if kind == "docker":
        if package:
            yield FieldError("spec.runtime.package", "needs spec.runtime.type python or node")
        elif not image:
            yield FieldError(
                "spec.image", "set an image, or spec.runtime.package with type python or node", "NothingToRun"
            )
        elif not _IMAGE.fullmatch(image):
            yield FieldError("spec.image", f"{image!r} is no image reference")
        elif spec.get("tag") and split_image(image)[1]:
            yield FieldError("spec.tag", f"the image {image!r} has a tag or digest already; set one of the two")
        return
    if image:
        yield FieldError("spec.image", f"goes with spec.runtime.type docker, not {kind}")
    if not package:
        yield FieldError("spec.runtime.package", f"set the package to run with type {kind}", "NothingToRun")
        return
    yield from _package(kind, package)


def _remote(spec: dict[str, Any]) -> Iterator[FieldError]:
    """A server that runs elsewhere has an address and headers; nothing of what only a pod has."""
    runtime = spec["runtime"]
    if not runtime.get("url"):
        yield FieldError("spec.runtime.url", "say where the remote server is", "NothingToRun")
    elif not is_http_url(runtime["url"]):
        yield FieldError("spec.runtime.url", f"{runtime['url']!r} is no http or https URL")
    for index, header in enumerate(runtime.get("headers") or []):
        if ("value" in header) == ("valueFrom" in header):
            yield FieldError(f"spec.runtime.headers[{index}]", "set value or valueFrom, one of the two")
        elif any(character in header.get("value", "") for character in "\r\n\0"):
            yield FieldError(f"spec.runtime.headers[{index}].value", "holds a line break")
    if (spec.get("transport") or {}).get("type") == "stdio":
        yield FieldError("spec.transport.type", "a remote server speaks streamable-http or sse")
    for field in _POD_FIELDS:
        if spec.get(field):
            yield FieldError(f"spec.{field}", "goes with a server that runs in this cluster, not with type remote")
    for field in _POD_RUNTIME_FIELDS:
        if runtime.get(field):
            yield FieldError(f"spec.runtime.{field}", "goes with a server that runs in this cluster, not with remote")


def is_http_url(text: str) -> bool:
    """Whether a client can be given this address."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _package(kind: str, text: str) -> Iterator[FieldError]:
    try:
        package = parse_package(kind, text)
    except ValueError as error:
        yield FieldError("spec.runtime.package", str(error))
        return
    name = (
        r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._-]+\])?"
        if kind == "python"
        else r"(@[a-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*"
    )
    if not re.fullmatch(name, package.name) or not re.fullmatch(r"[\w.+!*^~<>=-]*", package.version or ""):
        form = "NAME or NAME==VERSION" if kind == "python" else "NAME or NAME@VERSION"
        yield FieldError("spec.runtime.package", f"{text!r} is not {form}")


def _ports(spec: dict[str, Any]) -> Iterator[FieldError]:
    seen: set[tuple[int, str]] = set()
    for index, port in enumerate(spec.get("ports") or []):
        key = (port["port"], port.get("protocol", "TCP"))
        if key in seen:
            yield FieldError(f"spec.ports[{index}].port", f"{key[0]}/{key[1]} stands twice")
        seen.add(key)


def _mounts(spec: dict[str, Any]) -> Iterator[FieldError]:
    volumes = {volume.get("name") for volume in spec.get("volumes") or []}
    for index, volume in enumerate(spec.get("volumes") or []):
        if volume.get("name") in RESERVED_VOLUMES:
            yield FieldError(
                f"spec.volumes[{index}].name", f"{volume['name']!r} is the operator's own; choose another name"
            )
    for index, mount in enumerate(spec.get("volumeMounts") or []):
        path = f"spec.volumeMounts[{index}]"
        if mount.get("name") not in volumes and mount.get("name") not in RESERVED_VOLUMES:
            yield FieldError(f"{path}.name", f"there is no volume {mount.get('name')!r} in spec.volumes")
        if str(mount.get("mountPath", "")).rstrip("/") in RESERVED_PATHS:
            yield FieldError(f"{path}.mountPath", f"{mount['mountPath']} is the operator's own; choose another path")


def _sources(spec: dict[str, Any]) -> Iterator[FieldError]:
    for field in ("configSources", "secretRefs"):
        for index, source in enumerate(spec.get(field) or []):
            path = f"spec.{field}[{index}]"
            if source.get("env") and not source.get("key"):
                yield FieldError(f"{path}.key", "say which key the variable gets")
            if source.get("env") and source.get("mountPath"):
                yield FieldError(path, "set env or mountPath, not both")


def _care(spec: dict[str, Any]) -> Iterator[FieldError]:
    strategy = spec.get("deploymentStrategy") or {}
    if strategy.get("type") == "Recreate" and strategy.get("rollingUpdate"):
        yield FieldError("spec.deploymentStrategy.rollingUpdate", "goes with type RollingUpdate")
    timeout = (spec.get("validation") or {}).get("timeout", "10s")
    try:
        parse_duration(timeout)
    except ValueError as error:
        yield FieldError("spec.validation.timeout", str(error))


def _bridge(server: dict[str, Any]) -> Iterator[FieldError]:
    """An image that speaks stdio needs its command said: its own entrypoint is known to its registry alone."""
    resolved = resolve(server)
    if resolved.bridged and resolved.runtime == "docker" and not resolved.command:
        words = "speaks stdio behind the bridge, which needs the command: set it, or transport.type streamable-http"
        yield FieldError("spec.command", f"{resolved.image} {words}", "CommandUnknown")
