"""The JSONPath subset of CRDs: `.spec.a`, `[0]`, `[*]`, `['a.b']`, `[?(@.type=="Ready")]`, `\\.` in a name.

Role: pure; finds values, answers an empty list where there are none. Called by `tables` and `crds` validation.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

STEP = re.compile(
    r"""\.(?P<name>(?:\\.|[^.\[\\])+)            # .name, dots escaped
      | \[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]   # ['name']
      | \[(?P<index>-?\d+)\]                     # [0]
      | (?P<all>\[\*\]|\.\*)                     # every item
      | \[\?\(\s*@(?P<field>[^=!<>]+?)\s*(?P<operator>==|!=)\s*(?P<value>'[^']*'|"[^"]*"|[^)\s]+)\s*\)\]
    """,
    re.VERBOSE,
)
Step = tuple[str, Any]


@cache
def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path; raises ValueError."""
    text = path.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    steps: list[Step] = []
    position = 0
    while position < len(text):
        match = STEP.match(text, position)
        if match is None:
            raise ValueError(f"unrecognized character in {path!r} at {text[position:]!r}")
        steps.append(_step(match))
        position = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    found = match.groupdict()
    if found["name"] is not None and found["name"] != "*":
        return "name", re.sub(r"\\(.)", r"\1", found["name"])
    if found["quoted"] is not None:
        return "name", found["quoted"]
    if found["index"] is not None:
        return "index", int(found["index"])
    if found["field"] is not None:
        value: str = found["value"]
        plain = value[1:-1] if value[:1] in "'\"" else value
        return "filter", (parse(found["field"].strip()), found["operator"] == "==", plain)
    return "all", None


def find(path: str, value: Any) -> list[Any]:
    return _follow(parse(path), value)


def _follow(steps: tuple[Step, ...], value: Any) -> list[Any]:
    places = [value]
    for kind, argument in steps:
        places = [found for place in places for found in _take(kind, argument, place)]
    return places


def _take(kind: str, argument: Any, place: Any) -> list[Any]:
    if kind == "name":
        return [place[argument]] if isinstance(place, dict) and argument in place else []
    if kind == "all":
        return list(place.values()) if isinstance(place, dict) else list(place) if isinstance(place, list) else []
    if not isinstance(place, list):
        return []
    if kind == "index":
        return [place[argument]] if -len(place) <= argument < len(place) else []
    steps, equal, wanted = argument
    return [item for item in place if any(_text(found) == wanted for found in _follow(steps, item)) == equal]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
