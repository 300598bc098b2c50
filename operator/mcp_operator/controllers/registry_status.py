"""The status of an MCPRegistry, from what a sync has found or why there was none. Pure.

Role: phase, message, conditions, errors, the times that the schedule goes by. The same facts always give the same
status. Not its job: writing it. Called by the registry controller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcp_operator.api import conditions
from mcp_operator.api.conditions import Condition, condition
from mcp_operator.api.mcpregistry import ERRORS_SHOWN
from mcp_operator.catalog.errors import CatalogError
from mcp_operator.catalog.fetch.errors import RateLimited, Refused, Unreachable
from mcp_operator.controllers.problem import Problem
from mcp_operator.controllers.registry_schedule import timestamp, trigger_of
from mcp_operator.controllers.registry_sync import Synced

Object = dict[str, Any]

PENDING, SYNCING, READY, FAILED = "Pending", "Syncing", "Ready", "Failed"
SYNCED, REACHABLE, RATE_LIMITED, AUTHENTICATED = "Synced", "Reachable", "RateLimited", "Authenticated"
_REMEMBERED = (
    "lastSyncTime",
    "observedRevision",
    "serversDiscovered",
    "serversRejected",
    "rateLimitRemaining",
    "syncTrigger",
    "sourceHash",
)
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Attempt:
    """A reading that was tried: its moment, what it was read with, and whether it needed credentials."""

    registry: Object
    now: float
    inputs: str
    credentials: bool


def synced(attempt: Attempt, result: Synced) -> Object:
    """After a reading that succeeded."""
    found, index = result.found, result.index
    before = attempt.registry.get("status") or {}
    # What has not changed was not read again: its bad entries are the same.
    errors = before.get("errors") or [] if found.unchanged and not before.get("failures") else found.errors
    rejected = before.get("serversRejected", 0) if found.unchanged else found.rejected
    words = f"{index.count} servers" + (f", {rejected} entries could not be read" if rejected else "")
    status: Object = {
        **_head(attempt, READY, words),
        "lastSyncTime": timestamp(attempt.now),
        "observedRevision": index.revision,
        "serversDiscovered": index.count,
        "serversRejected": rejected,
        "errors": errors[:ERRORS_SHOWN],
        "syncTrigger": trigger_of(attempt.registry),
        "sourceHash": attempt.inputs,
    }
    if found.rate_limit_remaining is not None:
        status["rateLimitRemaining"] = found.rate_limit_remaining
    listed = [
        condition(conditions.READY, "True", "Synced", words),
        condition(SYNCED, "True", "Synced", words),
        condition(REACHABLE, "True", "Answered", "the source answers"),
        condition(RATE_LIMITED, "False", "WithinLimit", "no limit was reached"),
    ]
    if attempt.credentials:
        listed.append(condition(AUTHENTICATED, "True", "Accepted", "the source takes the credentials"))
    return _finished(attempt, status, listed)


def failed(attempt: Attempt, error: CatalogError, again: float, usable: bool) -> Object:
    """After a reading that failed; `usable` says that the entries of this spec's last reading are still stored."""
    before = attempt.registry.get("status") or {}
    reason, words = reason_of(error), str(error)[:_LONGEST]
    status = _remembered(attempt, before) | {
        "syncTrigger": trigger_of(attempt.registry),
        "sourceHash": attempt.inputs,
        "errors": [words],
        "failures": int(before.get("failures") or 0) + 1,
        "retryTime": timestamp(attempt.now + again + 0.999),
    }
    if isinstance(error, RateLimited):
        status["rateLimitRemaining"] = 0
    status |= _head(attempt, READY if usable else FAILED, _stale(before, words) if usable else words)
    listed = [_ready(usable, reason, status["message"]), condition(SYNCED, "False", reason, words)]
    return _finished(attempt, status, [*listed, *_of_error(attempt, error, reason, words)])


def unprepared(attempt: Attempt, problem: Problem, usable: bool) -> Object:
    """Before a reading that cannot be tried: what it needs is missing, or the spec is wrong."""
    before = attempt.registry.get("status") or {}
    words = problem.message[:_LONGEST]
    status = _remembered(attempt, before) | _head(attempt, READY if usable else FAILED, words)
    # What appears later counts as a change, even if it is what was there before.
    status.pop("sourceHash", None)
    status["errors"] = [words]
    listed = [_ready(usable, problem.reason, words), condition(SYNCED, "False", problem.reason, words)]
    if problem.reason.startswith("Secret"):
        listed.append(condition(AUTHENTICATED, "False", problem.reason, words))
    return _finished(attempt, status, listed)


def syncing(registry: Object) -> Object:
    """While a reading takes its time: all else stays as it was."""
    return {**(registry.get("status") or {}), "phase": SYNCING, "message": "the source is being read"}


def reason_of(error: CatalogError) -> str:
    if isinstance(error, RateLimited):
        return "RateLimited"
    if isinstance(error, Unreachable):
        return "Unreachable"
    if isinstance(error, Refused) and error.status in (401, 403):
        return "AuthFailed"
    if isinstance(error, Refused) and error.status == 404:
        return "NotFound"
    if isinstance(error, Refused) and error.status >= 500:
        return "ServerError"
    return "UnusableAnswer" if isinstance(error, Refused) else "SyncFailed"


def _of_error(attempt: Attempt, error: CatalogError, reason: str, words: str) -> list[Condition]:
    silent = isinstance(error, Unreachable) or reason == "ServerError"
    limited = isinstance(error, RateLimited)
    found = [
        condition(REACHABLE, "False", reason, words)
        if silent
        else condition(REACHABLE, "True", "Answered", "the source answers"),
        condition(RATE_LIMITED, "True", "RateLimited", words)
        if limited
        else condition(RATE_LIMITED, "False", "WithinLimit", "no limit was reached"),
    ]
    if reason == "AuthFailed":
        found.append(condition(AUTHENTICATED, "False", reason, words))
    elif attempt.credentials:
        status = "Unknown" if silent else "True"
        reason, words = ("NotAsked", "the source was not reached") if silent else ("Accepted", "not refused")
        found.append(condition(AUTHENTICATED, status, reason, words))  # type: ignore[arg-type]
    return found


def _ready(usable: bool, reason: str, words: str) -> Condition:
    if usable:
        return condition(conditions.READY, "True", "Stale", words)
    return condition(conditions.READY, "False", reason, words)


def _stale(before: Object, words: str) -> str:
    return f"{before.get('serversDiscovered', 0)} servers, as of {before.get('lastSyncTime')}; {words}"


def _head(attempt: Attempt, phase: str, message: str) -> Object:
    generation = attempt.registry["metadata"].get("generation", 0)
    return {"phase": phase, "message": message, "observedGeneration": generation}


def _remembered(attempt: Attempt, before: Object) -> Object:
    return {key: before[key] for key in _REMEMBERED if key in before}


def _finished(attempt: Attempt, status: Object, listed: list[Condition]) -> Object:
    return {**status, "conditions": listed}
