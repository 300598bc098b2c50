"""What others have added to an object beside what the operator applied, and how it is taken out again. Pure.

Role: server-side apply puts back what was changed and leaves what was added: a variable, a container, `paused`. Who
added what stands in managedFields. Annotations and labels stay, those of the pod template too: other tools tell each
other things there. Called by the world, which remembers whether there is anything, and by `apply`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mcp_operator.api import names

Object = dict[str, Any]
Path = tuple[str | int, ...]

_PARTS = ("spec", "data", "binaryData")
# What an autoscaler writes, where the operator leaves it alone, and where other tools leave notes.
_LEFT: tuple[Path, ...] = (("spec", "replicas"), ("spec", "template", "metadata"))


def additions(obj: Object) -> list[Path]:
    """Where in the object the fields are that only others own, each at its top; deeper items of a list come first."""
    entries = [entry for entry in obj["metadata"].get("managedFields") or () if not entry.get("subresource")]
    own = [entry for entry in entries if entry.get("manager") == names.FIELD_MANAGER_OPERATOR]
    if not own:
        return []
    found: set[Path] = set()
    for entry in entries:
        if entry not in own:
            found.update(_added(entry.get("fieldsV1") or {}, [one.get("fieldsV1") or {} for one in own], obj, ()))
    return sorted(found, reverse=True)


def removal(obj: Object) -> list[Object]:
    """JSON patch operations that take out exactly what was seen; none where nothing was added."""
    operations: list[Object] = []
    for path in additions(obj):
        pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
        operations.append({"op": "test", "path": pointer, "value": _at(obj, path)})
        operations.append({"op": "remove", "path": pointer})
    return operations


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _added(theirs: Object, ours: list[Object], live: Any, path: Path) -> Iterator[Path]:
    for key, below in theirs.items():
        step = _step(key, live)
        here = (*path, step) if step is not None else ()
        if step is None or here in _LEFT or (not path and step not in _PARTS):
            continue
        same = [one[key] for one in ours if key in one]
        if same:
            yield from _added(below, same, live[step], here)
        else:
            yield here


def _step(key: str, live: Any) -> str | int | None:
    """Where a key of managedFields leads in the live object; None for what is not there or is no part of it."""
    kind, _, name = key.partition(":")
    if kind == "f" and isinstance(live, dict) and name in live:
        return name
    if kind == "k" and isinstance(live, list):
        wanted = json.loads(name)
        fits = (n for n, item in enumerate(live) if all(item.get(field) == value for field, value in wanted.items()))
        return next(fits, None)
    return None
