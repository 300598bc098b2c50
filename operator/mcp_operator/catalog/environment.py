"""The environment of a server from what its entry declares and what a person gave. Pure.

A secret becomes `valueFrom` of a Secret's key. Called by `launch.py` and `docker_server.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from mcp_operator.catalog.model import Variable
from mcp_operator.catalog.options import EntryOptions, SecretKey
from mcp_operator.catalog.values import Values, keys_of

Items = list[dict[str, Any]]
Resolve = Callable[[Variable], str | SecretKey | None]
_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


def environment(variables: Iterable[Variable], values: Values, options: EntryOptions, resolve: Resolve) -> Items:
    """`spec.env`: what the entry declares, then what was given beside it. `resolve` knows what nobody gave."""
    found: dict[str, dict[str, Any]] = {}
    for variable in variables:
        if not _NAME.fullmatch(variable.name):
            values.note(f"the variable {variable.name!r} is left out: no container can have one of that name")
            continue
        item = _item(variable.name, _value(variable, values, options, resolve))
        if item:
            found[variable.name] = item
    for name, value in options.env.items():
        found.setdefault(name, {"name": name, "value": value})
    return list(found.values())


def declared(values: Values, options: EntryOptions) -> Resolve:
    """The resolution of the official format: the entry's own value, its default, else it is missing."""

    def resolve(variable: Variable) -> str | SecretKey | None:
        if options.secrets and variable.value is None and variable.default is None:
            return None
        return values.resolve(variable, in_env=True)

    return resolve


def _value(variable: Variable, values: Values, options: EntryOptions, resolve: Resolve) -> str | SecretKey | None:
    given = values.given(*keys_of(variable))
    if isinstance(given, SecretKey):
        return given
    if given is None:
        given = options.env.get(variable.name)
    return resolve(variable) if given is None else values.accept(variable, variable.name, given)


def _item(name: str, value: str | SecretKey | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return (
        {"name": name, "valueFrom": value.reference} if isinstance(value, SecretKey) else {"name": name, "value": value}
    )
