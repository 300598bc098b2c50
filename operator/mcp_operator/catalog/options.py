"""What a person decides when an entry becomes a server, and what comes out of it. Pure values.

Called by `to_server.py` and its parts; made by `mcp deploy` and by the controller that completes servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SecretKey:
    """One key of a Secret in the server's namespace."""

    name: str
    key: str

    @property
    def reference(self) -> dict[str, Any]:
        """As the `valueFrom` of a variable."""
        return {"secretKeyRef": {"name": self.name, "key": self.key}}


@dataclass(frozen=True, slots=True)
class EntryOptions:
    """What the person who deploys decides.

    `values` answers arguments, parameters, parts of templates and variables by their key (nested or as `a.b`);
    `secret_keys` gives any of them from a Secret. `env` holds plain variables, `secrets` the names of Secrets whose
    keys all become variables. `runtime` chooses among the packages of an entry. `args` replace those of the entry.
    """

    name: str
    namespace: str
    version: str | None = None
    runtime: str | None = None
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    secret_keys: Mapping[str, SecretKey] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """The MCPServer of an entry, what a person should know of it, and the secrets that were given as plain values.

    `secret_values` belong into the Secret that `secret_name` names: the manifest refers to it and never holds them.
    """

    manifest: Manifest
    notes: tuple[str, ...] = ()
    secret_name: str = ""
    secret_values: Mapping[str, str] = field(default_factory=dict, repr=False)
