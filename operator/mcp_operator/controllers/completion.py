"""A spec that names a registry entry and not what runs, completed from that entry. Pure.

Role: what the spec says wins over the entry, field by field. The MCPServer itself is never written: the completed spec
is rendered, and a ConfigMap beside the children keeps the entry, so that a pinned version stays what it was and a
server goes on when its registry is gone. Not its job: finding the entry (`complete`). Called by the completer.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from mcp_operator.api.names import DEFAULT_PATH, DEFAULT_REGISTRY
from mcp_operator.api.resolve import split_image
from mcp_operator.catalog.errors import NotDeployable
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.catalog.options import EntryOptions, SecretKey
from mcp_operator.catalog.to_server import server_from_entry
from mcp_operator.render.metadata import child
from mcp_operator.runtime.resources import Key

Object = dict[str, Any]

SUFFIX = "-registry"
_ENTRY, _ORIGIN = "entry.json", "origin.json"
_LONGEST, _LISTED = 1000, 50
_CHOICES = ("python", "node", "remote")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entry a spec names."""

    name: str
    registry: str
    version: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry, and where it was found: the registry and the shard that held it."""

    entry: ServerEntry
    registry: Key
    shard: str
    wanted: Wanted


def wanted(server: Object) -> Wanted | None:
    """The entry that has to say what runs; None for a spec that says it itself."""
    spec = server.get("spec") or {}
    registry, runtime = spec.get("registry") or {}, spec.get("runtime") or {}
    if not registry.get("name") or spec.get("image"):
        return None
    if any(runtime.get(field) for field in ("image", "package", "url")):
        return None
    return Wanted(registry["name"], registry.get("registry") or DEFAULT_REGISTRY, registry.get("version", ""))


def complete(server: Object, entry: ServerEntry) -> Object:
    """The server with a spec that says what runs. Raises NotDeployable, MissingValues, UnusableValues."""
    spec = server["spec"]
    made = server_from_entry(entry, _options(server, entry))["spec"]
    if spec.get("tag") and (made.get("runtime") or {}).get("image"):
        made["runtime"]["image"] = split_image(made["runtime"]["image"])[0]
    return {**server, "spec": _merged(made, spec)}


def described(kept: Kept) -> Object:
    """`status.registry`."""
    entry = kept.entry
    said: Object = {
        "name": "/".join(kept.registry),
        "version": kept.wanted.version or entry.version,
        "description": entry.description,
        "repository": entry.repository,
        "license": entry.license,
        "author": entry.author,
        "keywords": list(dict.fromkeys((*entry.categories, *entry.tags)))[:_LISTED],
        "capabilities": list(entry.capabilities),
        "digest": entry.digest,
    }
    return {key: _bounded(value) for key, value in said.items() if value}


def _bounded(value: Any) -> Any:
    """A stranger's words in a status: it has room for some."""
    return [_bounded(item) for item in value] if isinstance(value, list) else str(value)[:_LONGEST]


def resolved_hash(server: Object) -> str:
    return hashlib.sha256(json.dumps(server["spec"], sort_keys=True).encode()).hexdigest()[:16]


def to_config_map(server: Object, kept: Kept) -> Object:
    """The ConfigMap that keeps the entry of a server."""
    origin = {
        "registry": list(kept.registry),
        "shard": kept.shard,
        "wanted": [kept.wanted.name, kept.wanted.registry, kept.wanted.version],
    }
    data = {_ENTRY: json.dumps(kept.entry.to_json(), sort_keys=True), _ORIGIN: json.dumps(origin, sort_keys=True)}
    return child(server, "v1", "ConfigMap", suffix=SUFFIX, data=data)


def from_config_map(config_map: Object) -> Kept | None:
    """What `to_config_map` made; None where it cannot be read."""
    try:
        data = config_map["data"]
        origin = json.loads(data[_ORIGIN])
        entry = ServerEntry.from_json(json.loads(data[_ENTRY]))
        namespace, name = origin["registry"]
        return Kept(entry, (namespace, name), origin["shard"], Wanted(*origin["wanted"]))
    except (KeyError, ValueError, TypeError):
        return None


