"""Flags of `mcp deploy` -> an MCPServer manifest.

Role: pure building and the grammars of the flags (`K=V`, ports). Not its job: the catalogue's entry
(`mcp_operator.catalog`) and anything that asks a cluster. Called by `deploy`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from mcp_operator.api import names

from mcp_cli.errors import Invalid, WrongUsage

PORTS_HINT = (
    "A port is 8080, name:8080, 8080:8081 (port:target) or name:port:target[:TCP|UDP[:appProtocol]], from 1 to 65535."
)


@dataclass(frozen=True, slots=True)
class ServerFlags:
    """What the flags say; None and empty mean not said."""

    name: str
    replicas: int | None = None
    image: str | None = None
    package: str | None = None
    runtime: str | None = None
    transport: str | None = None
    http_path: str | None = None
    port: int | None = None
    ports: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    env_from_secret: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)


def bare_server(flags: ServerFlags) -> dict[str, Any]:
    """A manifest that says nothing but its name."""
    return {"apiVersion": names.API_VERSION, "kind": names.KIND_SERVER, "metadata": {"name": flags.name}, "spec": {}}


def with_flags(server: dict[str, Any], flags: ServerFlags) -> dict[str, Any]:
    """The manifest with what the flags say; they win over what it said."""
    spec = dict(server.get("spec") or {})
    runtime = dict(spec.get("runtime") or {})
    if flags.image:
        for fields in (runtime, spec):
            for key in ("package", "command", "args", "tag", "image"):
                fields.pop(key, None)
        runtime |= {"type": "docker", "image": flags.image}
    runtime |= _said(type=_runtime_type(flags), package=flags.package)
    for key, words in (("command", flags.command), ("args", flags.args)):
        if words:  # the flat form wins over the runtime's, so it is the one to change where it is set
            (spec if key in spec else runtime)[key] = list(words)
    transport = dict(spec.get("transport") or {}) | _said(type=flags.transport, path=flags.http_path)
    spec |= _said(runtime=runtime, transport=transport, replicas=flags.replicas, port=flags.port)
    spec |= _said(ports=[parse_port(text) for text in flags.ports])
    spec |= _said(
        env=_merged_env(spec.get("env") or [], key_values(flags.env, "--env")), envFrom=_env_from(spec, flags)
    )
    return server | {"spec": spec}


def refuse_invalid(server: dict[str, Any]) -> None:
    """What the schema cannot say, as an error before anything is written."""
    from mcp_operator.api.shape import server_shape
    from mcp_operator.api.validation import validate

    errors = server_shape(server) or validate(server)
    if errors:
        words = "; ".join(map(str, errors))
        raise Invalid(
            f'MCPServer "{server["metadata"]["name"]}" is not valid: {words}', "Correct the flags or the file."
        )


def merge_patch(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The JSON merge patch that makes one object of the other; empty where they are equal."""
    patch: dict[str, Any] = dict.fromkeys(old.keys() - new.keys())
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            inner = merge_patch(before, value)
            patch |= {key: inner} if inner else {}
        elif key not in old or value != before:
            patch[key] = value
    return patch


def _said(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, [], {})}


def _runtime_type(flags: ServerFlags) -> str | None:
    """The former system's `stdio` is a container that speaks stdio."""
    return "docker" if flags.runtime == "stdio" else flags.runtime


def _merged_env(present: list[dict[str, Any]], given: dict[str, str]) -> list[dict[str, Any]]:
    kept = [one for one in present if one["name"] not in given]
    return kept + [{"name": name, "value": value} for name, value in given.items()]


def _env_from(spec: dict[str, Any], flags: ServerFlags) -> list[dict[str, Any]]:
    present = list(spec.get("envFrom") or [])
    wanted = [{"secretRef": {"name": secret}} for secret in flags.env_from_secret]
    return present + [one for one in wanted if one not in present]


def key_values(pairs: tuple[str, ...], flag: str) -> dict[str, str]:
    """`K=V` pairs; the last of a key wins."""
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise WrongUsage(f'{flag} "{pair}" is not NAME=VALUE', f"For example {flag} LOG_LEVEL=debug.")
        found[key] = value
    return found


def _is_number(text: str) -> bool:
    """`isdigit` alone also takes superscripts and digits of other scripts."""
    return text.isascii() and text.isdigit()


def parse_port(text: str) -> dict[str, Any]:
    """One `--ports` value, in the former system's grammar."""
    parts = text.split(":")
    named = not _is_number(parts[0])
    name = parts.pop(0) if named else None
    numbers = [parts.pop(0) for _ in range(min(2, len(parts))) if _is_number(parts[0])]
    if not numbers or (not named and parts) or len(parts) > 2 or (parts and len(numbers) < 2):
        raise WrongUsage(f'--ports "{text}" cannot be read', PORTS_HINT)
    port, target = int(numbers[0]), int(numbers[-1])
    protocol = parts[0].upper() if parts else None
    wrong_number = not all(1 <= number <= 65535 for number in (port, target))
    wrong_name = name is not None and not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
    if wrong_number or wrong_name or protocol not in (None, "TCP", "UDP"):
        raise WrongUsage(f'--ports "{text}" cannot be read', PORTS_HINT)
    made: dict[str, Any] = {"name": name or f"port-{port}", "port": port}
    return made | _said(
        targetPort=target if target != port else None,
        protocol=protocol,
        appProtocol=parts[1] if len(parts) > 1 else None,
    )
