"""Who owns which field: server-side apply, and the managers of plain writes.

Role: computes merged objects and their `metadata.managedFields`; refuses an apply that meets fields of others.
Pure; the caller gives the time. Called by the API server for every write.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from mcp_cli.local.apimachinery import errors, fieldsets, godecode, merging, typed
from mcp_cli.local.apimachinery.fieldsets import Fields, Path
from mcp_cli.local.apimachinery.managedfields import APPLY, UPDATE, Entry, Managers, Owner, conflict, decode, encode
from mcp_cli.local.apimachinery.models import Model
from mcp_cli.local.apimachinery.strategy import LABELS_KEPT

MAX_UPDATERS = 10
SCALE = "scale"
BEFORE_FIRST_APPLY = "before-first-apply"
KUBECTL, LAST_APPLIED = "kubectl", "kubectl.kubernetes.io/last-applied-configuration"
# The identity of an object and what only the system writes belong to nobody.
UNOWNED: set[Path] = {
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(
        ("f:metadata", f"f:{name}")
        for name in [
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        ]
    ),
}


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
        managers[Owner(BEFORE_FIRST_APPLY, UPDATE, model.api_version)] = _everything(model, before, now)
    last = managers.get(owner)
    merged = merging.merge(model.schema, before, _bare(applied))
    claimed = _owned(model, fieldsets.of_object(model.schema, _bare(applied)), subresource)
    managers[owner] = Entry(claimed, model.api_version, last.time if last else None)
    if last is not None:
        merged = _prune(model, merged, last.fields, managers)
    merged = _keep_foreign(model, merged, before, subresource)
    difference = fieldsets.compare(model.schema, before, merged)
    upgraded = last_applied(model, live) if manager == KUBECTL and live is not None and not force else set()
    _settle(managers, owner, difference, force, upgraded)
    if not difference.same or live is None:
        managers[owner].time = now
    if not claimed:
        managers.pop(owner, None)
    merged.setdefault("metadata", {})["managedFields"] = encode(managers)
    return merged


def _everything(model: Model, obj: dict[str, Any], now: str) -> Entry:
    """What an object holds that nobody was tracked for."""
    difference = fieldsets.compare(model.schema, empty(model), obj)
    return Entry(_owned(model, difference.added | difference.modified, ""), model.api_version, now)


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


def last_applied(model: Model, live: dict[str, Any]) -> Fields:
    """What kubectl applied as a client and is still as it left it: its server-side apply may take that over."""
    try:
        applied = json.loads((live["metadata"].get("annotations") or {}).get(LAST_APPLIED) or "")
        typed.check(model, applied)
    except (ValueError, AttributeError, errors.StatusError):
        return set()
    differs = fieldsets.compare(model.schema, applied, _bare(live))
    return fieldsets.of_object(model.schema, applied) - differs.modified - differs.added - differs.removed


def _settle(
    managers: Managers, owner: Owner, difference: fieldsets.Comparison, force: bool, upgraded: Fields | None = None
) -> None:
    """Others lose what was changed or removed, or the write is refused."""
    changed = difference.modified | difference.added
    conflicts = {other: entry.fields & changed for other, entry in managers.items() if other != owner}
    conflicts = {other: fields for other, fields in conflicts.items() if fields}
    insisted = {other: fields - (upgraded or set()) for other, fields in conflicts.items()}
    if any(insisted.values()) and not force:
        raise conflict(managers, {other: fields for other, fields in insisted.items() if fields})
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
    if live is not None and (given == [] or not (given or live["metadata"].get("managedFields"))):
        # An explicit empty list resets all ownership; after that nobody is tracked until somebody applies.
        new["metadata"].pop("managedFields", None)
        return
    managers = decode(new if given and not subresource else live)
    before = _bare(live) if live is not None else empty(model)
    difference = _reachable(model, fieldsets.compare(model.schema, before, _bare(new)), subresource)
    _record(managers, Owner(manager, UPDATE, model.api_version, subresource), difference, now)
    if managers:
        new["metadata"]["managedFields"] = encode(managers)
    else:
        new["metadata"].pop("managedFields", None)


def _record(managers: Managers, owner: Owner, difference: fieldsets.Comparison, now: str) -> None:
    """The owner gains what it changed; its time moves only with its fields."""
    previous = set(managers[owner].fields) if owner in managers else set()
    _settle(managers, owner, difference, force=True)
    fields = (previous - difference.removed) | difference.modified | difference.added
    if fields:
        time = now if fields != previous else managers[owner].time
        if owner.subresource == SCALE:
            # The scale is an object of its own; the time of a write to it is not carried over.
            time = None
        managers[owner] = Entry(fields, owner.api_version, time)
    else:
        managers.pop(owner, None)
    _cap(managers, owner.api_version)


def _reachable(model: Model, found: fieldsets.Comparison, subresource: str) -> fieldsets.Comparison:
    """A comparison without what this (sub)resource cannot write: its owners keep it."""
    parts = (_owned(model, fields, subresource) for fields in (found.added, found.modified, found.removed))
    return fieldsets.Comparison(*parts)


def _owned(model: Model, fields: Fields, subresource: str) -> Fields:
    """Without what belongs to nobody, and what this (sub)resource cannot write."""
    fields = fields - UNOWNED
    if subresource == "status":
        roots = ("f:status", "f:metadata") if model.builtin else ("f:status",)
        kept = {path for path in fields if path[0] in roots}
        if (model.group, model.kind) in LABELS_KEPT:
            kept = {path for path in kept if path[:2] != ("f:metadata", "f:labels")}
        return kept
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
