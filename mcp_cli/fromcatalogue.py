"""An entry of the catalogue, with what flags and the person at the terminal say, as a plan to deploy.

Role: find the entry, ask for what is missing where somebody can answer, say the notes. Not its job: what an entry
becomes (`mcp_operator.catalog.to_server`) and writing it. Called by `deploy`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.entryvalues import EntryValues, secret_keys_of, values_of
from mcp_cli.errors import WrongUsage
from mcp_cli.session import Session, stdin_is_terminal

if TYPE_CHECKING:
    from mcp_operator.catalog.errors import Missing
    from mcp_operator.catalog.model import ServerEntry
    from mcp_operator.catalog.options import EntryOptions, Plan

    from mcp_cli.serverspec import ServerFlags


def split_version(text: str) -> tuple[str, str | None]:
    """`NAME@VERSION` -> its parts; a name of its own may begin with `@`."""
    name, at, version = text.rpartition("@")
    return (name, version) if at and name and version else (text, None)


def plan_entry(
    session: Session, text: str, registry: str | None, flags: ServerFlags, version: str | None, values: EntryValues
) -> Plan:
    """The plan of the entry that `text` names (`NAME` or `NAME@VERSION`); `flags.name` empty: one is derived.

    Raises CatalogError and WrongUsage; on a terminal it asks for missing values first.
    """
    from mcp_operator.catalog.naming import object_name
    from mcp_operator.catalog.options import EntryOptions

    from mcp_cli.serverspec import key_values

    name, wanted = split_version(text)
    if wanted and version:
        raise WrongUsage("NAME@VERSION and --version exclude each other", "Give the version once.")
    entry, pinned = _find(name, registry, wanted or version)
    options = EntryOptions(
        name=flags.name or object_name(entry.name),
        namespace="",
        version=pinned,
        runtime="docker" if flags.runtime == "stdio" else flags.runtime,
        command=flags.command,
        args=flags.args,
        env=key_values(flags.env, "--env"),
        secrets=flags.env_from_secret,
        values=values_of(values),
        secret_keys=secret_keys_of(values),
    )
    plan = _asking(entry, options)
    for note in plan.notes:
        session.say(f"note: {note}")
    return plan


def _find(name: str, registry: str | None, version: str | None) -> tuple[ServerEntry, str | None]:
    """The entry, and the version of the package that it does not say itself."""
    from mcp_operator.catalog.catalogue import open_catalogue
    from mcp_operator.catalog.errors import EntryNotFound

    with open_catalogue() as catalogue:
        if version:
            try:
                return catalogue.get(name, registry, version), None
            except EntryNotFound:
                return catalogue.get(name, registry), version
        return catalogue.get(name, registry), None


def _asking(entry: ServerEntry, options: EntryOptions) -> Plan:
    """Plan; where values are missing and a person is there, ask for them and plan again."""
    from mcp_operator.catalog.errors import MissingValues
    from mcp_operator.catalog.to_server import plan_server

    agreed = False
    while True:
        try:
            return plan_server(entry, options)
        except MissingValues as error:
            if not (stdin_is_terminal() and sys.stderr.isatty()):
                raise
            count = len(error.missing)
            question = f"{entry.name} needs {count} value{'s' if count > 1 else ''}. Enter {'them' if count > 1 else 'it'} now?"
            agreed = agreed or click.confirm(question, default=True, err=True)
            if not agreed:
                raise
            options = replace(options, values={**options.values, **_answers(error.missing)})


def _answers(missing: tuple[Missing, ...]) -> dict[str, Any]:
    return {one.key: _answer(one) for one in missing}


def _answer(one: Missing) -> str:
    """One value from the person; a secret is not shown, and goes into a Secret."""
    text = f"{one.key} ({one.description})" if one.description else one.key
    kind = click.Choice(one.choices) if one.choices else str
    answer: str = click.prompt(" ".join(text.split()), hide_input=one.secret, type=kind, err=True)
    return answer
