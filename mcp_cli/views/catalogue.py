"""What commands show of the catalogue: rows, documents for programs, the long view of an entry. Pure.

Role: `ServerEntry` -> documents, tables and text. Called by `commands/registry/`. Texts come from strangers: control
characters never reach a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mcp_cli.output.table import Column, Table

if TYPE_CHECKING:
    from mcp_operator.catalog.model import ServerEntry, Variable

DESCRIPTION_WIDTH = 72
_PACKAGE_SOURCES = {"pypi": "pypi:", "npm": "npm:", "oci": ""}


def harmless(text: str) -> str:
    """The text without control characters and without those that turn the direction of writing."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def row(entry: ServerEntry) -> dict[str, Any]:
    """One entry of a list, for programs and for the table."""
    return {
        "name": harmless(entry.name),
        "title": harmless(entry.title),
        "description": harmless(entry.description),
        "version": harmless(entry.version),
        "source": entry.source,
        "runtime": entry.runtime,
        "transport": harmless(entry.transport),
        "package": harmless(what_runs(entry)),
        "categories": [harmless(word) for word in entry.categories],
        "tags": [harmless(word) for word in entry.tags],
    }


def rows(entries: Iterable[ServerEntry]) -> dict[str, Any]:
    """The document of a list: `items`, as in every list that this program prints."""
    return {"items": [row(entry) for entry in entries]}


def entry_table(document: dict[str, Any], empty: str) -> Table:
    columns = (
        Column("NAME", lambda item: item["name"]),
        Column("SOURCE", lambda item: item["source"]),
        Column("RUNTIME", lambda item: item["runtime"]),
        Column("PACKAGE", lambda item: item["package"], wide=True),
        Column("VERSION", lambda item: item["version"], wide=True),
        Column("CATEGORIES", lambda item: ",".join(item["categories"]), wide=True),
        Column("DESCRIPTION", lambda item: _short(item["description"] or item["title"])),
    )
    return Table.of(columns, document["items"], empty)


def inspection(entry: ServerEntry) -> dict[str, Any]:
    """Everything about one entry, under the keys that the former system printed and what it lacked."""
    return {
        "name": harmless(entry.name),
        "title": harmless(entry.title),
        "version": harmless(entry.version),
        "description": harmless(entry.description),
        "repository": harmless(entry.repository),
        "license": harmless(entry.license),
        "author": harmless(entry.author),
        "homepage": harmless(entry.homepage),
        "keywords": [harmless(word) for word in (*entry.categories, *entry.tags)],
        "source": entry.source,
        "runtime": {
            "type": entry.runtime,
            "runs": harmless(what_runs(entry)),
            "args": [harmless(word) for word in entry.packages[0].args] if entry.packages else [],
            "transport": harmless(entry.transport),
        },
        "config": entry.parameters,
        "volumes": [harmless(volume) for volume in entry.volumes],
        "environment": [_variable(variable) for variable in entry.env],
        "templatedigest": entry.digest,
    }


def inspection_text(entry: ServerEntry) -> str:
    """The same for a person: what it is, who publishes it, what it would run, what it wants."""
    facts = {
        "Name": entry.name,
        "Title": entry.title,
        "Version": entry.version,
        "Description": entry.description,
        "Source": entry.source,
        "Author": entry.author,
        "License": entry.license,
        "Repository": entry.repository,
        "Homepage": entry.homepage,
        "Keywords": ", ".join(dict.fromkeys((*entry.categories, *entry.tags))),
        "Runs": " ".join((what_runs(entry), *(entry.packages[0].args if entry.packages else ()))),
        "Runtime": entry.runtime,
        "Transport": entry.transport,
    }
    lines = [f"{key + ':':<13}{harmless(' '.join(value.split()))}" for key, value in facts.items() if value.strip()]
    lines += _section("Environment", [_variable_line(variable) for variable in entry.env])
    lines += _section("Parameters", [_parameter_line(name, entry.parameters) for name in _properties(entry.parameters)])
    lines += _section("Volumes", list(entry.volumes))
    return "\n".join([*lines, "", _next_step(entry)])


def what_runs(entry: ServerEntry) -> str:
    """`pypi:NAME`, `npm:NAME`, an image, or the address of a remote server."""
    if entry.packages:
        package = entry.packages[0]
        return _PACKAGE_SOURCES.get(package.kind, f"{package.kind}:") + package.identifier
    return entry.remotes[0].url if entry.remotes else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= DESCRIPTION_WIDTH else line[: DESCRIPTION_WIDTH - 1].rstrip() + "…"


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": harmless(variable.name),
        "description": harmless(variable.description),
        "required": variable.required,
        "secret": variable.secret,
        "value": None if variable.value is None else harmless(variable.value),
        "example": harmless(variable.example),
    }


def _variable_line(variable: Variable) -> str:
    marks = [word for word, holds in (("required", variable.required), ("secret", variable.secret)) if holds]
    notes = [", ".join(marks), variable.description]
    notes += [f"default {variable.value}"] if variable.value else []
    notes += [f"for example {variable.example}"] if variable.example else []
    return f"{variable.name}: {'; '.join(note for note in notes if note)}".rstrip(": ")


def _properties(parameters: dict[str, Any]) -> list[str]:
    properties = parameters.get("properties")
    return list(properties) if isinstance(properties, dict) else []


def _parameter_line(name: str, parameters: dict[str, Any]) -> str:
    schema = parameters["properties"][name]
    schema = schema if isinstance(schema, dict) else {}
    required = parameters.get("required")
    marks = [str(schema.get("type", ""))] + (["required"] if isinstance(required, list) and name in required else [])
    notes = [", ".join(mark for mark in marks if mark), str(schema.get("description", ""))]
    return f"{name}: {'; '.join(note for note in notes if note)}".rstrip(": ")


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {harmless(' '.join(line.split()))}" for line in lines)] if lines else []


def _next_step(entry: ServerEntry) -> str:
    if entry.runtime in ("python", "node", "docker"):
        return f"Deploy it: mcp deploy {harmless(entry.name)}"
    return "It cannot be deployed: somebody runs it already." if entry.remotes else "It cannot be deployed."
