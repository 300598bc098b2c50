"""Why a program ended, in the few lines of its output that tell it. Pure.

Role: finds the line of the error and what belongs to it, else keeps the end; the same words for the same trouble, and
for its own answer once more. Called by: the bridge when its child has ended; the operator and the command line for
what a container without a bridge left behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

from mcp_operator.bridge.masking import mask_forms
from mcp_operator.bridge.outputlines import Kind, Said, lines_of

ENDED = "mcp-bridge: the server ended with exit code {code}"
SAID = "; it last said:"
LIMIT = 600
_LINE = 400
_END_LINES = 8
_REPEATED = 40
_CONTINUED = 3
_MARK = re.compile(re.escape(ENDED).replace(r"\{code\}", r"-?\d+") + re.escape(SAID) + r"\n")
_OTHER_TALK = re.compile(r"^.{0,40}\b(?:INFO|DEBUG|TRACE|WARN(?:ING)?|LOG)\b|^(?i:usage:)")
_OPTION = re.compile(r"^--?\w")
_HEADINGS = ("Error", "Fatal")


def telling(output: str, limit: int = LIMIT) -> list[str]:
    """The lines that say what was wrong; none where the output says nothing."""
    # What a bridge has chosen already stands at the end, after all that it passed on.
    output = _MARK.split(output)[-1]
    said = list(lines_of(mask_forms(output)))
    chosen = _of_error(said) or _end([one.text for one in said if one.kind is not Kind.BREAK], limit)
    return _bounded(chosen, limit)


def _of_error(said: Sequence[Said]) -> list[str]:
    """The last error that was raised, with its cause, and the last that was spoken of after it."""
    raised = [at for at, one in enumerate(said) if one.kind is Kind.RAISED]
    at = raised[-1] if raised else -1
    logged = [at_log for at_log, one in enumerate(said) if one.kind is Kind.LOGGED and at_log > at]
    words = _message(said, at) if raised else []
    if raised:
        words += _cause(said, at)
    if logged and not any(said[logged[-1]].text in line for line in words):
        words += _message(said, logged[-1])
    return words


def _message(said: Sequence[Said], at: int) -> list[str]:
    """One error and the lines that continue it."""
    first, after = said[at].text, said[at + 1 :]
    if first.rstrip(":") in _HEADINGS and after and after[0].text:
        first, after = f"{first.rstrip(':')}: {after[0].text}", after[1:]
    following = takewhile(lambda one: one.kind is Kind.PLAIN and not _OTHER_TALK.match(one.text), after)
    return [first, *[one.text for one in following][:_CONTINUED]]


def _cause(said: Sequence[Said], at: int) -> list[str]:
    """Where the error came from: what it says itself, else the first of the exceptions that led to it."""
    given = [one.text.partition(": ")[2] for one in said[at:] if one.kind is Kind.CAUSE]
    if given:
        return [f"caused by: {given[-1]}"]
    first, last = at, at
    while (link := _last(said, Kind.LINK, last)) is not None:
        before = _last(said, Kind.RAISED, link)
        if before is None or _last(said, Kind.RAISED, last) not in (None, before):
            break
        first = last = before
    return [f"caused by: {said[first].text}"] if first != at and said[first].text != said[at].text else []


def _last(said: Sequence[Said], kind: Kind, end: int) -> int | None:
    return next((at for at in range(end - 1, -1, -1) if said[at].kind is kind), None)


def _end(lines: Sequence[str], limit: int) -> list[str]:
    """The last lines that fit, without the list of options of a usage text."""
    kept: list[str] = []
    for line in reversed([_cut(line) for line in lines if not _OPTION.match(line)][-_END_LINES:]):
        if kept and sum(map(len, kept)) + len(line) > limit:
            break
        kept.append(line)
    return kept[::-1]


def _bounded(lines: Iterable[str], limit: int) -> list[str]:
    """Each line once and none too long; what is over the limit goes, last lines first."""
    kept: list[str] = []
    for line in map(_cut, lines):
        if any(line == other or (len(line) >= _REPEATED and line in other) for other in kept):
            continue
        if kept and sum(map(len, kept)) + len(line) > limit:
            break
        kept.append(line)
    return kept


def _cut(line: str) -> str:
    return line if len(line) <= _LINE else line[: _LINE - 1] + "…"
