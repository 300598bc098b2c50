"""Standard `metav1.Condition` lists, as pure functions over plain dicts.

Source: the API conventions of Kubernetes (sig-architecture, "Typical status properties").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

Condition = dict[str, Any]
Status = Literal["True", "False", "Unknown"]

READY = "Ready"
AVAILABLE = "Available"
PROGRESSING = "Progressing"
REGISTRY_FETCHED = "RegistryFetched"
APPLIED = "Applied"


def condition(type_: str, status: Status, reason: str, message: str = "") -> Condition:
    """A condition without its generation and time, which `merge` adds."""
    return {"type": type_, "status": status, "reason": reason, "message": message}


def merge(current: Sequence[Condition], desired: Iterable[Condition], *, generation: int, now: str) -> list[Condition]:
    """The new list: exactly the `desired` conditions, in their order.

    `lastTransitionTime` stays where the status stays and is `now` (RFC 3339) where it changes, so that merging the
    same conditions twice changes nothing. One that is not desired any more is dropped: absent means "does not apply".
    """
    before = {item.get("type"): item for item in current}
    merged = []
    for item in desired:
        old = before.get(item["type"])
        same = old is not None and old.get("status") == item["status"]
        since = old.get("lastTransitionTime", now) if old is not None and same else now
        merged.append({**item, "observedGeneration": generation, "lastTransitionTime": since})
    return merged


def find(conditions: Iterable[Condition] | None, type_: str) -> Condition | None:
    return next((item for item in conditions or () if item.get("type") == type_), None)


def is_true(conditions: Iterable[Condition] | None, type_: str) -> bool:
    found = find(conditions, type_)
    return found is not None and found.get("status") == "True"
