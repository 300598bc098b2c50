"""`metadata.managedFields`: its entries as values, read, written and named in messages.

Role: pure. Called by `managers`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcp_cli.local.apimachinery import errors, fieldsets
from mcp_cli.local.apimachinery.errors import Cause, StatusError
from mcp_cli.local.apimachinery.fieldsets import Fields

APPLY, UPDATE = "Apply", "Update"


@dataclass(frozen=True, slots=True)
class Owner:
    """What tells one entry of managedFields from another; an applier is the same in every version."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""


@dataclass(slots=True)
class Entry:
    fields: Fields
    api_version: str
    time: str | None


Managers = dict[Owner, Entry]


def decode(obj: dict[str, Any] | None) -> Managers:
    entries = ((obj or {}).get("metadata") or {}).get("managedFields") or ()
    found: Managers = {}
    for raw in entries:
        operation, version = raw.get("operation", UPDATE), raw.get("apiVersion", "")
        owner = Owner(
            raw.get("manager", ""), operation, version if operation == UPDATE else "", raw.get("subresource", "")
        )
        fields = fieldsets.decode(raw.get("fieldsV1"))
        known = found.get(owner)
        found[owner] = Entry(fields | (known.fields if known else set()), version, raw.get("time"))
    return found


def encode(managers: Managers) -> list[dict[str, Any]]:
    """Appliers first, then updaters by time and name."""
    ordered = sorted(
        managers.items(),
        key=lambda item: (item[0].operation, item[1].time or "" if item[0].operation == UPDATE else "", item[0].name),
    )
    return [_encode_entry(owner, entry) for owner, entry in ordered]


def _encode_entry(owner: Owner, entry: Entry) -> dict[str, Any]:
    out: dict[str, Any] = {"manager": owner.name, "operation": owner.operation, "apiVersion": entry.api_version}
    if entry.time:
        out["time"] = entry.time
    out.update(fieldsType="FieldsV1", fieldsV1=fieldsets.encode(entry.fields))
    if owner.subresource:
        out["subresource"] = owner.subresource
    return out


def conflict(managers: Managers, conflicts: dict[Owner, Fields]) -> StatusError:
    causes: list[Cause] = []
    parts: list[str] = []
    for owner, fields in sorted(conflicts.items(), key=lambda item: item[0].name):
        said = _shown_owner(owner, managers[owner])
        paths = sorted(map(shown, fields))
        causes.extend(Cause("FieldManagerConflict", f"conflict with {said}", path) for path in paths)
        if len(paths) == 1:
            parts.append(f"conflict with {said}: {paths[0]}")
        else:
            parts.append(f"conflicts with {said}:\n" + "\n".join(f"- {path}" for path in paths))
    word = "conflict" if len(causes) == 1 else "conflicts"
    message = f"Apply failed with {len(causes)} {word}: " + "\n".join(parts)
    return errors.field_conflict(message, causes)


def _shown_owner(owner: Owner, entry: Entry) -> str:
    text = f'"{owner.name}"'
    if owner.subresource:
        text += f' with subresource "{owner.subresource}"'
    return f"{text} using {entry.api_version}" if owner.operation == UPDATE else text


def shown(path: Iterable[str]) -> str:
    """`.spec.containers[name="c"].image`"""
    return "".join(map(_shown_element, path))


def _shown_element(element: str) -> str:
    kind, _, rest = element.partition(":")
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        pairs = (f"{key}={fieldsets.compact(value)}" for key, value in json.loads(rest).items())
        return f"[{','.join(pairs)}]"
    return f"[={rest}]" if kind == "v" else f"[{rest}]"
