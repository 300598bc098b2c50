"""Durations as people write them, and ages as kubectl prints them.

Role: pure text and numbers. Called by the session flags, the printers and the embedded cluster's tables.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse_duration(text: str) -> float:
    """Seconds of `30s`, `1h30m`, `1.5h` or a plain number of seconds; ValueError for anything else."""
    text = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not text or _PART.sub("", text):
        raise ValueError(f"{text!r} is not a duration: write it like 30s, 5m or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def parse_time(stamp: str | None) -> datetime | None:
    """A Kubernetes timestamp, with or without fractions of a second."""
    if not stamp:
        return None
    return datetime.fromisoformat(stamp.replace("Z", "+00:00"))


def age(stamp: str | None, now: datetime | None = None) -> str:
    """How long ago, in kubectl's two-part form (`5s`, `4m10s`, `3h2m`, `2d`)."""
    then = parse_time(stamp)
    if then is None:
        return "<unknown>"
    return human((now or datetime.now(UTC)).timestamp() - then.timestamp())


def human(seconds: float) -> str:
    """Two units at most, fewer the longer it is: `45s`, `3m20s`, `12m`, `5h10m`, `2d4h`, `45d`, `2y30d`, `9y`."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    whole = max(0, whole)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    years = days // 365
    return _two(years, "y", days % 365, "d") if years < 8 else f"{years}y"


def spoken(seconds: float) -> str:
    """A time as somebody gave it: below ten seconds with its fraction."""
    return f"{seconds:g}s" if seconds < 10 else human(seconds)


def _two(first: int, unit: str, second: int, small: str) -> str:
    return f"{first}{unit}{second}{small}" if second else f"{first}{unit}"
