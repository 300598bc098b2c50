"""YAML of strangers: text -> plain documents, without what makes a few bytes harmful.

Role: refuse aliases (no entry needs one, and a few of them expand to gigabytes) and deep nesting (the C library that
reads YAML recurses, and ends the process with its stack) before anything is built. Pure. Called by `docker` and by
readers of files and addresses.
"""

from __future__ import annotations

from typing import Any

import yaml

from mcp_operator.catalog.errors import MalformedEntry

DEEPEST = 100
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def documents(text: str, origin: str) -> list[Any]:
    """Every document of a stream; raises MalformedEntry."""
    try:
        _look_through(text, origin)
        return list(yaml.load_all(text, Loader=_LOADER))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = str(getattr(error, "problem", None) or error)
        raise MalformedEntry(f"{origin}: is no YAML: {problem}") from error


def _look_through(text: str, origin: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise MalformedEntry(f"{origin}: uses YAML aliases")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise MalformedEntry(f"{origin}: is nested too deeply")
