"""The official MCP registry's format: one item of its lists, `{"server": {...}, "_meta": {...}}`, or a bare server.

Role: document -> `ServerEntry`, for every version of the schema since July 2025 (names in camelCase and snake_case).
What is missing or of an odd type is left out where the entry can be used without it. Pure; called by the sources.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from mcp_operator.api.resolve import split_image
from mcp_operator.catalog.errors import MalformedEntry
from mcp_operator.catalog.fields import capabilities, first, flag, mapping, mappings, optional_text, text, words
from mcp_operator.catalog.model import Argument, Package, PackageKind, Remote, ServerEntry, Status, Variable

OFFICIAL_META = "io.modelcontextprotocol.registry/official"
PUBLISHER_META = "io.modelcontextprotocol.registry/publisher-provided"
_KINDS: dict[str, PackageKind] = {
    "npm": "npm",
    "pypi": "pypi",
    "oci": "oci",
    "docker": "oci",
    "docker-hub": "oci",
    "mcpb": "mcpb",
    "dxt": "mcpb",
    "nuget": "nuget",
}
_TRANSPORTS = {"http": "streamable-http", "streamable": "streamable-http", "streamable_http": "streamable-http"}
_KEEPS_SECRETS = re.compile(r"authorization|api[-_]?key|token|secret|password", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")
# The schema allows one level: the parts of a template have values, not templates. Some registries are not as strict.
_DEEPEST_VARIABLES = 8
_PART = re.compile(r"\{([^{}\s]+)\}")


def parse(document: str | dict[str, Any], source: str, origin: str) -> ServerEntry:
    """The entry of one item; `origin` names it in errors. Raises MalformedEntry."""
    item = _load(document, origin)
    server = mapping(item.get("server")) or item
    name = text(server.get("name"))
    origin = f"{origin}: {name}" if name and name not in origin else origin
    if not name:
        raise MalformedEntry(f"{origin}: has no name")
    meta = _meta(item, server)
    raw = _raw(item, origin)
    return ServerEntry(
        name=name,
        source=source,
        title=text(server.get("title")),
        description=text(server.get("description")),
        version=text(first(server, "version") or mapping(server.get("version_detail")).get("version")),
        capabilities=capabilities(_provided(item, server).get("capabilities") or []),
        author=_publisher(name),
        license=text(server.get("license")),
        repository=_repository(server),
        homepage=text(first(server, "websiteUrl", "website_url")),
        status=_status(meta, server),
        published_at=text(first(meta, "publishedAt", "published_at")),
        updated_at=text(first(meta, "updatedAt", "updated_at")),
        latest=first(meta, "isLatest", "is_latest") is not False,
        packages=tuple(_package(one, server, origin) for one in _list(server, "packages", origin)),
        remotes=tuple(_remote(one, origin) for one in _list(server, "remotes", origin)),
        digest=hashlib.sha256(raw.encode()).hexdigest(),
        raw=raw,
    )


def _load(document: str | dict[str, Any], origin: str) -> dict[str, Any]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise MalformedEntry(f"{origin}: is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedEntry(f"{origin}: is no JSON object")
    return document


def _raw(item: dict[str, Any], origin: str) -> str:
    """The document as one line; halves of surrogate pairs, which no file can hold, stay escaped."""
    try:
        raw = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
    except RecursionError as error:
        raise MalformedEntry(f"{origin}: is nested too deeply") from error
    return raw if raw.isascii() or not _SURROGATE.search(raw) else json.dumps(item, separators=(",", ":"))


def _list(server: dict[str, Any], key: str, origin: str) -> list[dict[str, Any]]:
    listed = server.get(key) or []
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise MalformedEntry(f"{origin}: {key} is no list of objects")
    return listed


def _meta(item: dict[str, Any], server: dict[str, Any]) -> dict[str, Any]:
    """What the registry itself says of the entry; it stood inside the server once."""
    for holder in (item, server):
        found = mapping(mapping(holder.get("_meta")).get(OFFICIAL_META))
        if found:
            return found
    return {}


def _provided(item: dict[str, Any], server: dict[str, Any]) -> dict[str, Any]:
    """What the publisher has added."""
    holders = (mapping(mapping(holder.get("_meta")).get(PUBLISHER_META)) for holder in (server, item))
    return next((found for found in holders if found), {})


def _status(meta: dict[str, Any], server: dict[str, Any]) -> Status:
    found = text(meta.get("status") or server.get("status"))
    return "deprecated" if found == "deprecated" else "deleted" if found == "deleted" else "active"


def _repository(server: dict[str, Any]) -> str:
    found = server.get("repository")
    return text(mapping(found).get("url")) if isinstance(found, dict) else text(found)


def _publisher(name: str) -> str:
    """Who holds the namespace: `io.github.OWNER`, or a domain written backwards."""
    space, slash, _ = name.partition("/")
    if not slash:
        return ""
    if space.startswith("io.github."):
        return space.removeprefix("io.github.")
    return ".".join(reversed(space.split(".")))


def _package(document: dict[str, Any], server: dict[str, Any], origin: str) -> Package:
    named = text(first(document, "registryType", "registry_type", "registry_name")).lower()
    kind = _KINDS.get(named)
    if kind is None:
        raise MalformedEntry(f"{origin}: a package of the unknown registry {named!r}")
    base = text(first(document, "registryBaseUrl", "registry_base_url"))
    identifier = text(first(document, "identifier", "name"))
    if not identifier:
        raise MalformedEntry(f"{origin}: a package of {named} has no identifier")
    version = text(document.get("version")) or None
    if kind == "oci":
        identifier, version = _image(identifier, version, base)
    transport = mapping(document.get("transport"))
    return Package(
        kind=kind,
        identifier=identifier,
        version=version,
        arguments=_arguments(first(document, "packageArguments", "package_arguments")),
        runtime_hint=text(first(document, "runtimeHint", "runtime_hint")),
        runtime_arguments=_arguments(first(document, "runtimeArguments", "runtime_arguments")),
        env=_variables(first(document, "environmentVariables", "environment_variables")),
        transport=_transport(transport.get("type"), "stdio"),
        url=text(transport.get("url")),
        headers=_headers(transport.get("headers")),
        registry_url=base,
    )


def _image(identifier: str, version: str | None, base: str) -> tuple[str, str | None]:
    """`(repository, tag or digest)`. The host stood in the base URL once; a digest stands after a colon at times."""
    repository, tag = identifier, version
    if ":sha256:" in identifier:
        repository, _, digest = identifier.partition(":sha256:")
        tag = f"sha256:{digest}"
    elif split_image(identifier)[1]:
        repository, tag = split_image(identifier)
    host = base.rpartition("//")[2].strip("/")
    if host and host != "docker.io" and "." not in repository.partition("/")[0]:
        repository = f"{host}/{repository}"
    return repository, tag


def _remote(document: dict[str, Any], origin: str) -> Remote:
    url = text(document.get("url"))
    if not url:
        raise MalformedEntry(f"{origin}: a remote has no url")
    kind = _transport(first(document, "type", "transport_type"), "streamable-http")
    declared = _variables_of(document)
    return Remote(kind, url, _headers(document.get("headers"), declared), _parts(url, declared, True, False))


def _transport(value: Any, otherwise: str) -> str:
    named = text(value).lower() or otherwise
    return _TRANSPORTS.get(named, named)


def _variables(value: Any) -> tuple[Variable, ...]:
    """Environment variables: each name once, the last one said holds."""
    found = {text(one.get("name")): one for one in mappings(value)}
    return tuple(Variable(name, **_value(one)) for name, one in found.items() if name)


def _headers(value: Any, shared: tuple[Variable, ...] = ()) -> tuple[Variable, ...]:
    """Headers; one that carries a credential is a secret even where nobody said so."""
    headers = []
    for one in mappings(value):
        name, fixed = text(one.get("name")), optional_text(one.get("value"))
        if name:
            confidential = bool(_KEEPS_SECRETS.search(name)) and (fixed is None or bool(_PART.search(fixed)))
            headers.append(Variable(name, **_value(one | ({"isSecret": True} if confidential else {}), shared)))
    return tuple(headers)


def _arguments(value: Any) -> tuple[Argument, ...]:
    return tuple(_argument(one) for one in mappings(value))


def _argument(document: dict[str, Any]) -> Argument:
    """A named argument without dashes is one whose dashes were forgotten; one without a type shows it by its name."""
    name, positional = text(document.get("name")), text(document.get("type")) == "positional"
    if positional:
        name = ""
    elif name and not name.startswith("-"):
        name = f"--{name}"
    hint = text(first(document, "valueHint", "value_hint"))
    repeated = flag(first(document, "isRepeated", "is_repeated"))
    return Argument(name, **_value(document), repeated=repeated, hint=hint)


def _value(document: dict[str, Any], shared: tuple[Variable, ...] = (), depth: int = 0) -> dict[str, Any]:
    """What every kind of value has in common; `depth` counts the variables that it stands in."""
    value = optional_text(document.get("value"))
    required, secret = (
        flag(first(document, *keys)) for keys in (("isRequired", "is_required"), ("isSecret", "is_secret"))
    )
    return {
        "description": text(document.get("description")),
        "required": required,
        "secret": secret,
        "value": value,
        "example": text(document.get("placeholder")),
        "default": optional_text(document.get("default")),
        "choices": words(document.get("choices") or []),
        "format": text(document.get("format")),
        "variables": _parts(value, _variables_of(document, depth) + shared, required, secret),
    }


def _variables_of(document: dict[str, Any], depth: int = 0) -> tuple[Variable, ...]:
    declared = mapping(document.get("variables")) if depth < _DEEPEST_VARIABLES else {}
    inside = ((name, one) for name, one in declared.items() if name and isinstance(one, dict))
    return tuple(Variable(name, **_value(one, depth=depth + 1)) for name, one in inside)


def _parts(value: str | None, declared: tuple[Variable, ...], required: bool, secret: bool) -> tuple[Variable, ...]:
    """The variables of a template in their order; one that nobody declared is what its holder is."""
    known = {one.name: one for one in declared}
    names = dict.fromkeys(_PART.findall(value or ""))
    return tuple(known.get(name) or Variable(name, required=required, secret=secret) for name in names)
