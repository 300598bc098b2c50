"""The schema of MCPRegistry: where entries of servers come from, and what the operator says of them; its validation.

Role: the source of the CRD, the checks that a schema cannot say, and the defaults that depend on other fields. Pure.
Called by `crds.py` and by the registry controller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from mcp_operator.api.fields import FieldError
from mcp_operator.api.mcpserver import conditions
from mcp_operator.api.schema import Schema, array, enum, integer, obj, string

SourceType = Literal["github", "official", "http", "configMap", "builtin"]
SOURCE_TYPES = ("github", "official", "http", "configMap", "builtin")
PHASES = ("Pending", "Syncing", "Ready", "Failed")
DEFAULT_INTERVAL = "10m"
DEFAULT_BRANCH = "main"
DEFAULT_TOKEN_KEY = "token"
OFFICIAL_URL = "https://registry.modelcontextprotocol.io"
MIN_INTERVAL_SECONDS = 1.0
ERRORS_SHOWN = 10

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_DURATION = re.compile(r"([0-9]+)(s|m|h)")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class ResolvedRegistry:
    """An MCPRegistry with every default applied."""

    type: SourceType
    url: str
    repository: str
    branch: str
    path: str
    config_map: str
    secret: str
    secret_key: str
    interval: float
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    servers: tuple[str, ...]


def spec() -> Schema:
    """MCPRegistry.spec."""
    github = {
        "repo": string("OWNER/NAME of the repository.", maxLength=256),
        "branch": string("Branch, tag or commit.", default=DEFAULT_BRANCH, maxLength=256),
    }
    source = {
        "type": enum("What kind of registry it is.", SOURCE_TYPES),
        "github": obj("The repository, for type github.", github, ["repo"]),
        "configMap": obj(
            "The ConfigMap whose keys hold one entry or list each, for type configMap.",
            {"name": string("Name.", maxLength=253)},
            ["name"],
        ),
        "path": string(
            "Folder of the entries in the repository (type github, default servers), or one key (type configMap).",
            maxLength=1024,
        ),
    }
    secret = {
        "name": string("Name of the Secret.", maxLength=253),
        "key": string("Key that holds the token.", default=DEFAULT_TOKEN_KEY, maxLength=253),
    }
    filters = {
        "include": array("Names (globs) of entries to keep; all when empty.", _glob(), maxItems=1000),
        "exclude": array("Names (globs) of entries to leave out; wins over include.", _glob(), maxItems=1000),
    }
    properties = {
        "source": obj("Where the entries come from.", source, ["type"]),
        "url": string(
            "Address of the registry: required for http; the base of the API for official and github.", maxLength=2048
        ),
        "auth": obj(
            "Credentials of the source.",
            {"secretRef": obj("A Secret in the namespace of this object.", secret, ["name"])},
        ),
        "refreshInterval": string(
            "How often the source is read.", default=DEFAULT_INTERVAL, pattern=r"^[0-9]+(s|m|h)$", maxLength=16
        ),
        "filters": obj("Which entries are kept.", filters),
        "servers": array(
            "Exact names of the entries to keep; all when empty.", {"type": "string", "maxLength": 512}, maxItems=10000
        ),
    }
    return obj("Where entries come from and which are kept.", properties, ["source"])


def status() -> Schema:
    """MCPRegistry.status."""
    return obj(
        "What is.",
        {
            "phase": enum("One word.", PHASES),
            "message": string("Why, in a sentence."),
            "observedGeneration": {**integer("Generation that was read last.", 0), "format": "int64"},
            "lastSyncTime": string("When the source was last read with success.", format="date-time"),
            "observedRevision": string("What the source called its state then, or a digest of the entries."),
            "serversDiscovered": integer("How many entries are stored.", 0),
            "serversRejected": integer("How many entries could not be read.", 0),
            "rateLimitRemaining": integer("Requests that the source's limit leaves.", 0),
            "errors": array(
                f"What was wrong with entries, or with the last reading; at most {ERRORS_SHOWN}.",
                {"type": "string", "maxLength": 512},
                maxItems=ERRORS_SHOWN,
            ),
            "syncTrigger": string("The last value of the annotation mcp.allbeone.io/sync-trigger that was followed."),
            "sourceHash": string("Digest of the Secret and ConfigMap that the last reading used."),
            "failures": integer("Readings in a row that failed.", 0),
            "retryTime": string("When a failed reading is tried again.", format="date-time"),
            "conditions": conditions(),
        },
    )


def _glob() -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": 512}


def parse_interval(text: str) -> float:
    """Seconds of `30s`, `10m` or `2h`. Raises ValueError for anything else."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no interval; write 30s, 10m or 2h")
    return int(match[1]) * _UNITS[match[2]]


