"""An entry of the Docker layout -> the parts of a spec that say what runs. Pure.

Role: its parameters, secrets, templates, volumes, user and network. Called by `to_server.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcp_operator.catalog.environment import environment
from mcp_operator.catalog.fields import mapping, words
from mcp_operator.catalog.launch import COMMAND_UNKNOWN, image_of, user_of
from mcp_operator.catalog.model import Package, ServerEntry, Variable
from mcp_operator.catalog.network import ANNOTATION_ALLOWED_HOSTS, network_note, network_policy
from mcp_operator.catalog.options import EntryOptions, Manifest, SecretKey
from mcp_operator.catalog.templates import expand, templates
from mcp_operator.catalog.values import Values, escape
from mcp_operator.catalog.volumes import Mounts, begins_with_given, split_mount

_SHELL_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


class Parameters:
    """The parameters of an entry: what was given for them, else their defaults."""

    def __init__(self, entry: ServerEntry, values: Values) -> None:
        self._entry = entry
        self._values = values

    def lookup(self, name: str) -> Any:
        """The value that a template's name stands for; None where there is none, noted as missing if required."""
        path = self.path(name)
        schema = self._schema(path)
        given = self.given(name)
        if isinstance(given, SecretKey):
            return self._values.refer(path, given)
        if given is not None:
            return self._checked(path, schema, given)
        if schema.get("default") is not None:
            return _escaped(schema["default"])
        if self._required(path):
            description = str(schema.get("description", ""))
            choices = words(schema.get("enum") or [])
            self._values.miss(Variable(path, description, required=True, choices=choices), path)
        return None

    def given(self, name: str) -> Any:
        """What a person said for it, under its name with or without that of the entry before it."""
        path = self.path(name)
        return self._values.given(path, f"{self._entry.name}.{path}")

    def path(self, name: str) -> str:
        return name.removeprefix(f"{self._entry.name}.")

    def _schema(self, path: str) -> Mapping[str, Any]:
        schema: Mapping[str, Any] = self._entry.parameters
        for part in path.split("."):
            schema = mapping(mapping(schema.get("properties")).get(part))
        return schema

    def _required(self, path: str) -> bool:
        """Whether each step of the path is required where it stands; of alternatives, the first one is."""
        schema: Mapping[str, Any] = self._entry.parameters
        for part in path.split("."):
            alternatives = schema.get("anyOf") or schema.get("oneOf") or []
            first = mapping(alternatives[0]) if isinstance(alternatives, list) and alternatives else {}
            if part not in (*words(schema.get("required") or []), *words(first.get("required") or [])):
                return False
            schema = mapping(mapping(schema.get("properties")).get(part))
        return True

    def _checked(self, path: str, schema: Mapping[str, Any], given: Any) -> Any:
        if isinstance(given, str) and schema.get("type") == "array":
            given = [one.strip() for one in given.split(",") if one.strip()]
        allowed = words(schema.get("enum") or [])
        if allowed and not isinstance(given, list) and str(given) not in allowed:
            self._values.refuse(f"{path}: {str(given)!r} is none of {', '.join(allowed)}")
        return _escaped(given)


def docker_spec(
    entry: ServerEntry, package: Package, values: Values, options: EntryOptions
) -> tuple[Manifest, dict[str, str]]:
    """The spec's parts, and annotations that go with them. Raises TemplateError."""
    parameters = Parameters(entry, values)
    variables = {variable.name for variable in package.env}
    runtime: Manifest = {"type": "docker", "image": image_of(package, options.version)}
    args = list(options.args) or _command_line(package, parameters, variables)
    runtime |= {key: value for key, value in {"command": list(options.command), "args": args}.items() if value}
    spec: Manifest = {"runtime": runtime, "transport": {"type": package.transport}}
    spec |= _filled(env=_environment(package, parameters, values, options), **_mounted(entry, parameters, values))
    policy = network_policy(entry)
    if policy is not None:
        spec["networkPolicy"] = policy
    spec |= user_of(" ".join(expand(entry.user, parameters.lookup) or []), values)
    if package.transport == "stdio" and not options.command:
        values.note(COMMAND_UNKNOWN)
    if network_note(entry):
        values.note(network_note(entry))
        return spec, {ANNOTATION_ALLOWED_HOSTS: ",".join(entry.allow_hosts)}
    return spec, {}


def _command_line(package: Package, parameters: Parameters, variables: set[str]) -> list[str]:
    """The words of `run.command`; one whose parameter has no value is left out."""
    found: list[str] = []
    for argument in package.arguments:
        for word in expand(argument.value or "", parameters.lookup) or []:
            found.append(_referring(word, variables))
    return found


def _environment(
    package: Package, parameters: Parameters, values: Values, options: EntryOptions
) -> list[dict[str, Any]]:
    names = {variable.name for variable in package.env}

    def resolve(variable: Variable) -> str | SecretKey | None:
        if variable.value is not None:
            found = expand(variable.value, parameters.lookup)
            if found is not None:
                return _referring(" ".join(found), names - {variable.name})
            return escape(variable.default) if variable.default is not None else None
        if options.secrets and (variable.secret or variable.required):
            return None
        return values.resolve(variable, in_env=True)

    found = environment(package.env, values, options, resolve)
    # A variable that refers to others has to stand behind them.
    return sorted(found, key=lambda item: "$(" in str(item.get("value", "")))


def _mounted(entry: ServerEntry, parameters: Parameters, values: Values) -> dict[str, Any]:
    mounts = Mounts()
    for text in entry.volumes:
        listed = templates(text)
        first = parameters.given(listed[0].name) if listed else None
        if isinstance(first, SecretKey):
            mounts.add_secret(split_mount(text.replace(listed[0].source, "source"))[1], first)
            continue
        filled = [template.source for template in listed if parameters.given(template.name) is not None]
        for mount in expand(text, parameters.lookup) or []:
            mounts.add(mount, given=begins_with_given(text, filled))
    for note in mounts.notes:
        values.note(note)
    return {"volumes": mounts.volumes, "volumeMounts": mounts.mounts}


def _referring(text: str, variables: set[str]) -> str:
    """`$NAME` and `${NAME}` of a declared variable as Kubernetes writes them."""

    def shown(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return f"$({name})" if name in variables else found[0]

    return _SHELL_VARIABLE.sub(shown, text)


def _escaped(value: Any) -> Any:
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return escape(value) if isinstance(value, str) else value


def _filled(**parts: Any) -> Manifest:
    return {key: value for key, value in parts.items() if value}
