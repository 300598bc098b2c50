"""Times as Kubernetes writes them, and durations as it prints them.

Role: pure, but for the clock. Called by tables, managers, strategies and the API server.
"""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """`metav1.Time`: whole seconds, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now_micro() -> str:
    """`metav1.MicroTime`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> datetime:
    """RFC 3339; raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment


def normalise(text: str) -> str:
    """A `metav1.Time` in the form in which it is stored; raises ValueError."""
    return parse(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def human_duration(seconds: float) -> str:
    """Two units at most, fewer the longer it is: `45s`, `3m20s`, `12m`, `5h10m`, `2d4h`, `45d`, `2y30d`, `9y`."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    years = days // 365
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    return _two(years, "y", days % 365, "d") if years < 8 else f"{years}y"


def _two(first: int, first_unit: str, second: int, second_unit: str) -> str:
    return f"{first}{first_unit}{second}{second_unit}" if second else f"{first}{first_unit}"


def age(timestamp: str | None, moment: datetime | None = None) -> str:
    """How long ago, for a column; `<unknown>` where there is no time."""
    if not timestamp:
        return "<unknown>"
    return human_duration(((moment or datetime.now(UTC)) - parse(timestamp)).total_seconds())
