"""Answers of an API server without what differs from run to run, so that two servers can be compared.

Role: pure. Called by the golden tests and their differential twins.
"""

from __future__ import annotations

import json
import re
from typing import Any

UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
FIXED_UID = "00000000-0000-0000-0000-000000000001"
SYSTEM = ("uid", "resourceVersion", "creationTimestamp", "selfLink")
# What the server allocates; `apimachinery` leaves that to the API server.
ALLOCATED = ("clusterIP", "clusterIPs")


def normalised(answer: Any) -> Any:
    if not isinstance(answer, dict):
        return answer
    if answer.get("kind") == "Status":
        return _status(answer)
    out = json.loads(UID.sub(FIXED_UID, json.dumps(answer)))
    metadata = out.get("metadata") or {}
    for key in SYSTEM:
        metadata.pop(key, None)
    entries = metadata.get("managedFields") or []
    for entry in entries:
        entry.pop("time", None)
    if entries:
        metadata["managedFields"] = sorted(
            entries, key=lambda e: (e["operation"], e["manager"], e.get("subresource", ""))
        )
    return _without_allocated(out)


def _without_allocated(obj: dict[str, Any]) -> dict[str, Any]:
    if obj.get("kind") == "Service" and obj["spec"].get("clusterIP") != "None":
        for key in ALLOCATED:
            obj["spec"].pop(key, None)
        for port in obj["spec"].get("ports") or ():
            port.pop("nodePort", None)
    (obj.get("status") or {}).pop("lastPhaseTransitionTime", None)
    return obj


def _status(answer: dict[str, Any]) -> dict[str, Any]:
    """Causes as a set: the server goes through Go maps, and says some things more than once."""
    details = dict(answer.get("details") or {})
    causes = {
        (c.get("field", ""), c.get("reason", ""), _plain(c.get("message", ""))) for c in details.pop("causes", [])
    }
    out = {"reason": answer.get("reason", ""), "details": details, "causes": sorted(map(list, causes))}
    if not causes:
        out["message"] = answer.get("message", "")
    return json.loads(UID.sub(FIXED_UID, json.dumps(out)))


def _plain(message: str) -> str:
    """Without the difference of two Go structs that some messages end with, and the picture of a syntax error."""
    return re.split(r"\n(?:@@| ?\|)", message)[0]
