"""What Go's decoders say of a body that they cannot read, and how Go prints values.

Role: pure; words only. Called by the API server's codec and by its patches.
"""

from __future__ import annotations

import json
import re
from typing import Any

END = "unexpected end of JSON input"
SHOWN = 30
_LOOKING = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
}
_UNREADABLE = re.compile(r"json: cannot unmarshal (\w+) into Go (?:struct field \S+|value) of type (.+)")
_SOURCES = {"object": "map", "array": "slice", "number": "int64"}


def syntax_error(error: json.JSONDecodeError) -> str:
    """The same complaint in the words of encoding/json."""
    text, place = error.doc, error.pos
    if place >= len(text) or error.msg.startswith("Unterminated string"):
        return END
    if error.msg == "Expecting value" and text[place] in "tfn":
        return _literal(text, place)
    looking = _LOOKING.get(error.msg) or _after_member(text[:place])
    return f"invalid character {_quoted(text[place])} {looking}"


def _literal(text: str, place: int) -> str:
    word = {"t": "true", "f": "false", "n": "null"}[text[place]]
    for offset, letter in enumerate(word):
        if place + offset >= len(text):
            return END
        found = text[place + offset]
        if found != letter:
            return f"invalid character {_quoted(found)} in literal {word} (expecting {_quoted(letter)})"
    return END


def _after_member(before: str) -> str:
    """Whether it is an object or an array that goes on wrongly."""
    depth: list[str] = []
    for letter in re.sub(r'"(?:[^"\\\\]|\\\\.)*"', "", before):
        if letter in "{[":
            depth.append(letter)
        elif letter in "}]" and depth:
            depth.pop()
    return "after array element" if depth and depth[-1] == "[" else "after object key:value pair"


def _quoted(letter: str) -> str:
    return {"\n": r"'\n'", "\t": r"'\t'", "'": r"'\''", '"': "'\"'"}.get(letter, f"'{letter}'")


def summary(data: bytes) -> str:
    """The beginning of a body, as it stands in messages."""
    if not data:
        return "<empty>"
    text = data.decode(errors="replace") if data.startswith(b"{") else data.hex()
    return text[:SHOWN] + " ..." if len(data) > SHOWN else text


def printed(value: Any) -> str:
    """A value as fmt prints it with %v."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return str(value).lower()
        case dict():
            return "map[" + " ".join(f"{key}:{printed(value[key])}" for key in sorted(value)) + "]"
        case list():
            return "[" + " ".join(map(printed, value)) + "]"
    return str(value)


def conversion_error(problem: str) -> str:
    """What a strategic merge patch says where JSON could not be read into a type."""
    found = _UNREADABLE.search(problem)
    if found is None:
        return problem
    source, target = _SOURCES.get(found[1], found[1]), found[2]
    if target.startswith(("[]", "map[")):
        return f"cannot restore {'slice' if target.startswith('[]') else 'map'} from {source}"
    return f"cannot restore struct from: {source}" if "." in target else f"unrecognized type: {target}"
