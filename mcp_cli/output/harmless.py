"""Texts of strangers on a terminal: a server's words, a pod's last lines, an annotation.

Role: characters that a terminal acts on instead of showing them are replaced: escapes, other controls, those that turn
the direction of writing. Pure. Called by the printers, the live displays and the error boundary; the catalogue's texts
are cleaned where they are read (`views.catalogue`).
"""

from __future__ import annotations

import re

_CONTROLS = "\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
_ESCAPABLE = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_HARMFUL = re.compile(f"[\x1b{_CONTROLS}]")
_HARMFUL_IN_COLOUR = re.compile(f"\x1b(?!\\[[0-9;]*m)|[{_CONTROLS}]")

SHOWN = "\N{REPLACEMENT CHARACTER}"


def harmless(text: str, *, coloured: bool = False) -> str:
    """The text without them; `coloured` leaves the colours that were painted into it."""
    if text.isprintable():
        return text
    plain = text.replace("\r\n", "\n")
    return (_HARMFUL_IN_COLOUR if coloured else _HARMFUL).sub(SHOWN, plain)


def escaped(text: str) -> str:
    """JSON whose strings hold them as escapes: nothing is lost, and nothing is obeyed."""
    return _ESCAPABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def needs_escapes(text: str) -> bool:
    """Whether a text that a dumper made holds any."""
    return not text.isascii() and bool(_ESCAPABLE.search(text))
