"""Arguments of an entry -> words of a command line. Pure.

Role: named and positional arguments, repeated ones, switches, templates and secrets. Called by `launch.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcp_operator.catalog.model import Argument
from mcp_operator.catalog.options import SecretKey
from mcp_operator.catalog.values import Values, argument_keys

# Written without a value these switch a transport on; elsewhere a flag without a value waits for somebody to give one.
_SWITCHES = frozenset({"--stdio", "--mcp", "--http", "--sse", "--streamable-http"})


def command_line(arguments: Iterable[Argument], values: Values) -> list[str]:
    """The words; what is neither required nor given nor has a default is left out."""
    listed = list(arguments)
    words: list[str] = []
    for argument, key in zip(listed, argument_keys(listed), strict=True):
        words += _words(argument, key, values)
    return words


def _words(argument: Argument, key: str, values: Values) -> list[str]:
    given = values.given(key)
    if isinstance(given, list) and argument.repeated:
        return [word for one in given for word in _with_flag(argument, _one(argument, key, one, values))]
    if _is_switch(argument, given):
        shown = given if given is not None else argument.value or argument.default or "true"
        return [argument.name] if str(shown).lower() == "true" else []
    found = values.text(argument, key)
    return [] if found is None else _with_flag(argument, found)


def _one(argument: Argument, key: str, given: Any, values: Values) -> str:
    found = values.accept(argument, key, given)
    return values.refer(key, found) if isinstance(found, SecretKey) else found


def _with_flag(argument: Argument, value: str) -> list[str]:
    return [argument.name, value] if argument.name else [value]


def _is_switch(argument: Argument, given: Any) -> bool:
    """Whether the flag stands alone: said to be boolean, or one of those that choose a transport."""
    if not argument.name or isinstance(given, SecretKey):
        return False
    said = given if given is not None else argument.value if argument.value is not None else argument.default
    if argument.format == "boolean":
        return argument.required or said is not None
    return said is None and argument.name in _SWITCHES
