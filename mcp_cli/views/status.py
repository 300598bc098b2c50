"""The status page of a server.

Role: the exact look of `mcp status NAME`, and the words for why a server is not ready. Pure. Called by `status`, and
by the wait of writing commands for its reasons.
"""

from __future__ import annotations

from typing import Any

from mcp_cli.durations import age
from mcp_cli.kinds import condition, conditions_of, desired_replicas, seen_by_operator, spec_of, status_of
from mcp_cli.output.style import BAD, GOOD, PHASE_COLOURS, paint

GOOD_MARK, BAD_MARK = "✓", "✗"
_ABSENCE_IS_GOOD = frozenset({"RateLimited", "AuthFailed"})
_WORK = frozenset({"Progressing", "Applied"})
_SPEAKS_FOR_ITSELF = frozenset({"Ready", "Available"})
_PROGRESS_OVER = frozenset({"Complete", "DeploymentComplete"})


def phase_of(server: dict[str, Any]) -> str:
    if server["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return status_of(server).get("phase") or "Pending"


def replicas_of(server: dict[str, Any]) -> str:
    return f"{int(status_of(server).get('readyReplicas') or 0)}/{desired_replicas(server)}"


def page(server: dict[str, Any], *, colour: bool = False) -> str:
    """The whole page; reason and message only where something is wrong."""
    metadata, status, phase = server["metadata"], status_of(server), phase_of(server)
    lines = [
        f"Name: {metadata['name']}",
        f"Namespace: {metadata.get('namespace', '')}",
        f"Phase: {paint(phase, PHASE_COLOURS.get(phase), colour)}",
    ]
    said = ""
    if phase != "Running":
        said = _one_line(status.get("message") or "")
        lines += [
            f"{label}: {_one_line(status[field])}"
            for label, field in (("Reason", "reason"), ("Message", "message"))
            if status.get(field)
        ]
    lines += [f"Replicas: {replicas_of(server)}"]
    if status.get("serviceEndpoint"):
        lines.append(f"Endpoint: {status['serviceEndpoint']}")
    lines.append(f"Age: {age(metadata.get('creationTimestamp'))}")
    registry = (spec_of(server).get("registry") or {}).get("name")
    if registry:
        lines.append(f"Registry: {registry}")
    lines += ["", "Conditions:"]
    lines += [condition_line(c, colour=colour, said=said) for c in telling(server)] or [
        "  none yet: the operator has not looked at it"
    ]
    return "\n".join(lines)


def telling(server: dict[str, Any]) -> list[dict[str, Any]]:
    """The conditions that say something: work that is done well says nothing beside Ready and Available."""
    return [c for c in conditions_of(server) if c.get("type") not in _WORK or not is_good(c)]


def is_over(progressing: dict[str, Any]) -> bool:
    return progressing.get("status") == "False" and progressing.get("reason") in _PROGRESS_OVER


def _one_line(text: str) -> str:
    return " ".join(text.split())


def condition_line(one: dict[str, Any], *, colour: bool, said: str = "") -> str:
    """`✓ Ready: True - message`; one that is not good also says its reason. What was `said` above is not said again."""
    good = is_good(one)
    mark = paint(GOOD_MARK, GOOD, colour) if good else paint(BAD_MARK, BAD, colour)
    reason, message = one.get("reason") or "", _one_line(one.get("message") or "")
    if good:
        words = "" if one.get("type") in _SPEAKS_FOR_ITSELF else message
    else:
        words = ": ".join(part for part in (reason, message if message != said else "") if part)
    return f"  {mark} {one.get('type')}: {one.get('status')}" + (f" - {words}" if words else "")


def is_good(one: dict[str, Any]) -> bool:
    """Most conditions are good when True; progress is also good when it is over."""
    if one.get("type") == "Progressing" and is_over(one):
        return True
    wanted = "False" if one.get("type") in _ABSENCE_IS_GOOD else "True"
    return one.get("status") == wanted


def why_not_ready(server: dict[str, Any]) -> str:
    """One line: the reason and message of the status, else of the condition that holds it up."""
    if not seen_by_operator(server) and not status_of(server).get("phase"):
        return "no operator has looked at it yet"
    status = status_of(server)
    source = status if status.get("message") or status.get("reason") else condition(server, "Ready") or {}
    words = ": ".join(part for part in (source.get("reason"), source.get("message")) if part)
    return words or f"{replicas_of(server)} replicas are ready"
