"""A request's path and query, read as Kubernetes reads them. Pure; called by the application before any handler.

`/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUBRESOURCE/...`, with the exceptions that `namespaces` itself has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from mcp_cli.local.apimachinery import errors

_METHOD_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_NAMESPACE_SUBRESOURCES = ("status", "finalize")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    tail: str | None = None
    """What follows the subresource (`proxy/TAIL`), with its leading slash; None where there is nothing."""
    watch_prefix: bool = False


def parse_path(raw_path: str) -> Target | None:
    """The resource that a percent-encoded path names; None when it is no resource path."""
    parts = [unquote(part) for part in raw_path.split("/")[1:]]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest, consumed = "", parts[1], parts[2:], 2
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest, consumed = parts[1], parts[2], parts[3:], 3
    else:
        return None
    watch_prefix = rest[0] == "watch" and len(rest) > 1
    if watch_prefix:
        rest, consumed = rest[1:], consumed + 1
    return _parse_rest(group, version, rest, _tail_of(raw_path, consumed), watch_prefix)


def _tail_of(raw_path: str, consumed: int) -> list[str]:
    """The raw segments behind the group and version, for tails that must stay as they were sent."""
    return raw_path.split("/")[1 + consumed :]


def _parse_rest(group: str, version: str, rest: list[str], raw: list[str], watch_prefix: bool) -> Target | None:
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] and rest[2] not in _NAMESPACE_SUBRESOURCES:
        namespace, rest, raw = rest[1], rest[2:], raw[2:]
    if rest[-1] == "" and len(rest) <= 2:
        rest = rest[:-1]
    if not rest or not rest[0]:
        return None
    tail = "/" + "/".join(raw[3:]) if len(raw) > 3 else None
    name = rest[1] if len(rest) > 1 else ""
    if namespace == "" and rest[0] == "namespaces" and group == "":
        namespace = name
    return Target(group, version, rest[0], namespace, name, rest[2] if len(rest) > 2 else "", tail, watch_prefix)


def verb_of(method: str, named: bool, watch: bool) -> str:
    """The API verb, as discovery and RBAC name it."""
    if method == "GET":
        if watch:
            return "watch"
        return "get" if named else "list"
    if method == "DELETE":
        return "delete" if named else "deletecollection"
    return _METHOD_VERBS.get(method, method.lower())


class Query:
    """Query parameters with Kubernetes' idea of booleans."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self._values = parse_qs(raw, keep_blank_values=True)

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, [default])[0]

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "1")

    def number(self, name: str) -> int | None:
        value = self.text(name)
        if value and not re.fullmatch(r"[+-]?[0-9]+", value):
            raise errors.bad_request(f'strconv.ParseInt: parsing "{value}": invalid syntax')
        return int(value) if value else None

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def has(self, name: str) -> bool:
        return name in self._values
