"""Who owns which field: server-side apply, and the managers of plain writes.

Role: computes merged objects and their `metadata.managedFields`; refuses an apply that meets fields of others.
Pure; the caller gives the time. Called by the API server for every write.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcp_cli.local.apimachinery import errors, fieldsets, godecode, merging, typed
from mcp_cli.local.apimachinery.errors import Cause, StatusError
from mcp_cli.local.apimachinery.fieldsets import Fields, Path
from mcp_cli.local.apimachinery.models import Model

MAX_UPDATERS = 10
APPLY, UPDATE = "Apply", "Update"
BEFORE_FIRST_APPLY = "before-first-apply"
# The identity of an object and what only the system writes belong to nobody.
UNOWNED: set[Path] = {
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(
        ("f:metadata", f"f:{name}")
        for name in (
            "name namespace creationTimestamp selfLink uid clusterName generation managedFields resourceVersion"
        ).split()
    ),
}


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


def manager_name(user_agent: str, field_manager: str | None) -> str:
    """Who does not say a name is known by the program of its User-Agent."""
    return field_manager or user_agent.partition("/")[0][:128] or "unknown"


def same_but_times(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Whether two objects differ in nothing but when managers wrote: then nothing is to be written."""
    return _comparable(a) == _comparable(b)


def _comparable(obj: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key != "resourceVersion"}
    if "managedFields" in metadata:
        entries = metadata["managedFields"]
        metadata["managedFields"] = [{k: v for k, v in entry.items() if k != "time"} for entry in entries or ()]
    return {**obj, "metadata": metadata}


def apply(
    model: Model,
    live: dict[str, Any] | None,
    applied: dict[str, Any],
    *,
    manager: str,
    now: str,
    force: bool = False,
    subresource: str = "",
) -> dict[str, Any]:
    """The merged object with its new managers; raises 409 where others own what would change."""
    if (applied.get("metadata") or {}).get("managedFields"):
        raise errors.bad_request("metadata.managedFields must be nil")
    typed.check(model, applied)
    before = copy.deepcopy(_bare(live)) if live is not None else empty(model)
    managers = decode(live)
    owner = Owner(manager, APPLY, "", subresource)
    if live is not None and not managers:
        difference = fieldsets.compare(model.schema, empty(model), before)
        everything = _owned(model, difference.added | difference.modified, "")
        managers[Owner(BEFORE_FIRST_APPLY, UPDATE, model.api_version)] = Entry(everything, model.api_version, now)
    last = managers.get(owner)
    merged = merging.merge(model.schema, before, _bare(applied))
    claimed = _owned(model, fieldsets.of_object(model.schema, _bare(applied)), subresource)
    time = last.time if last else None
    managers[owner] = Entry(claimed, model.api_version, time)
    if last is not None:
        merged = _prune(model, merged, last.fields, managers)
    merged = _keep_foreign(model, merged, before, subresource)
    difference = fieldsets.compare(model.schema, before, merged)
    _settle(managers, owner, difference, force)
    if not difference.same or live is None:
        managers[owner].time = now
    if not claimed:
        managers.pop(owner, None)
    merged.setdefault("metadata", {})["managedFields"] = encode(managers)
    return merged


def _keep_foreign(model: Model, merged: dict[str, Any], live: dict[str, Any], subresource: str) -> dict[str, Any]:
    """The status is not applied through the object itself, nor the object through its status."""
    if not model.has_status or subresource not in ("", "status"):
        return merged
    kept = {"status"} if not subresource else set(live) | set(merged) - {"apiVersion", "kind", "metadata", "status"}
    kept -= {"apiVersion", "kind", "metadata"} | ({"status"} if subresource else set())
    out = {key: value for key, value in merged.items() if key not in kept}
    out.update({key: live[key] for key in kept if key in live})
    return out


def _prune(model: Model, merged: dict[str, Any], last: Fields, managers: Managers) -> dict[str, Any]:
    """Takes out what this manager applied before and nobody owns now."""
    owned: Fields = set().union(*(entry.fields for entry in managers.values()))
    gone = fieldsets.with_ancestors(last) - fieldsets.with_ancestors(owned) - UNOWNED
    return merging.remove(model.schema, merged, gone) if gone else merged


