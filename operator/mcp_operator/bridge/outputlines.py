"""A program's output as lines that a person would read. Pure.

Role: leaves out what tells nothing of a failure (stack frames and the source lines under them, boxes, carets, colours,
times, addresses, folders of this machine) and says of each line that is left what it is. Called by `lastwords.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    RAISED = auto()
    """An error that ended something: an exception, a panic, a refused command line."""
    LOGGED = auto()
    """A line that speaks of an error."""
    CAUSE = auto()
    """What a raised error came from, as the program said it."""
    LINK = auto()
    """The next exception came while the last one was handled."""
    BREAK = auto()
    """Something was left out here; what follows continues no message."""
    PLAIN = auto()


@dataclass(frozen=True, slots=True)
class Said:
    kind: Kind
    text: str


_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f]"
)
_BOXES = re.compile(r"[\u2500-\u259f\u276f\u2771]")
_NPM = re.compile(r"^npm (?:error|ERR!) ?")
_GROUP_MARK = re.compile(r"^\s*(?:\+-\+-[-\s\d]*$|\+ (?=Exception Group)|\|)+")
_DECORATION = re.compile(r"^[\W_]*$")
_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|\d{1,2}/\d{1,2}/\d{2,4},? \d\d:\d\d:\d\d"
_STAMP = re.compile(rf"^[\[(]?(?:{_TIME}|\d\d:\d\d:\d\d(?:[.,]\d+)?)[\])]?(?:\s*[|-])?\s*")
_OF_THIS_RUN = re.compile(r" at 0x[0-9a-fA-F]+|(?<=process) \[\d+\]")
_MACHINE_PATH = re.compile(
    r"(?:file://)?/(?:[^\s'\":,)]{0,300}/)?(?=(?:node_modules|site-packages|dist-packages)/)"
    r"|(?:file://)?/[^\s'\":,)]{0,300}/pods/[0-9a-f-]{36}/volumes/"
)

_PYTHON_FRAME = re.compile(r'^\s*File "[^"]*", line \d+')
_FRAMES = re.compile(
    r"^\s+at (?:async |new )?\S.*$|^at (?:async |new )?\S+ \(.*\)$|^\s+\S+\.go:\d+|^goroutine \d+ \["
    r"|^(?:node:|file:///|/)\S*:\d+$|^\s*\d+: 0x[0-9a-f]+|^stack backtrace:|^\s*\.\.\. \d+ (?:more|lines)"
)
_NOISE = re.compile(
    r"^(?:Traceback \(most recent|Exception Group Traceback|Node\.js v\d|npm (?:notice|warn|WARN)|Require stack:"
    r"|- \S+\.[cm]?[jt]s$|note: run with `RUST_BACKTRACE|RuntimeWarning: Enable tracemalloc|\(Use `node --trace-"
    r"|mcp-bridge: .* on https?://\S+$|mcp-bridge: the server ended with exit code -?\d+$"
    r"|(?:[A-Za-z0-9_.]+\.)?(?:Base)?ExceptionGroup: |For further information visit https://"
    r"|A complete log of this run)"
)
_LINK = re.compile(r"^(?:The above exception was the direct cause|During handling of the above exception)")
_IGNORED = re.compile(r"^Exception ignored in")
_CAUSE = re.compile(r"^(?:\[cause\]|[Cc]aused by): (?=\S)")
_NAMED = r"(?:[\w$-]+[./])*[A-Z][\w$]*(?:Error|Exception|Exit|Interrupt|Timeout|Failure|Fault|Refused|NotFound)"
_RAISED = re.compile(
    rf"^(?:Uncaught:? |Unhandled:? )?{_NAMED}(?: \[[\w.-]+\])?(?::\s|:?$)|^Error(?: \[[\w.-]+\])?:\s|^Error:?$"
    r"|^\S+: error: |^error: |^thread '.*' panicked at|^panic: |^Exception in thread |^\[?UnhandledPromiseRejection"
)
_LOGGED = re.compile(
    r"^(?:mcp-bridge(?: install)?: )?\W*(?:(?i:error|fatal|failed|failure|cannot|can't|could not|unable to|missing)\b)"
    r"|^.{0,60}\b(?:ERROR|FATAL|CRITICAL)\b|\blevel=(?:error|fatal)\b|^\W*[\u274c\u2716\u2717]"
    r"|: (?:No such file or directory|Permission denied|command not found|not found)$"
)
# Nobody reads further, and a stranger's line of slashes would keep the expressions busy.
_LONGEST = 1000
_LEVELS = {50: "error", 60: "fatal"}


def lines_of(text: str) -> Iterator[Said]:
    """Every line worth reading; a break wherever something was left out."""
    gap = False
    for raw, spoken, raised in _without_frames(map(_plain, text.splitlines())):
        line = _tidy(raw) if spoken else ""
        if not line or _NOISE.match(line):
            gap = gap or not spoken
            continue
        if gap:
            yield Said(Kind.BREAK, "")
        gap = False
        yield Said(_kind(line, raised), line)


def _plain(line: str) -> str:
    """Without colours, boxes and npm's word before what it passes on, with the indent that it had."""
    line = _BOXES.sub(" ", _NPM.sub("", _ESCAPES.sub("", line.expandtabs(4))))
    return _GROUP_MARK.sub(lambda match: " " * len(match[0]), line).rstrip()


