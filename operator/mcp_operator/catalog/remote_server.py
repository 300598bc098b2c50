"""A remote of an entry -> a spec of type `remote`: the address, and the headers that it wants. Pure.

A header that holds a secret is the key of a Secret as a whole (`Bearer ...` included): a part of a value cannot come
from a Secret. Called by `to_server.py`.
"""

from __future__ import annotations

import re
from typing import Any

from mcp_operator.catalog.errors import NotDeployable
from mcp_operator.catalog.launch import TRANSPORTS
from mcp_operator.catalog.model import Remote, Variable
from mcp_operator.catalog.options import Manifest, SecretKey
from mcp_operator.catalog.values import Values, keys_of

_PART = re.compile(r"\{([^{}\s]+)\}")


def remote_spec(remote: Remote, values: Values) -> Manifest:
    """What to reach, and with which headers. Raises NotDeployable."""
    if remote.transport not in TRANSPORTS[1:]:
        raise NotDeployable(
            f"its transport is {remote.transport!r}, which is not served here", f"known: {', '.join(TRANSPORTS[1:])}"
        )
    parts = {part.name: values.text(part) for part in remote.variables}
    url = _PART.sub(lambda part: parts.get(part[1]) or part[0], remote.url)
    if not re.match(r"https?://[^/\s]", url):
        raise NotDeployable(f"its address {url!r} is no http or https URL", "tell its publisher")
    listed = {header.name.lower(): header for header in remote.headers}
    headers = [item for header in listed.values() if (item := _header(header, values))]
    runtime = {"type": "remote", "url": url, **({"headers": headers} if headers else {})}
    return {"runtime": runtime, "transport": {"type": remote.transport}}


def _header(header: Variable, values: Values) -> dict[str, Any] | None:
    value = _value(header, values)
    if value is None:
        return None
    if isinstance(value, SecretKey):
        return {"name": header.name, "valueFrom": value.reference}
    return {"name": header.name, "value": value.replace("$$(", "$(")}


def _value(header: Variable, values: Values) -> str | SecretKey | None:
    given = values.given(*keys_of(header))
    if isinstance(given, SecretKey):
        return given
    if given is not None:
        return values.accept(header, header.name, given)
    if not header.variables:
        return values.resolve(header)
    parts = {part.name: values.given(*keys_of(part)) for part in header.variables}
    if any(isinstance(part, SecretKey) for part in parts.values()):
        return _only_part(header, parts, values)
    return _composed(header, parts, values)


def _only_part(header: Variable, parts: dict[str, Any], values: Values) -> SecretKey | None:
    """A part from a Secret is the header itself, or cannot be had."""
    alone = next(iter(parts.values()))
    if header.value == f"{{{next(iter(parts))}}}" and isinstance(alone, SecretKey):
        return alone
    flag = f"--secret {header.name}=SECRET/KEY"
    values.refuse(f"{header.name}: the whole header comes from a Secret, {flag}; its value reads {header.value!r}")
    return None


def _composed(header: Variable, parts: dict[str, Any], values: Values) -> str | SecretKey | None:
    filled = {part.name: parts[part.name] or part.value or part.default for part in header.variables}
    if all(value is not None for value in filled.values()):
        whole = _PART.sub(lambda part: str(filled.get(part[1], part[0])), header.value or "")
        return values.accept(header, header.name, whole)
    if header.required or any(part.required for part in header.variables):
        values.miss(header, header.name, form=f"the whole value, {header.value!r}")
    return None
