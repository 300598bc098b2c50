"""Where a server that speaks HTTP itself listens: port and path from the address that its entry gives. Pure.

The address is written for the publisher's own machine (`http://localhost:3010/mcp`): what counts in a pod is the port
and the path, and that the server listens on every address of the pod.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar
from urllib.parse import urlsplit

from mcp_operator.api import names
from mcp_operator.catalog.fields import port_number
from mcp_operator.catalog.model import Argument, Package, Variable
from mcp_operator.catalog.values import Values, argument_keys

Kind = TypeVar("Kind", bound=Variable)

EVERYWHERE = "0.0.0.0"
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
_PART = re.compile(r"\{([^{}\s]+)\}")
_HOST = re.compile(r"(^|[-_])(host|hostname|address|bind|listen)$", re.IGNORECASE)
_PORT = re.compile(r"(^|[-_])port$", re.IGNORECASE)
_TRANSPORT = re.compile(r"(^|[-_])transport([-_](type|mode))?$", re.IGNORECASE)
_SPOKEN = {
    "streamable-http": ("streamable-http", "http", "streamableHttp", "streamable_http", "shttp"),
    "sse": ("sse",),
    "stdio": ("stdio",),
}


def port_and_path(package: Package, values: Values) -> tuple[int, str]:
    """Port and path of the endpoint; 8080 and /mcp where nothing says another."""
    url = _filled(package, values)
    port = _port(url) or next(iter(_declared_ports(package, values)), None)
    if port is None:
        values.note(
            f"the entry does not say which port the server listens on; {names.DEFAULT_PORT} is assumed (--port)"
        )
    path = _path(url) if "://" in url else ""
    return port or names.DEFAULT_PORT, path if path.strip("/") else names.DEFAULT_PATH


def for_a_pod(package: Package) -> Package:
    """The package with defaults that fit a pod: it speaks what it is deployed for, and listens on every address."""
    return replace(
        package,
        env=tuple(_fitting(one, one.name, package.transport) for one in package.env),
        arguments=tuple(_fitting_argument(one, package.transport) for one in package.arguments),
        runtime_arguments=tuple(_fitting_argument(one, package.transport) for one in package.runtime_arguments),
    )


def _fitting_argument(argument: Argument, transport: str) -> Argument:
    parts = tuple(_fitting(part, part.name, transport) for part in argument.variables)
    return replace(_fitting(argument, argument.name, transport), variables=parts)


def _fitting(variable: Kind, name: str, transport: str) -> Kind:
    said = variable.value if variable.value is not None else variable.default
    if transport != "stdio" and _HOST.search(name) and said in _LOCAL:
        return replace(variable, value=None, default=EVERYWHERE)
    if _TRANSPORT.search(name) and said not in _SPOKEN.get(transport, ()):
        spoken = next((word for word in _SPOKEN.get(transport, ()) if word in variable.choices), None)
        if spoken:
            return replace(variable, value=None, default=spoken)
    return variable


def _filled(package: Package, values: Values) -> str:
    """The address with its parts: a part is an argument, a part of one, or a variable, by name."""
    known: dict[str, Variable] = {one.name: one for one in package.env}
    for listed in (package.runtime_arguments, package.arguments):
        known |= {part.name: part for argument in listed for part in argument.variables}
        known |= dict(zip(argument_keys(listed), listed, strict=True))
    return _PART.sub(lambda part: _text(known.get(part[1]), part[1], values), package.url)


def _text(variable: Variable | None, name: str, values: Values) -> str:
    found = values.text(variable or Variable(name, required=True), name)
    return found or ""


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _declared_ports(package: Package, values: Values) -> list[int]:
    """The ports that arguments and variables of that name say."""
    candidates: list[Variable] = [one for one in (*package.arguments, *package.env) if _PORT.search(one.name)]
    said = [values.given(one.name.lstrip("-")) or one.value or one.default for one in candidates]
    return [port for port in map(port_number, map(str, said)) if port is not None]
