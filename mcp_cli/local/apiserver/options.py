"""The options in a request's query (ListOptions, CreateOptions, ...): what the server does not know is refused.

Role: checks before anything is done, in the words of the real server. Pure. Called by the handlers and by `paging`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery.errors import Cause

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.request import Query

MATCH = "resourceVersionMatch"
EXACT, NOT_OLDER = "Exact", "NotOlderThan"
MANAGER_BYTES = 128
APPLY = "application/apply-patch+yaml"
_KINDS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
_LEVELS = ("", "Ignore", "Warn", "Strict")


def check_write(verb: str, query: Query, media_type: str = "") -> None:
    """CreateOptions, UpdateOptions, PatchOptions, DeleteOptions."""
    kind = _KINDS.get(verb, "DeleteOptions")
    causes: list[Cause] = []
    if verb == "patch" and query.flag("force") and media_type != APPLY:
        causes.append(wrong.forbidden("force", "may not be specified for non-apply patch"))
    causes += _manager(query.text("fieldManager"))
    causes += dry_run(query.all("dryRun"))
    level = query.text("fieldValidation")
    if level not in _LEVELS:
        text = f'Unsupported value: "{level}": supported values: "", "Ignore", "Strict", "Warn"'
        causes.append(Cause("FieldValueNotSupported", text, "fieldValidation"))
    _refuse(kind, causes)


def _manager(name: str) -> list[Cause]:
    if len(name.encode()) > MANAGER_BYTES:
        return [wrong.too_long("fieldManager", MANAGER_BYTES)]
    for position, letter in enumerate(name):
        if not letter.isprintable():
            text = f"invalid character U+{ord(letter):04X} (at position {position})"
            return [wrong.invalid("fieldManager", name, text)]
    return []


def dry_run(values: list[str]) -> list[Cause]:
    """Nothing but All, or nothing."""
    if all(value in ("", "All") for value in values):
        return []
    listed = wrong.shown(values)
    return [Cause("FieldValueNotSupported", f'Unsupported value: {listed}: supported values: "All"', "dryRun")]


def check_dry_run(values: list[str]) -> None:
    """The same in the body of a deletion."""
    _refuse("DeleteOptions", dry_run(values))


def check_list(query: Query) -> None:
    """ListOptions of a list or of the deletion of a collection."""
    causes: list[Cause] = []
    match = query.text(MATCH)
    if match:
        if not query.text("resourceVersion"):
            causes.append(_forbidden(f"{MATCH} is forbidden unless resourceVersion is provided"))
        if query.text("continue"):
            causes.append(_forbidden(f"{MATCH} is forbidden when continue is provided"))
        if match not in (EXACT, NOT_OLDER):
            causes.append(_unsupported(match, f'"{EXACT}", "{NOT_OLDER}", ""'))
        if match == EXACT and query.text("resourceVersion") == "0":
            causes.append(_forbidden(f'{MATCH} "exact" is forbidden for resourceVersion "0"'))
    if query.has("sendInitialEvents"):
        causes.append(_forbidden("sendInitialEvents is forbidden for list", "sendInitialEvents"))
    _refuse("ListOptions", causes)


def check_watch(query: Query) -> None:
    """ListOptions of a watch."""
    causes: list[Cause] = []
    match, initial = query.text(MATCH), query.has("sendInitialEvents")
    if initial and match != NOT_OLDER:
        causes.append(_forbidden(f"sendInitialEvents requires setting {MATCH} to {NOT_OLDER}"))
    if match:
        if not initial:
            causes.append(_forbidden(f"{MATCH} is forbidden for watch unless sendInitialEvents is provided"))
        if match != NOT_OLDER:
            causes.append(_unsupported(match, f'"{NOT_OLDER}"'))
    if query.text("continue"):
        causes.append(_forbidden(f"{MATCH} is forbidden when continue is provided"))
    _refuse("ListOptions", causes)


def _forbidden(message: str, field: str = MATCH) -> Cause:
    return wrong.forbidden(field, message)


def _unsupported(value: str, supported: str) -> Cause:
    return Cause("FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {supported}', MATCH)


def _refuse(kind: str, causes: list[Cause]) -> None:
    if causes:
        raise errors.invalid("meta.k8s.io", kind, "", causes)