def _without_frames(lines: Iterable[str]) -> Iterator[tuple[str, bool, bool]]:
    """Each line, whether it says something, and whether it ends a traceback of Python.

    A frame, what stands under it, the fields of an error object and an error that was ignored say nothing.
    """
    indent: int | None = None
    in_object = ignored = False
    for line in lines:
        own = len(line) - len(line.lstrip())
        if in_object:
            cause = _CAUSE.match(line.strip())
            in_object = line.strip() != "}" and not cause
            yield line, bool(cause), False
        elif _PYTHON_FRAME.match(line):
            indent = own
            yield line, False, False
        elif indent is not None and (own > indent or not line.strip()):
            yield line, False, False
        elif _FRAMES.match(line):
            in_object = line.endswith("{")
            yield line, False, False
        elif _IGNORED.match(line.strip()):
            ignored = True
            yield line, False, False
        else:
            in_object = line.endswith(" {") and bool(_RAISED.match(line.strip()))
            # The last line of the traceback of an ignored error.
            dropped, ended = ignored and indent is not None, indent is not None
            ignored, indent = ignored and indent is None, None
            yield line.removesuffix(" {") if in_object else line, not dropped, ended


def _tidy(line: str) -> str:
    """One line without what differs from run to run; empty where nothing is left."""
    line = line.strip()
    if line.startswith("{") and line.endswith("}"):
        line = _of_json(line)
    line = _MACHINE_PATH.sub("", _OF_THIS_RUN.sub("", _STAMP.sub("", line[:_LONGEST])))
    return "" if _DECORATION.match(line) else " ".join(line.split())


def _of_json(line: str) -> str:
    """The words of a log record; the line itself where it is something else."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return line
    words = next((record[key] for key in ("msg", "message", "error") if isinstance(record.get(key), str)), None)
    if words is None:
        return line
    level = record.get("level", record.get("severity", ""))
    level = _LEVELS.get(level, "") if isinstance(level, int) else str(level)
    return f"{level}: {words}" if level else str(words)


def _kind(line: str, raised: bool) -> Kind:
    kinds = ((_LINK, Kind.LINK), (_CAUSE, Kind.CAUSE), (_RAISED, Kind.RAISED), (_LOGGED, Kind.LOGGED))
    kind = next((kind for pattern, kind in kinds if pattern.search(line)), Kind.PLAIN)
    return Kind.RAISED if raised and kind in (Kind.PLAIN, Kind.LOGGED) else kind
