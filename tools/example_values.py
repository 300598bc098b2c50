"""Values for everything that an entry of the catalogue requires, made up from what it says of them.

Called by the catalogue report and by tests: an entry is planned, and what is missing is given until nothing is.
"""

from __future__ import annotations

import re
from dataclasses import replace

from mcp_operator.catalog.errors import Missing, MissingValues
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.catalog.naming import object_name
from mcp_operator.catalog.options import EntryOptions, Plan, SecretKey
from mcp_operator.catalog.to_server import plan_server

SECRET = "made-up"
_ROUNDS = 5


def plan_with_examples(entry: ServerEntry, namespace: str = "default") -> tuple[Plan, list[Missing]]:
    """The plan with made-up values, and what had to be made up. Raises CatalogError."""
    options = EntryOptions(object_name(entry.name), namespace)
    made_up: list[Missing] = []
    for _ in range(_ROUNDS):
        try:
            return plan_server(entry, options), made_up
        except MissingValues as error:
            made_up += error.missing
            options = _with(options, error.missing)
    return plan_server(entry, options), made_up


def _with(options: EntryOptions, missing: tuple[Missing, ...]) -> EntryOptions:
    env, values, secrets = dict(options.env), dict(options.values), dict(options.secret_keys)
    for one in missing:
        if one.flag.startswith("--secret"):
            secrets[one.key] = SecretKey(SECRET, re.sub(r"[^\w.-]", "_", one.key))
        elif one.flag.startswith("--env"):
            env[one.key] = example(one)
        else:
            values[one.key] = example(one)
    return replace(options, env=env, values=values, secret_keys=secrets)


def example(missing: Missing) -> str:
    """A value of the right form: a choice, an address, a folder, a number, a word."""
    if missing.choices:
        return missing.choices[0]
    words = f"{missing.key} {missing.description}".lower()
    for hints, value in (
        (("url", "uri", "endpoint", "address"), "http://localhost:9"),
        (("path", "dir", "folder"), "/tmp"),
        (("port", "count", "limit", "number"), "9000"),
        (("host", "domain"), "localhost"),
        (("mail",), "somebody@example.test"),
    ):
        if any(hint in words for hint in hints):
            return value
    return "example"
