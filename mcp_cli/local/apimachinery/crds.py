"""What happens to a CustomResourceDefinition beside its storage: its names are accepted or not.

Role: in place, pure. Its validation is `validate_crds`. Called by the API server when a definition changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_cli.local.apimachinery import times

NAMES_ACCEPTED, ESTABLISHED = "NamesAccepted", "Established"


def accept_names(crd: dict[str, Any], others: list[dict[str, Any]]) -> None:
    """Sets acceptedNames and the conditions; names that another definition of the group holds are refused."""
    status = crd.get("status")
    if status is None:
        status = crd["status"] = {}
    wanted = crd["spec"]["names"]
    accepted = {**(status.get("acceptedNames") or {})}
    taken = _taken(crd, others)
    conflict = ""
    for field, value in _claims(wanted):
        free = [name for name in value if name not in taken[field]]
        if len(free) == len(value):
            continue
        name = next(name for name in value if name in taken[field])
        conflict = conflict or f'"{name}" is already in use'
        wanted = {**wanted, field: accepted.get(field, [] if field == "shortNames" else "")}
    status["acceptedNames"] = {key: value for key, value in wanted.items() if value}
    status["acceptedNames"].setdefault("plural", "")
    status["acceptedNames"].setdefault("kind", "")
    if not status.get("storedVersions"):
        status["storedVersions"] = [version["name"] for version in crd["spec"]["versions"] if version.get("storage")]
    _remember_stored(crd, status)
    if conflict:
        _set(status, NAMES_ACCEPTED, "False", "Conflict", conflict)
        if not _is_true(status, ESTABLISHED):
            _set(status, ESTABLISHED, "False", "NotAccepted", "not all names are accepted")
        return
    _set(status, NAMES_ACCEPTED, "True", "NoConflicts", "no conflicts found")
    if not _is_true(status, ESTABLISHED):
        _set(status, ESTABLISHED, "True", "InitialNamesAccepted", "the initial names have been accepted")


def _remember_stored(crd: dict[str, Any], status: dict[str, Any]) -> None:
    for version in crd["spec"]["versions"]:
        if version.get("storage") and version["name"] not in status["storedVersions"]:
            status["storedVersions"] = [*status["storedVersions"], version["name"]]


def _claims(names: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for field in ("plural", "singular", "kind", "listKind"):
        yield field, [names[field]] if names.get(field) else []
    yield "shortNames", list(names.get("shortNames") or ())


def _taken(crd: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Names in use in the group: those of resources on one side, those of kinds on the other."""
    resources: set[str] = set()
    kinds: set[str] = set()
    for other in others:
        if other["spec"]["group"] != crd["spec"]["group"] or other["metadata"]["name"] == crd["metadata"]["name"]:
            continue
        names = (other.get("status") or {}).get("acceptedNames") or {}
        resources.update(
            name for name in (names.get("plural"), names.get("singular"), *(names.get("shortNames") or ())) if name
        )
        kinds.update(name for name in (names.get("kind"), names.get("listKind")) if name)
    return {"plural": resources, "singular": resources, "shortNames": resources, "kind": kinds, "listKind": kinds}


def _is_true(status: dict[str, Any], kind: str) -> bool:
    return any(c["type"] == kind and c["status"] == "True" for c in status.get("conditions") or ())


def _set(status: dict[str, Any], kind: str, value: str, reason: str, message: str) -> None:
    """The time moves only with the value."""
    conditions = list(status.get("conditions") or ())
    known = next((condition for condition in conditions if condition["type"] == kind), None)
    if known is not None and (known["status"], known.get("reason")) == (value, reason):
        return
    moment = known["lastTransitionTime"] if known is not None and known["status"] == value else times.now()
    new = {"type": kind, "status": value, "lastTransitionTime": moment, "reason": reason, "message": message}
    status["conditions"] = [condition for condition in conditions if condition["type"] != kind] + [new]