def _settle(managers: Managers, owner: Owner, difference: fieldsets.Comparison, force: bool) -> None:
    """Others lose what was changed or removed, or the write is refused."""
    changed = difference.modified | difference.added
    conflicts = {other: entry.fields & changed for other, entry in managers.items() if other != owner}
    conflicts = {other: fields for other, fields in conflicts.items() if fields}
    if conflicts and not force:
        raise _conflict(managers, conflicts)
    for other in [other for other in managers if other != owner]:
        managers[other].fields = managers[other].fields - conflicts.get(other, set()) - difference.removed
        if not managers[other].fields:
            del managers[other]


def track(
    model: Model,
    live: dict[str, Any] | None,
    new: dict[str, Any],
    *,
    manager: str,
    now: str,
    subresource: str = "",
) -> None:
    """Sets the managers of `new`, which came by create, update or patch."""
    given = (new.get("metadata") or {}).get("managedFields")
    if live is not None and given == []:
        # An explicit empty list resets all ownership.
        new["metadata"].pop("managedFields")
        return
    if live is not None and not given and not live["metadata"].get("managedFields"):
        # Nobody tracks an object whose ownership was reset, until somebody applies.
        new["metadata"].pop("managedFields", None)
        return
    managers = decode(new if given and not subresource else live)
    before = _bare(live) if live is not None else empty(model)
    difference = _reachable(model, fieldsets.compare(model.schema, before, _bare(new)), subresource)
    owner = Owner(manager, UPDATE, model.api_version, subresource)
    previous = set(managers[owner].fields) if owner in managers else set()
    changed = difference.modified | difference.added
    _settle(managers, owner, difference, force=True)
    fields = (previous - difference.removed) | changed
    if fields:
        time = now if fields != previous else managers[owner].time
        managers[owner] = Entry(fields, model.api_version, time)
    else:
        managers.pop(owner, None)
    _cap(managers, model.api_version)
    if managers:
        new["metadata"]["managedFields"] = encode(managers)
    else:
        new["metadata"].pop("managedFields", None)


def _reachable(model: Model, found: fieldsets.Comparison, subresource: str) -> fieldsets.Comparison:
    """A comparison without what this (sub)resource cannot write: its owners keep it."""
    parts = (_owned(model, fields, subresource) for fields in (found.added, found.modified, found.removed))
    return fieldsets.Comparison(*parts)


def _owned(model: Model, fields: Fields, subresource: str) -> Fields:
    """Without what belongs to nobody, and what this (sub)resource cannot write."""
    fields = fields - UNOWNED
    if subresource == "status":
        roots = ("f:status", "f:metadata") if model.builtin else ("f:status",)
        return {path for path in fields if path[0] in roots}
    if model.has_status and not subresource:
        return {path for path in fields if path[0] != "f:status"}
    return fields


def _cap(managers: Managers, api_version: str) -> None:
    """The oldest of too many updaters become one entry."""
    updaters = sorted((o for o in managers if o.operation == UPDATE), key=lambda owner: managers[owner].time or "")
    merged = Owner("ancient-changes", UPDATE, api_version)
    while len(updaters) > MAX_UPDATERS:
        first = updaters.pop(0)
        if first == merged:
            continue
        entry = managers.pop(first)
        known = managers.get(merged)
        fields = entry.fields | (known.fields if known else set())
        managers[merged] = Entry(fields, entry.api_version, entry.time)


def empty(model: Model) -> dict[str, Any]:
    """What a new object of the kind holds before anything is set: for a built-in kind what Go writes for it."""
    out: dict[str, Any] = {"apiVersion": model.api_version, "kind": model.kind}
    if model.builtin:
        godecode.decode_struct(model.schema, out, [])
    return out


def _bare(obj: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key != "managedFields"}
    return {**obj, "metadata": metadata}


def decode(obj: dict[str, Any] | None) -> Managers:
    entries = ((obj or {}).get("metadata") or {}).get("managedFields") or ()
    found: Managers = {}
    for raw in entries:
        operation, version = raw.get("operation", UPDATE), raw.get("apiVersion", "")
        owner = Owner(raw.get("manager", ""), operation, version if operation == UPDATE else "", raw.get("subresource", ""))
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


def _conflict(managers: Managers, conflicts: dict[Owner, Fields]) -> StatusError:
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
    import json

    kind, _, rest = element.partition(":")
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        pairs = (f"{key}={fieldsets.compact(value)}" for key, value in json.loads(rest).items())
        return f"[{','.join(pairs)}]"
    return f"[={rest}]" if kind == "v" else f"[{rest}]"
