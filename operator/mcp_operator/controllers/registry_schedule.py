"""When the source of an MCPRegistry is read: on its interval, on a change, on a trigger, and never otherwise. Pure.

Role: everything that decides lies in the object itself and in what is stored, so that a restart reads nothing. Called
by the registry controller.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mcp_operator.api import names
from mcp_operator.api.mcpregistry import ResolvedRegistry
from mcp_operator.catalog.fetch.errors import RateLimited, Refused, Unreachable
from mcp_operator.catalog.fetch.retry import JITTER, Policies

Object = dict[str, Any]
POLICIES = Policies()


@dataclass(frozen=True, slots=True)
class Due:
    """Seconds until the source is read, 0 for now, and why."""

    seconds: float
    why: str = ""


def due(
    registry: Object, resolved: ResolvedRegistry, inputs: str, complete: bool, now: float, *, pinned: bool = False
) -> Due:
    """`inputs` is the digest of Secret and ConfigMap; `complete` whether what was stored is still there.

    `pinned` says that a server asks for a version that no reading has looked for yet.
    """
    status = registry.get("status") or {}
    if status.get("observedGeneration") != registry["metadata"].get("generation", 0):
        return Due(0.0, "the spec has changed")
    if trigger_of(registry) not in ("", status.get("syncTrigger", "")):
        return Due(0.0, "it was asked for")
    if status.get("sourceHash", "") != inputs:
        return Due(0.0, "a Secret or ConfigMap has changed")
    if status.get("retryTime"):
        return Due(max(0.0, seconds_of(status["retryTime"]) - now), "the last reading failed")
    if not status.get("lastSyncTime"):
        return Due(0.0, "it was never read")
    if not complete:
        return Due(0.0, "stored entries are gone")
    if pinned:
        return Due(0.0, "a server asks for a version that is not stored")
    # A clock that was set back must not put a reading off for long.
    left = seconds_of(status["lastSyncTime"]) + resolved.interval - now
    return Due(max(0.0, min(left, resolved.interval)), "the interval is over")


def retry_after(error: Exception, failures: int, interval: float, now: float) -> float:
    """Seconds until a reading is tried again after so many failures in a row (this one included)."""
    if isinstance(error, RateLimited):
        policy = POLICIES.limit
        if error.until:
            said = max(0.0, error.until - now)
            return said + 1 + min(30.0, said * JITTER / 2) * random.random()
    elif isinstance(error, Unreachable):
        policy = POLICIES.network
    elif isinstance(error, Refused) and error.status >= 500:
        policy = POLICIES.other
    else:
        return interval
    return policy.wait(failures, random.random) if failures <= policy.attempts else max(interval, policy.longest)


def trigger_of(registry: Object) -> str:
    return str((registry["metadata"].get("annotations") or {}).get(names.ANNOTATION_SYNC_TRIGGER, ""))[:256]


def origin_of(resolved: ResolvedRegistry) -> str:
    """Digest of what decides which entries there are."""
    parts = [
        resolved.type,
        resolved.url,
        resolved.repository,
        resolved.branch,
        resolved.path,
        resolved.config_map,
        resolved.include,
        resolved.exclude,
        resolved.servers,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 time; long ago for what is none."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
