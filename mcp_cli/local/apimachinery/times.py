"""Times as Kubernetes writes them.

Role: pure, but for the clock. Called by tables, managers, strategies and the API server.
"""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """`metav1.Time`: whole seconds, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> datetime:
    """RFC 3339; raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment


def normalise(text: str) -> str:
    """A `metav1.Time` in the form in which it is stored; raises ValueError."""
    return parse(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
