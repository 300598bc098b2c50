"""Everything about one entry of the catalogue: a document for programs, a page for people. Pure.

Role: `ServerEntry` -> what a person needs to know before deploying it: what it is, who publishes it, what it would run,
which secrets and parameters it wants. Called by `mcp registry inspect`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mcp_operator.catalog.cards import what_runs
from mcp_operator.catalog.errors import CatalogError, MissingValues
from mcp_operator.catalog.launch import COMMAND_UNKNOWN
from mcp_operator.catalog.options import EntryOptions
from mcp_operator.catalog.to_server import plan_server, problems

from mcp_cli.views.catalogue import harmless

if TYPE_CHECKING:
    from mcp_operator.catalog.model import ServerEntry, Variable

_CANNOT = {
    "mcpb": "It cannot be deployed: MCP bundles (mcpb) are for desktop clients.",
    "nuget": "It cannot be deployed: NuGet packages cannot run in a cluster.",
    "": "It cannot be deployed: it says neither what to run nor where it runs.",
}


class Asked(NamedTuple):
    """How the entry was asked for; `preferred` is the source that the name alone means, `sources` all that have it."""

    name: str
    preferred: str
    sources: tuple[str, ...]


def inspection(entry: ServerEntry) -> dict[str, Any]:
    """Everything about one entry, under the keys that the former system printed and what it lacked."""
    document = {
        "name": entry.name,
        "title": entry.title,
        "version": entry.version,
        "description": entry.description,
        "repository": entry.repository,
        "license": entry.license,
        "author": entry.author,
        "homepage": entry.homepage,
        "keywords": list(dict.fromkeys((*entry.categories, *entry.tags))),
        "source": entry.source,
        "status": entry.status,
        "published": entry.published_at,
        "updated": entry.updated_at,
        "runtime": {
            "type": entry.runtime,
            "runs": what_runs(entry),
            "args": list(entry.package.args) if entry.package else [],
            "transport": entry.transport,
        },
        "packages": [
            {"type": one.kind, "name": one.identifier, "version": one.version or "", "transport": one.transport}
            for one in entry.packages
        ],
        "remotes": [{"url": one.url, "transport": one.transport} for one in entry.remotes],
        "capabilities": _capabilities(entry),
        "config": entry.parameters,
        "volumes": list(entry.volumes),
        "secrets": [one.name for one in wanted(entry.env) if one.secret],
        "environment": [_variable(one) for one in wanted(entry.env)],
        "problems": list(problems(entry)),
        "templatedigest": entry.digest,
    }
    return {key: _harmless(value) for key, value in document.items()}


def inspection_text(entry: ServerEntry, asked: Asked) -> str:
    """The same for a person: what it is, who publishes it, what it would run, what it wants."""
    package = entry.package
    facts = {
        "Name": entry.name,
        "Title": entry.title,
        "Version": entry.version,
        "Status": "" if entry.status == "active" else entry.status,
        "Description": entry.description,
        "Source": entry.source,
        "Also in": ", ".join(f"{one} (--source {one})" for one in asked.sources if one != entry.source),
        "Author": entry.author,
        "License": entry.license,
        "Published": entry.published_at.partition("T")[0],
        "Repository": entry.repository,
        "Homepage": entry.homepage,
        "Keywords": ", ".join(dict.fromkeys((*entry.categories, *entry.tags))),
        "Runs": " ".join((what_runs(entry), *(package.args if package and entry.runtime != "remote" else ()))),
        "Runtime": entry.runtime,
        "Transport": entry.transport,
        "Login": ", ".join(one.provider for one in entry.oauth),
        "Network": "none" if entry.disable_network else ", ".join(entry.allow_hosts),
    }
    lines = [f"{key + ':':<13}{_line(value)}" for key, value in facts.items() if value.strip()]
    variables = wanted(entry.env)
    title = "Headers" if entry.runtime == "remote" else "Environment"
    lines += _section("Secrets", [_variable_line(one) for one in variables if one.secret])
    lines += _section(title, [_variable_line(one) for one in variables if not one.secret])
    lines += _section("Parameters", [_parameter_line(name, entry.parameters) for name in _properties(entry.parameters)])
    lines += _section("Volumes", list(entry.volumes))
    lines += _section("Problems", list(problems(entry)))
    return "\n".join([*lines, "", _next_step(entry, asked)])


def wanted(variables: tuple[Variable, ...]) -> list[Variable]:
    """The variables, each followed by the parts that its template is made of."""
    return [one for variable in variables for one in (variable, *wanted(variable.variables))]


def _capabilities(entry: ServerEntry) -> list[str]:
    """What it can be spoken to by."""
    spoken = [*(one.transport for one in entry.packages), *(one.transport for one in entry.remotes)]
    return list(dict.fromkeys(spoken))


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "key": variable.key,
        "description": variable.description,
        "required": variable.required,
        "secret": variable.secret,
        "value": variable.value,
        "default": variable.default,
        "choices": list(variable.choices),
        "example": variable.example,
    }


def _variable_line(variable: Variable) -> str:
    marks = [word for word, holds in (("required", variable.required), ("secret", variable.secret)) if holds]
    notes = [", ".join(marks), variable.description]
    notes += [f"set to {variable.value}"] if variable.value else []
    notes += [f"default {variable.default}"] if variable.default else []
    notes += [f"one of {', '.join(variable.choices)}"] if variable.choices else []
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
    notes += [f"default {schema['default']}"] if "default" in schema else []
    return f"{name}: {'; '.join(note for note in notes if note)}".rstrip(": ")


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {_line(line)}" for line in lines)] if lines else []


def _line(text: str) -> str:
    return harmless(" ".join(text.split()))


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        return {harmless(str(key)): _harmless(item) for key, item in value.items()}
    return [_harmless(item) for item in value] if isinstance(value, list) else value


def _next_step(entry: ServerEntry, asked: Asked) -> str:
    if entry.status == "deleted":
        return "Its publisher has taken it back: look for another one with mcp registry search."
    if entry.runtime in _CANNOT:
        return _CANNOT[entry.runtime]
    source = () if asked.preferred == entry.source else ("--registry", entry.source)
    try:
        words = ("mcp", "deploy", asked.name, *source, *_needed(entry))
    except CatalogError as error:
        return f"It cannot be deployed: {_line(str(error).removeprefix(f'{entry.name}: '))}."
    return f"Deploy it: {harmless(' '.join(words))}"


def _needed(entry: ServerEntry) -> list[str]:
    """The flags without which a deployment stops at once. Raises CatalogError where none helps."""
    command = ["--command", "WORD"] if COMMAND_UNKNOWN in problems(entry) else []
    try:
        plan_server(entry, EntryOptions(name="server", namespace=""))
    except MissingValues as error:
        return command + [one.flag for one in error.missing]
    return command
