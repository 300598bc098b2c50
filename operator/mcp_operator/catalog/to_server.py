"""An entry of the catalogue -> the MCPServer that runs it. Pure.

The spec that comes out is resolved: it says what runs, so that nothing waits for a registry later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_operator.api import names
from mcp_operator.catalog.errors import MissingValues, NotDeployable
from mcp_operator.catalog.model import RUNTIMES, Package, ServerEntry

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EntryOptions:
    """What the person who deploys decides. `env` holds plain values, `secrets` the names of Secrets that give more."""

    name: str
    namespace: str
    version: str | None = None
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


def server_from_entry(entry: ServerEntry, options: EntryOptions) -> Manifest:
    """The MCPServer of `entry`.

    Raises NotDeployable for what cannot run in a cluster, and MissingValues with every required variable that neither
    `options` nor the entry gives.
    """
    package = _package(entry)
    registry = {"name": entry.name, "registry": entry.source, "version": options.version or entry.version}
    spec: Manifest = {
        "registry": {key: value for key, value in registry.items() if value},
        "runtime": _runtime(package, options),
        "transport": {"type": package.transport},
    }
    env = _environment(entry, options)
    if env:
        spec["env"] = env
    if options.secrets:
        spec["envFrom"] = [{"secretRef": {"name": secret}} for secret in options.secrets]
    metadata = {"name": options.name, "namespace": options.namespace}
    return {"apiVersion": names.API_VERSION, "kind": names.KIND_SERVER, "metadata": metadata, "spec": spec}


def _package(entry: ServerEntry) -> Package:
    runnable = next((package for package in entry.packages if package.kind in RUNTIMES), None)
    if runnable:
        return runnable
    if entry.packages:
        kind = entry.packages[0].kind
        raise NotDeployable(
            f"{entry.name} is published as {kind}, which cannot run in a cluster", "choose another server"
        )
    if entry.remotes:
        hint = f"use it where it is: {entry.remotes[0].url}"
        raise NotDeployable(f"{entry.name} is a remote server: somebody runs it already", hint)
    raise NotDeployable(f"{entry.name} names nothing to run", "give an image: mcp deploy NAME --image IMAGE")


def _runtime(package: Package, options: EntryOptions) -> Manifest:
    version = options.version or package.version
    if package.kind == "oci":
        tag = f"{'@' if (version or '').startswith('sha256:') else ':'}{version}" if version else ""
        what = {"image": package.identifier + tag}
    else:
        separator = "==" if package.kind == "pypi" else "@"
        what = {"package": package.identifier + (f"{separator}{version}" if version else "")}
    args = list(options.args or package.args)
    command = list(package.command)
    listed = {"command": command, "args": args}
    return {"type": RUNTIMES[package.kind], **what, **{key: words for key, words in listed.items() if words}}


def _environment(entry: ServerEntry, options: EntryOptions) -> list[dict[str, str]]:
    values: dict[str, str] = {}
    missing = []
    for variable in entry.env:
        templated = "{{" in (variable.value or "")
        if variable.name in options.env:
            continue
        if variable.value is not None and not templated:
            values[variable.name] = variable.value
        elif variable.required and not options.secrets:
            missing.append(variable.name)
    if missing:
        hint = " ".join(f"--env {name}=VALUE" for name in missing)
        raise MissingValues(
            entry.name, missing, f"give each: {hint}; or name a Secret that holds them: --env-from-secret NAME"
        )
    values.update(options.env)
    return [{"name": name, "value": value} for name, value in values.items()]
