"""An entry of the catalogue and the flags that answer its questions -> a server's manifest and the Secret it needs.

Role: look the entry up, hand the answers to `mcp_operator.catalog`, ask for those that are missing where a person is
there. Asks no cluster. Called by `deploy`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_operator.api.names import CREATED_BY, LABEL_CREATED_BY, LABEL_INSTANCE
from mcp_operator.catalog.catalogue import open_catalogue
from mcp_operator.catalog.naming import object_name
from mcp_operator.catalog.to_server import EntryOptions, SecretKey, plan_server

from mcp_cli.askingvalues import asking
from mcp_cli.errors import WrongUsage
from mcp_cli.serverspec import key_values

if TYPE_CHECKING:
    from mcp_operator.catalog.model import ServerEntry

    from mcp_cli.serverspec import ServerFlags


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entry, and what `--set` and `--secret` answer."""

    entry: str
    registry: str | None = None
    version: str | None = None
    values: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The manifest, what a person should know of it, and the Secret for what was given as a plain secret value."""

    server: dict[str, Any]
    notes: tuple[str, ...] = ()
    secret: dict[str, Any] | None = None


def from_catalogue(choice: Choice, flags: ServerFlags) -> Found:
    """Raises the catalogue's errors, which are written for people."""
    entry, version = _find(choice)
    options = EntryOptions(
        name=flags.name if flags.name != choice.entry else object_name(entry.name),
        namespace="",
        version=version,
        runtime="docker" if flags.runtime == "stdio" else flags.runtime,
        command=flags.command,
        args=flags.args,
        env=key_values(flags.env, "--env"),
        secrets=flags.env_from_secret,
        values=_values(choice),
        secret_keys=_secret_keys(choice.secrets),
    )
    plan = asking(entry.name, lambda more: plan_server(entry, replace(options, values={**options.values, **more})))
    metadata = {key: value for key, value in plan.manifest["metadata"].items() if value}
    secret = _secret(options.name, plan.secret_name, dict(plan.secret_values)) if plan.secret_values else None
    return Found(plan.manifest | {"metadata": metadata}, plan.notes, secret)


def _find(choice: Choice) -> tuple[ServerEntry, str | None]:
    """The entry, and the version of its package where that is another than it says.

    `NAME@VERSION` has to be a version that the catalogue knows, where it knows any; `--version` need not be.
    """
    name, at, version = choice.entry.rpartition("@")
    name, asked = (name, version) if at and name and version else (choice.entry, None)
    if asked and choice.version:
        raise WrongUsage("NAME@VERSION and --version exclude each other", "Give the version once.")
    with open_catalogue() as catalogue:
        wanted = asked or choice.version
        if not wanted:
            return catalogue.get(name, choice.registry), None
        known = {one.version for one in catalogue.versions(name, choice.registry)}
        if wanted in known or (asked and any(known)):
            return catalogue.get(f"{name}@{wanted}", choice.registry), None
        return catalogue.get(name, choice.registry), wanted


def _values(choice: Choice) -> dict[str, Any]:
    """Those of the files, later files over earlier ones, and over all what --set says."""
    values: dict[str, Any] = {}
    for name in choice.files:
        values |= _read(name)
    return values | key_values(choice.values, "--set")


def _read(name: str) -> dict[str, Any]:
    from mcp_cli.documents import Unreadable, documents_of

    try:
        documents = documents_of(Path(name).read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise WrongUsage(f"--values {name} is neither YAML nor JSON", "Correct the file.") from error
    except Unreadable as error:
        raise WrongUsage(f"--values {name} {error}", "Correct the file.") from error
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise WrongUsage(f"--values {name} holds no values", "It is an object, for example api_key: abc.")
    return documents[0]


def _secret_keys(pairs: tuple[str, ...]) -> dict[str, SecretKey]:
    """`KEY=SECRET/KEY` pairs. What is refused is not repeated: it may be the secret itself, in the wrong place."""
    found = {}
    for pair in pairs:
        key, _, place = pair.partition("=")
        name, slash, name_of_key = place.partition("/")
        if not (key and name and slash and name_of_key):
            words = f"--secret {key}=... " if "=" in pair else "--secret "
            raise WrongUsage(f"{words}names no key of a Secret", "For example --secret api_key=my-secret/token.")
        found[key] = SecretKey(name, name_of_key)
    return found


def _secret(server: str, name: str, values: dict[str, str]) -> dict[str, Any]:
    labels = {LABEL_INSTANCE: server, LABEL_CREATED_BY: CREATED_BY}
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labels}, "data": data}


def owned(secret: dict[str, Any], server: dict[str, Any]) -> dict[str, Any]:
    """The Secret as a child of the server that was written, so that it goes with it."""
    metadata = server["metadata"]
    owner = {key: server[key] for key in ("apiVersion", "kind")} | {key: metadata[key] for key in ("name", "uid")}
    placed = {**secret["metadata"], "namespace": metadata["namespace"], "ownerReferences": [owner]}
    return secret | {"metadata": placed}
