"""Whether to use colour, and the few colours there are.

Role: one answer to "is this stream a terminal that wants colour", and the meaning of a colour. Pure but for asking the
stream. Called by the printers, the live displays and the error boundary.
"""

from __future__ import annotations

import os
from typing import IO, Any

_forbidden_by_flag = False

GOOD = "green"
BAD = "red"
WAITING = "yellow"
FAINT = "bright_black"

PHASE_COLOURS = {
    "Running": GOOD,
    "Ready": GOOD,
    "Completed": GOOD,
    "Pending": WAITING,
    "Syncing": WAITING,
    "Degraded": WAITING,
    "Terminating": WAITING,
    "Failed": BAD,
    "Stopped": FAINT,
}


def forbid_colour() -> None:
    """`--no-color` was given: no stream is coloured from here on."""
    global _forbidden_by_flag
    _forbidden_by_flag = True


def is_terminal(stream: IO[Any]) -> bool:
    """A closed or replaced stream counts as none."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def redraws(stream: IO[Any]) -> bool:
    """Whether what was written can be written over: `TERM=dumb` (an editor's shell) shows the escapes instead."""
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def colour_for(stream: IO[Any]) -> bool:
    """Colour only for a person: a terminal that can, and nobody who said no."""
    if _forbidden_by_flag or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream)


def paint(text: str, colour: str | None, wanted: bool) -> str:
    """The text in that colour, or as it is."""
    if not (wanted and colour and text):
        return text
    import click

    return click.style(text, fg=colour)
