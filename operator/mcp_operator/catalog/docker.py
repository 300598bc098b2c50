"""The Docker MCP registry's layout: `servers/<name>/server.yaml`.

Role: text -> `ServerEntry`, and a directory of such files -> entries and what was wrong with the others. The layout's
facts: `image` on top (or `remote`), `run` (command, volumes, env, user, network), `config.secrets`, `config.env`,
`config.parameters`, with `{{name|filter}}` templates that refer to parameters (`templates.py`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcp_operator.api.resolve import split_image
from mcp_operator.catalog.errors import CatalogError, MalformedEntry
from mcp_operator.catalog.fields import capabilities, mapping, mappings, optional_text, plain, text, words
from mcp_operator.catalog.model import Argument, OAuth, Package, Remote, ServerEntry, Variable
from mcp_operator.catalog.plainyaml import documents

MAX_DOCUMENT = 1024 * 1024
_SHELL_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


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


def parse(document: str, source: str, origin: str) -> ServerEntry:
    """The entry of one `server.yaml`; `origin` names the document in errors. Raises MalformedEntry."""
    server = _load(document, origin)
    about, meta = _object(server, "about", origin), _object(server, "meta", origin)
    config, project = _object(server, "config", origin), _object(server, "source", origin)
    run = _object(server, "run", origin)
    name = text(server.get("name"))
    if not name:
        raise MalformedEntry(f"{origin}: has no name")
    return ServerEntry(
        name=name,
        source=source,
        title=text(about.get("title")),
        description=text(about.get("description") or config.get("description")),
        version=_version(server),
        categories=words(meta.get("category")),
        tags=words(meta.get("tags")),
        capabilities=capabilities({"tools": server.get("tools")}),
        repository=text(project.get("project")),
        layout="docker",
        kind=text(server.get("type")) or "server",
        packages=_packages(server, run, config, origin),
        remotes=_remotes(_object(server, "remote", origin), config),
        parameters=_parameters(config),
        volumes=words(run.get("volumes")),
        user=text(run.get("user")),
        disable_network=run.get("disableNetwork") is True,
        allow_hosts=words(run.get("allowHosts")),
        oauth=tuple(_login(one) for one in mappings(server.get("oauth"))),
        digest=hashlib.sha256(document.encode("utf-8", "replace")).hexdigest(),
        raw=document,
    )


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_DOCUMENT:
            raise MalformedEntry(f"{path}: larger than {MAX_DOCUMENT} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedEntry(f"{path}: {error}") from error


def _load(document: str, origin: str) -> dict[str, Any]:
    """One YAML mapping."""
    found = documents(document, origin)
    if len(found) > 1:
        raise MalformedEntry(f"{origin}: is no YAML: expected a single document in the stream")
    loaded = found[0] if found else None
    if not isinstance(loaded, dict):
        raise MalformedEntry(f"{origin}: is no mapping")
    return loaded


def _object(document: dict[str, Any], key: str, origin: str) -> dict[str, Any]:
    value = document.get(key) or {}
    if not isinstance(value, dict):
        raise MalformedEntry(f"{origin}: {key} is no mapping")
    return value


def _version(document: dict[str, Any]) -> str:
    image = document.get("image")
    return (split_image(image)[1] or "") if isinstance(image, str) else ""


def _packages(
    document: dict[str, Any], run: dict[str, Any], config: dict[str, Any], origin: str
) -> tuple[Package, ...]:
    image = document.get("image")
    if not image:
        return ()
    if not isinstance(image, str):
        raise MalformedEntry(f"{origin}: image is no text")
    repository, version = split_image(image.strip())
    arguments = tuple(Argument("", value=word) for word in words(run.get("command")))
    return (Package("oci", repository, version, arguments=arguments, env=_environment(run, config)),)


def _remotes(remote: dict[str, Any], config: dict[str, Any]) -> tuple[Remote, ...]:
    """The templates of headers are the shell's, `Bearer ${NAME}`; `NAME` is the variable of a secret."""
    if not remote.get("url"):
        return ()
    secrets = {secret.name: secret for secret in _secrets(config)}
    headers = []
    for name, value in mapping(remote.get("headers")).items():
        template = _SHELL_VARIABLE.sub(lambda found: f"{{{found[1] or found[2]}}}", text(value))
        parts = [found[1] or found[2] for found in _SHELL_VARIABLE.finditer(text(value))]
        variables = tuple(secrets.get(part) or Variable(part, required=True, secret=True) for part in parts)
        required, secret = any(one.required for one in variables), any(one.secret for one in variables)
        headers.append(Variable(text(name), required=required, secret=secret, value=template, variables=variables))
    return (Remote(text(remote.get("transport_type")) or "streamable-http", text(remote["url"]), tuple(headers)),)


def _parameters(config: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of what a person may set; one entry has it in `config` itself."""
    schema = config.get("parameters")
    if not schema and isinstance(config.get("properties"), dict):
        schema = {key: config[key] for key in ("type", "properties", "required") if key in config}
    return mapping(plain(schema))


def _environment(run: dict[str, Any], config: dict[str, Any]) -> tuple[Variable, ...]:
    """Each variable once: a secret comes before a parameter of the same name, both before what `run` fixes."""
    needed = set(words(_parameters(config).get("required") or []))
    fixed = (Variable(text(name), value=text(value)) for name, value in mapping(run.get("env")).items())
    listed = [*_secrets(config), *_parameter_variables(config, needed), *fixed]
    found: dict[str, Variable] = {}
    for variable in listed:
        found.setdefault(variable.name, variable)
    return tuple(found.values())


def _secrets(config: dict[str, Any]) -> Iterator[Variable]:
    for secret in mappings(config.get("secrets")):
        if text(secret.get("env")):
            yield Variable(
                text(secret["env"]),
                text(secret.get("description")),
                required=secret.get("required", True) is not False,
                secret=True,
                example=text(secret.get("example")),
                key=text(secret.get("name")),
            )


def _parameter_variables(config: dict[str, Any], needed: set[str]) -> Iterator[Variable]:
    """What `config.env` says; an item with both `name` and `env` is a secret that stands in the wrong list."""
    for variable in mappings(config.get("env")):
        key, name = text(variable.get("name")), text(variable.get("env") or variable.get("name"))
        value = optional_text(variable.get("value"))
        refers = value is not None and any(f".{parameter}" in value for parameter in needed)
        if name:
            yield Variable(
                name,
                text(variable.get("description")),
                required=refers or variable.get("required") is True,
                secret=key != name,
                value=value,
                example=text(variable.get("example")),
                default=optional_text(variable.get("default")),
                key=key if key != name else "",
            )


def _login(document: dict[str, Any]) -> OAuth:
    return OAuth(text(document.get("provider")), text(document.get("env")), text(document.get("secret")))
