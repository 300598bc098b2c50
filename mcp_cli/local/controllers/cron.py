"""Five-field cron expressions: when a CronJob is due next.

Pure. Fields: minute, hour, day of the month, month, day of the week; `*`, lists, ranges, steps, names of months and
days, and @hourly, @daily, @weekly, @monthly, @yearly. Where both days are restricted, either one suffices.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = {text: number + 1 for number, text in enumerate(MONTH_NAMES)}
DAYS = {text: number for number, text in enumerate(DAY_NAMES)}
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
NAMES: tuple[dict[str, int], ...] = ({}, {}, {}, MONTHS, DAYS)
LONGEST = timedelta(days=366 * 5)
MANY = 100
# The latest of many missed times is looked for near the present first.
WINDOWS = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), LONGEST)


class CronError(ValueError):
    """An expression that cannot be read."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed expression."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def after(self, moment: datetime) -> datetime | None:
        """The first time later than `moment`, in its time zone; None where there is none (the 30th of February)."""
        when = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        last = moment + LONGEST
        while when <= last:
            if when.month not in self.months:
                when = _first_of_next_month(when)
            elif not self._is_day(when):
                when = when.replace(hour=0, minute=0) + timedelta(days=1)
            elif when.hour not in self.hours:
                when = when.replace(minute=0) + timedelta(hours=1)
            elif when.minute not in self.minutes:
                when += timedelta(minutes=1)
            else:
                return when
        return None

    def _is_day(self, when: datetime) -> bool:
        by_date = when.day in self.days
        by_weekday = (when.weekday() + 1) % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_date and by_weekday
        return by_date or by_weekday


def parse(expression: str) -> Schedule:
    fields = MACROS.get(expression.strip().lower(), expression).split()
    if len(fields) != 5:
        raise CronError(f"expected exactly 5 fields, found {len(fields)}: {expression!r}")
    minutes, hours, days, months, weekdays = (
        _field(text, *bounds, names) for text, bounds, names in zip(fields, BOUNDS, NAMES, strict=True)
    )
    return Schedule(minutes, hours, days, months, weekdays, _is_any(fields[2]), _is_any(fields[4]))


def due(schedule: Schedule, since: datetime, now: datetime, zone: tzinfo) -> tuple[datetime | None, int]:
    """The latest time in (since, now], and how many there were; counting stops after a hundred."""
    count = 0
    when = schedule.after(since.astimezone(zone))
    while when is not None and when <= now and count <= MANY:
        count += 1
        when = schedule.after(when)
    if not count:
        return None, 0
    for window in WINDOWS:
        latest = _last_between(schedule, max(since, now - window).astimezone(zone), now)
        if latest is not None:
            return latest, count
    return None, count


def _last_between(schedule: Schedule, since: datetime, now: datetime) -> datetime | None:
    latest = None
    when = schedule.after(since)
    while when is not None and when <= now:
        latest, when = when, schedule.after(when)
    return latest


def _is_any(text: str) -> bool:
    return text.startswith(("*", "?"))


def _field(text: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        values.update(_range(part, low, high, names))
    return frozenset(values)


def _range(part: str, low: int, high: int, names: dict[str, int]) -> range:
    span, _, step_text = part.partition("/")
    step = _number(step_text, {}) if step_text else 1
    if span in ("*", "?"):
        first, last = low, high
    else:
        start, dash, end = span.partition("-")
        first = _number(start, names)
        last = _number(end, names) if dash else (high if step_text else first)
    if first < low or last > high or first > last or step < 1:
        raise CronError(f"{part!r} is not within {low}-{high}")
    return range(first, last + 1, step)


def _number(text: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not text.isdigit():
        raise CronError(f"failed to parse int from {text!r}")
    return int(text)


def _first_of_next_month(when: datetime) -> datetime:
    year, month = (when.year + 1, 1) if when.month == 12 else (when.year, when.month + 1)
    return when.replace(year=year, month=month, day=1, hour=0, minute=0)