def resolve(registry: dict[str, Any]) -> ResolvedRegistry:
    """The effective registry. `registry` passed `validate`."""
    spec_ = registry.get("spec") or {}
    source, secret = spec_["source"], (spec_.get("auth") or {}).get("secretRef") or {}
    github, filters = source.get("github") or {}, spec_.get("filters") or {}
    official = OFFICIAL_URL if source["type"] == "official" else ""
    return ResolvedRegistry(
        type=source["type"],
        url=spec_.get("url") or official,
        repository=github.get("repo", ""),
        branch=github.get("branch") or DEFAULT_BRANCH,
        path=source.get("path", ""),
        config_map=(source.get("configMap") or {}).get("name", ""),
        secret=secret.get("name", ""),
        secret_key=secret.get("key") or DEFAULT_TOKEN_KEY,
        interval=max(parse_interval(spec_.get("refreshInterval") or DEFAULT_INTERVAL), MIN_INTERVAL_SECONDS),
        include=tuple(filters.get("include") or ()),
        exclude=tuple(filters.get("exclude") or ()),
        servers=tuple(spec_.get("servers") or ()),
    )


def validate(registry: dict[str, Any]) -> list[FieldError]:
    """Everything that is wrong with an MCPRegistry that its schema accepts."""
    spec_ = registry.get("spec") or {}
    return [*_source(spec_), *_url(spec_), *_rest(spec_)]


def _source(spec_: dict[str, Any]) -> Iterator[FieldError]:
    source = spec_.get("source") or {}
    kind, github = source.get("type"), source.get("github")
    if kind == "github" and not github:
        yield FieldError("spec.source.github", "say which repository, as repo: OWNER/NAME")
    elif github and kind != "github":
        yield FieldError("spec.source.github", f"goes with spec.source.type github, not {kind}")
    elif github and not _REPOSITORY.fullmatch(github["repo"]):
        yield FieldError("spec.source.github.repo", f"{github['repo']!r} is not OWNER/NAME")
    if kind == "configMap" and not source.get("configMap"):
        yield FieldError("spec.source.configMap", "say which ConfigMap, as name: NAME")
    elif source.get("configMap") and kind != "configMap":
        yield FieldError("spec.source.configMap", f"goes with spec.source.type configMap, not {kind}")
    path = source.get("path")
    if path and kind not in ("github", "configMap"):
        yield FieldError("spec.source.path", f"goes with spec.source.type github or configMap, not {kind}")
    elif path and ".." in path.split("/"):
        yield FieldError("spec.source.path", f"{path!r} leaves the repository")


def _url(spec_: dict[str, Any]) -> Iterator[FieldError]:
    kind, url = (spec_.get("source") or {}).get("type"), spec_.get("url")
    if not url:
        if kind == "http":
            yield FieldError("spec.url", "say where the entries are, as an http or https URL")
        return
    if kind in ("configMap", "builtin"):
        yield FieldError("spec.url", f"goes with spec.source.type http, official or github, not {kind}")
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        yield FieldError("spec.url", f"{url!r} is no http or https URL")
    elif parts.username or parts.password:
        yield FieldError("spec.url", "holds credentials; put them into a Secret and name it in spec.auth.secretRef")


def _rest(spec_: dict[str, Any]) -> Iterator[FieldError]:
    kind = (spec_.get("source") or {}).get("type")
    if (spec_.get("auth") or {}).get("secretRef") and kind in ("configMap", "builtin"):
        yield FieldError("spec.auth.secretRef", f"type {kind} needs no credentials")
    try:
        parse_interval(spec_.get("refreshInterval") or DEFAULT_INTERVAL)
    except ValueError as error:
        yield FieldError("spec.refreshInterval", str(error))