def _options(server: Object, entry: ServerEntry) -> EntryOptions:
    """What the spec already answers, so that only the rest can be missing."""
    spec, runtime = server["spec"], server["spec"].get("runtime") or {}
    variables = {name: str(value) for name, value in (runtime.get("env") or {}).items()}
    keys: dict[str, SecretKey] = {}
    declared = _declared(entry)
    for item in [*(spec.get("env") or []), *(runtime.get("headers") or [])]:
        reference = (item.get("valueFrom") or {}).get("secretKeyRef")
        if reference and item["name"] in declared:
            keys[item["name"]] = SecretKey(reference["name"], reference["key"])
        elif "value" in item:
            variables[item["name"]] = item["value"]
        elif item["name"] in declared:
            # From a field or a ConfigMap: there is a value, and the spec's own item wins when the two are merged.
            keys[item["name"]] = SecretKey(item["name"], item["name"])
    values = dict((spec.get("registry") or {}).get("values") or {})
    headers = {name: variables.pop(name) for name in list(variables) if name in declared - _environment(entry)}
    return EntryOptions(
        name=server["metadata"]["name"],
        namespace=server["metadata"]["namespace"],
        version=_version(entry, (spec.get("registry") or {}).get("version", "")),
        runtime=runtime.get("type") if runtime.get("type") in _CHOICES else None,
        command=tuple(spec.get("command") or runtime.get("command") or ()),
        args=tuple(spec.get("args") or runtime.get("args") or ()),
        env=variables,
        secrets=tuple(_whole_secrets(spec)),
        values={**headers, **values},
        secret_keys=keys,
    )


def _version(entry: ServerEntry, pinned: str) -> str | None:
    """The pinned version where the entry is of another one and versions its packages as itself."""
    if not pinned or pinned == entry.version:
        return None
    if entry.layout == "official" and any(package.version != entry.version for package in entry.packages):
        words = f"the registry holds version {entry.version or 'unknown'} of {entry.name}, not {pinned}"
        raise NotDeployable(words, "pin the version that it holds, or none")
    return pinned


def _declared(entry: ServerEntry) -> set[str]:
    """The names of variables and headers that an entry knows."""
    headers = [header.name for remote in entry.remotes for header in remote.headers]
    return {*_environment(entry), *headers}


def _environment(entry: ServerEntry) -> set[str]:
    return {variable.name for package in entry.packages for variable in package.env}


def _whole_secrets(spec: Object) -> list[str]:
    """Secrets whose keys all become variables: they may hold any value that is asked for."""
    from_env = [(item.get("secretRef") or {}).get("name") for item in spec.get("envFrom") or []]
    references = [item["name"] for item in spec.get("secretRefs") or [] if not item.get("key")]
    return [name for name in (*from_env, *references) if name]


def _merged(made: Object, spec: Object) -> Object:
    runtime = {key: value for key, value in (spec.get("runtime") or {}).items() if key != "type"}
    merged: Object = {**made, **spec, "runtime": {**made["runtime"], **runtime}}
    merged["transport"] = _transport(made.get("transport") or {}, spec.get("transport") or {})
    if runtime.get("port") and "port" not in spec:
        merged.pop("port", None)
    for field, key in (("env", "name"), ("volumes", "name"), ("volumeMounts", "mountPath")):
        own = {item[key] for item in spec.get(field) or []} | (
            set(runtime.get("env") or {}) if field == "env" else set()
        )
        both = [*(item for item in made.get(field) or [] if item[key] not in own), *(spec.get(field) or [])]
        merged[field] = both
    if runtime.get("headers") and made["runtime"].get("headers"):
        own = {item["name"] for item in runtime["headers"]}
        rest = [item for item in made["runtime"]["headers"] if item["name"] not in own]
        merged["runtime"]["headers"] = [*rest, *runtime["headers"]]
    if made.get("securityContext"):
        merged["securityContext"] = {**made["securityContext"], **(spec.get("securityContext") or {})}
    merged["envFrom"] = spec.get("envFrom")
    return {key: value for key, value in merged.items() if value not in (None, [])}


def _transport(made: Object, own: Object) -> Object:
    """`/mcp` in the spec is what the API server fills in, so the entry's path wins over it."""
    path = own.get("path") if own.get("path") not in (None, DEFAULT_PATH) else made.get("path") or own.get("path")
    return {**made, **own, **({"path": path} if path else {})}
