"""YAML of strangers: text -> plain documents, without what makes a few bytes harmful.

Role: refuse aliases (no entry needs one, and a few of them expand to gigabytes), deep nesting (the C library that reads
YAML recurses, and ends the process with its stack) and numbers that Python would not write again (YAML has them in
other bases, without a limit). Pure. Called by `docker` and by readers of files and addresses.
"""

from __future__ import annotations

from typing import Any

import yaml

from mcp_operator.catalog.errors import MalformedEntry

DEEPEST = 100
LONGEST_NUMBER = 100


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, with numbers of a bounded length."""

    def integer(self, node: yaml.ScalarNode) -> int:
        return int(self.construct_yaml_int(_bounded(node)))

    def number(self, node: yaml.ScalarNode) -> float:
        return float(self.construct_yaml_float(_bounded(node)))


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.number)


def documents(text: str, origin: str) -> list[Any]:
    """Every document of a stream; raises MalformedEntry."""
    try:
        _look_through(text, origin)
        return list(yaml.load_all(text, Loader=_Loader))
    except (LookupError, AttributeError) as error:
        # What PyYAML raises for `!!bool perhaps`, `!!timestamp soon`, `!!int ''`.
        raise MalformedEntry(f"{origin}: is no YAML: a value is not what its tag says") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = str(getattr(error, "problem", None) or error)
        raise MalformedEntry(f"{origin}: is no YAML: {problem}") from error


def _look_through(text: str, origin: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise MalformedEntry(f"{origin}: uses YAML aliases")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise MalformedEntry(f"{origin}: is nested too deeply")


def _bounded(node: yaml.ScalarNode) -> yaml.ScalarNode:
    if len(node.value) > LONGEST_NUMBER:
        raise yaml.constructor.ConstructorError(None, None, "a number has too many digits", node.start_mark)
    return node
