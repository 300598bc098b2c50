"""The Docker MCP registry's layout: `servers/<name>/server.yaml`.

Role: text -> `ServerEntry`, and a directory of such files -> entries and what was wrong with the others. The layout's
facts: `image` on top (or `remote`), `run.command`, `run.volumes`, `config.secrets`, `config.env`, `config.parameters`,
with `{{name|filter}}` templates that refer to parameters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from mcp_operator.api.resolve import split_image
from mcp_operator.catalog.errors import CatalogError, MalformedEntry
from mcp_operator.catalog.model import Package, Remote, ServerEntry, Variable

MAX_DOCUMENT = 1024 * 1024
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_directory(path: Path, source: str) -> Iterator[ServerEntry | MalformedEntry]:
    """Every entry of a checkout (`path` holds `servers/`), in the order of their names.

    A document that cannot be read is yielded as the error that says why: one bad entry never hides the others.
    Raises CatalogError when there is no `servers` folder.
    """
    folder = path / "servers"
    if not folder.is_dir():
        raise CatalogError(
            f"{path} holds no folder 'servers'", "give the checkout's top: PATH/servers/<name>/server.yaml"
        )
    for document in sorted(folder.glob("*/server.yaml")):
        try:
            yield parse(_read(document), source, document.parent.name)
        except MalformedEntry as error:
            yield error


def parse(text: str, source: str, origin: str) -> ServerEntry:
    """The entry of one `server.yaml`; `origin` names the document in errors. Raises MalformedEntry."""
    document = _load(text, origin)
    about, meta = _object(document, "about", origin), _object(document, "meta", origin)
    config, project = _object(document, "config", origin), _object(document, "source", origin)
    name = document.get("name")
    if not isinstance(name, str) or not name.strip():
        raise MalformedEntry(f"{origin}: has no name")
    parameters = config.get("parameters") or {}
    return ServerEntry(
        name=name.strip(),
        source=source,
        title=_text(about.get("title")),
        description=_text(about.get("description") or config.get("description")),
        version=_version(document),
        categories=_words(meta.get("category")),
        tags=_words(meta.get("tags")),
        repository=_text(project.get("project")),
        packages=_packages(document, origin),
        remotes=_remotes(document, origin),
        env=tuple(_variables(config, parameters)),
        volumes=_words((document.get("run") or {}).get("volumes")),
        parameters=parameters if isinstance(parameters, dict) else {},
        digest=hashlib.sha256(text.encode()).hexdigest(),
        raw=text,
    )


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_DOCUMENT:
            raise MalformedEntry(f"{path}: larger than {MAX_DOCUMENT} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedEntry(f"{path}: {error}") from error


def _load(text: str, origin: str) -> dict[str, Any]:
    """One YAML mapping. Aliases are refused: no entry needs one, and a few of them expand to gigabytes."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_LOADER)):
            raise MalformedEntry(f"{origin}: uses YAML aliases")
        document = yaml.load(text, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        words = str(getattr(error, "problem", None) or error)
        raise MalformedEntry(f"{origin}: is no YAML: {words}") from error
    if not isinstance(document, dict):
        raise MalformedEntry(f"{origin}: is no mapping")
    return document


def _object(document: dict[str, Any], key: str, origin: str) -> dict[str, Any]:
    value = document.get(key) or {}
    if not isinstance(value, dict):
        raise MalformedEntry(f"{origin}: {key} is no mapping")
    return value


def _version(document: dict[str, Any]) -> str:
    image = document.get("image")
    return (split_image(image)[1] or "") if isinstance(image, str) else ""


def _packages(document: dict[str, Any], origin: str) -> tuple[Package, ...]:
    image = document.get("image")
    if not image:
        return ()
    if not isinstance(image, str):
        raise MalformedEntry(f"{origin}: image is no text")
    run = _object(document, "run", origin)
    repository, version = split_image(image)
    return (Package("oci", repository, version, args=_words(run.get("command"))),)


def _remotes(document: dict[str, Any], origin: str) -> tuple[Remote, ...]:
    remote = _object(document, "remote", origin)
    if not remote.get("url"):
        return ()
    headers = remote.get("headers") or {}
    return (Remote(_text(remote.get("transport_type")) or "streamable-http", _text(remote["url"]), tuple(headers)),)


def _variables(config: dict[str, Any], parameters: Any) -> Iterator[Variable]:
    for secret in _mappings(config.get("secrets")):
        if secret.get("env"):
            required = secret.get("required", True) is not False
            yield Variable(
                _text(secret["env"]),
                _text(secret.get("description")),
                required,
                True,
                None,
                _text(secret.get("example")),
            )
    needed = set(_words(parameters.get("required"))) if isinstance(parameters, dict) else set()
    for variable in _mappings(config.get("env")):
        if variable.get("name"):
            value = variable.get("value")
            text = None if value is None else _text(value)
            required = text is not None and any(f".{name}" in text for name in needed)
            example = _text(variable.get("example"))
            yield Variable(_text(variable["name"]), _text(variable.get("description")), required, False, text, example)


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _words(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(_text(item) for item in listed if item is not None)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
