"""Documents that people write: YAML or JSON text to plain data, as kubectl reads it.

Role: what two readers would understand differently is read in kubectl's way (dates and `12:30:45` are text); what JSON
cannot say, what stands twice and what would grow beyond all bounds is refused. Pure. Called by `manifests`,
`fromcatalogue` and `tools call`.
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from typing import Any

# An API server takes 3 MB; few bytes of aliases may stand for billions of values.
MOST_VALUES = 500_000
# The C library that reads YAML recurses, and ends the process with its stack.
DEEPEST = 200

_YAML = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0|[1-9][\d_]*|0x[\da-fA-F_]+)\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?\Z|[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z", re.ASCII)
_HALF = re.compile("[\ud800-\udfff]")


class Unreadable(ValueError):
    """The text is no document; the message says why, after the name of the file."""


def documents_of(text: str) -> list[Any]:
    """The documents of a text, without empty ones."""
    try:
        found = _json(text) if text.lstrip()[:1] in ("{", "[") else None
        documents = _yaml(text) if found is None else found
        return [_plain(one) for one in documents if one is not None]
    except RecursionError as error:
        raise Unreadable("is nested too deeply") from error


def json_of(text: str) -> Any:
    """The one JSON document of a text."""
    try:
        return _plain(json.loads(text, object_pairs_hook=_object))
    except json.JSONDecodeError as error:
        raise Unreadable(f"is not JSON: {error}") from error
    except RecursionError as error:
        raise Unreadable("is nested too deeply") from error


def _json(text: str) -> list[Any] | None:
    """One JSON document after the other; None where it is YAML that only begins like one."""
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    found, rest = [], text.strip()
    try:
        while rest:
            one, end = decoder.raw_decode(rest)
            found.append(one)
            rest = rest[end:].lstrip()
    except json.JSONDecodeError:
        return None
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unreadable(f"says {_twin([key for key, _ in pairs])} twice in one place")
    return found


def _yaml(text: str) -> list[Any]:
    import yaml

    try:
        depth = 0
        for event in yaml.parse(text, _loader()):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise Unreadable("is nested too deeply")
        return list(yaml.load_all(text, _loader()))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise Unreadable(f"is not YAML{where}: {getattr(error, 'problem', None) or error}") from error
    except Unreadable:
        raise
    except ValueError as error:
        raise Unreadable(f"is not YAML: {error}") from error


@cache
def _loader() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):
        def construct_document(self, node: Any) -> Any:
            _weigh(node, {})
            return super().construct_document(node)

    replaced = {f"{_YAML}timestamp", f"{_YAML}int", f"{_YAML}float"}
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in replaced]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(f"{_YAML}int", _INTEGER, list("-+0123456789"))
    Loader.add_implicit_resolver(f"{_YAML}float", _FLOAT, list("-+0123456789."))
    return Loader


def _weigh(node: Any, known: dict[int, int]) -> int:
    """How many values a node stands for, its aliases written out; `known` holds 0 for those under way."""
    weight = known.get(id(node))
    if weight is not None:
        if not weight:
            raise Unreadable(f"holds itself, line {node.start_mark.line + 1}")
        return weight
    known[id(node)] = 0
    children = node.value if isinstance(node.value, list) else []
    if children and isinstance(children[0], tuple):
        written = [key.value for key, _ in children if isinstance(key.value, str) and key.tag != f"{_YAML}merge"]
        if len(set(written)) < len(written):
            raise Unreadable(f"says {_twin(written)} twice in one place, line {node.start_mark.line + 1}")
        children = [part for pair in children for part in pair]
    known[id(node)] = weight = 1 + sum(_weigh(child, known) for child in children)
    if weight > MOST_VALUES:
        raise Unreadable(f"stands for more than {MOST_VALUES} values, its aliases written out")
    return weight


def _twin(keys: list[str]) -> str:
    return next(f'"{key}"' for number, key in enumerate(keys) if key in keys[:number])


def _plain(value: Any) -> Any:
    """The value as JSON can say it; raises Unreadable for what it cannot."""
    if isinstance(value, dict):
        return _object([(_key(key), _plain(one)) for key, one in value.items()])
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, str):
        if not value.isascii() and _HALF.search(value):
            raise Unreadable(f"holds half of a character: {value.encode('ascii', 'backslashreplace').decode()}")
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable(f"holds {value}, which is no number in JSON")
    if value is None or isinstance(value, bool | int | float):
        return value
    raise Unreadable(f"holds a value of YAML's type {type(value).__name__}, which JSON does not know")


def _key(key: Any) -> str:
    """The keys of an object are strings: `1:` and `true:` are read as what they are written as."""
    plain = _plain(key)
    if isinstance(plain, dict | list):
        raise Unreadable("holds a key that is no text")
    return plain if isinstance(plain, str) else json.dumps(plain)
