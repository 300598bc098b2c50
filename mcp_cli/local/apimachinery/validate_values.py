"""Checks of single values that many kinds share: numbers, ports, percentages, addresses, label selectors.

Role: pure; each yields causes for one field. Called by the `validate_*` modules.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery import names
from mcp_cli.local.apimachinery.errors import Cause
from mcp_cli.local.apimachinery.validate_metadata import labels

Causes = Iterator[Cause]
PORT_RANGE = "must be between 1 and 65535, inclusive"
NOT_NEGATIVE = "must be greater than or equal to 0"
PERCENT_MESSAGE = (
    "a valid percent string must be a numeric string followed by an ending '%'"
    " (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def messages(check: Callable[[str], list[str]], path: str, value: str) -> Causes:
    yield from (wrong.invalid(path, value, message) for message in check(value))


def one_of(path: str, value: Any, options: Sequence[str]) -> Causes:
    if value not in options:
        yield wrong.not_supported(path, value, options)


def not_negative(obj: dict[str, Any], path: str, *keys: str) -> Causes:
    for key in keys:
        value = obj.get(key)
        if value is not None and value < 0:
            yield wrong.invalid(f"{path}.{key}", value, NOT_NEGATIVE)


def domain_prefixed(path: str, value: str) -> Causes:
    prefix, slash, rest = value.partition("/")
    if not (prefix and slash and rest):
        yield wrong.invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')


def port(path: str, value: Any) -> Causes:
    if not isinstance(value, int) or not 1 <= value <= 65535:
        yield wrong.invalid(path, value, PORT_RANGE)


def port_or_name(path: str, value: Any) -> Causes:
    if isinstance(value, str):
        yield from messages(names.is_port_name, path, value)
    else:
        yield from port(path, value)


def number_or_percent(path: str, value: Any, *, at_most_all: bool = False) -> Causes:
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]+%", value):
            yield wrong.invalid(path, value, PERCENT_MESSAGE)
        elif at_most_all and int(value[:-1]) > 100:
            yield wrong.invalid(path, value, "must not be greater than 100%")
    elif value < 0:
        yield wrong.invalid(path, value, NOT_NEGATIVE)


def address(path: str, value: str) -> Causes:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        yield wrong.invalid(path, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")


def network(path: str, value: str) -> Causes:
    try:
        ipaddress.ip_network(value, strict=False)
        if "/" in value:
            return
    except ValueError:
        pass
    yield wrong.invalid(path, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")


def label_selector(selector: dict[str, Any] | None, path: str) -> Causes:
    if not selector:
        return
    yield from labels(selector.get("matchLabels"), f"{path}.matchLabels")
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        yield from _expression(expression, f"{path}.matchExpressions[{index}]")


def _expression(expression: dict[str, Any], path: str) -> Causes:
    operator, values = expression.get("operator", ""), expression.get("values") or ()
    if operator in ("In", "NotIn") and not values:
        yield wrong.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield wrong.forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif operator not in OPERATORS:
        yield wrong.invalid(f"{path}.operator", operator, "not a valid selector operator")
    yield from messages(names.is_qualified_name, f"{path}.key", expression.get("key", ""))
    for index, value in enumerate(values):
        yield from messages(names.is_label_value, f"{path}.values[{index}]", value)
