"""JSON patch (RFC 6902) and JSON merge patch (RFC 7386).

Role: pure; arguments are never changed. Refusals are `StatusError`s in the API server's words.
Called by the API server.
"""

from __future__ import annotations

import copy
from typing import Any

from mcp_cli.local.apimachinery import errors

MAX_OPERATIONS = 10_000


def merge_patch(document: Any, patch: Any) -> Any:
    """What RFC 7386 makes of `document`: null removes, objects merge, anything else replaces; nothing is shared."""
    return _merge(copy.deepcopy(document), patch)


def _merge(document: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    out = document if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = _merge(out.get(key), value)
    return out


def diff(old: Any, new: Any) -> Any:
    """The merge patch that makes `new` of `old` (null cannot be a value)."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return copy.deepcopy(new)
    out: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key not in old:
            out[key] = copy.deepcopy(value)
        elif old[key] != value:
            out[key] = diff(old[key], value)
    return out


class _PatchError(Exception):
    """One operation cannot be done."""


def json_patch(document: Any, operations: Any) -> Any:
    """The document after all operations, or none of them (StatusError)."""
    if not isinstance(operations, list) or not all(isinstance(operation, dict) for operation in operations):
        kind = "object" if isinstance(operations, dict) else "value"
        text = f"error decoding patch: json: cannot unmarshal {kind} into Go value of type []handlers.jsonPatchOp"
        raise errors.bad_request(text)
    if len(operations) > MAX_OPERATIONS:
        limit = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        raise errors.too_large(limit)
    root = [copy.deepcopy(document)]
    for operation in operations:
        try:
            _operate(root, operation)
        except _PatchError as error:
            raise errors.unprocessable() from error
    return root[0]


def _operate(root: list[Any], operation: dict[str, Any]) -> None:
    name = operation.get("op")
    path = _tokens(operation.get("path"))
    if name in ("add", "replace", "test") and "value" not in operation and name != "test":
        raise _PatchError(f"{name} operation does not have a value: missing value")
    if name == "add":
        _add(root, path, copy.deepcopy(operation["value"]))
    elif name == "remove":
        _remove(root, path, "remove")
    elif name == "replace":
        _set(root, path, copy.deepcopy(operation["value"]))
    elif name == "move":
        source = _tokens(operation.get("from"))
        if path[: len(source)] == source and path != source:
            raise _PatchError("move operation cannot move a value into itself")
        value = _get(root, source, "move")
        _remove(root, source, "move")
        _add(root, path, value)
    elif name == "copy":
        _add(root, path, copy.deepcopy(_get(root, _tokens(operation.get("from")), "copy")))
    elif name == "test":
        _test(root, path, operation)
    else:
        raise _PatchError(f"Unexpected kind: {name}")


def _test(root: list[Any], path: list[str], operation: dict[str, Any]) -> None:
    wanted = operation.get("value")
    try:
        found = _get(root, path, "test")
    except _PatchError:
        # An absent member equals null.
        if wanted is None:
            return
        raise
    if not _equal(found, wanted):
        raise _PatchError(f"testing value {operation['path']} failed: test failed")


def _equal(left: Any, right: Any) -> bool:
    """JSON equality: true is not 1."""
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right)


def _tokens(pointer: Any) -> list[str]:
    """A JSON pointer's parts; the document itself stands in a list, so that it can be replaced too."""
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise _PatchError(f"invalid JSON pointer {pointer!r}")
    return ["0", *(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])]


def _shown(path: list[str]) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path[1:])


def _get(root: list[Any], path: list[str], action: str) -> Any:
    place: Any = root
    for token in path:
        if isinstance(place, list):
            place = place[_index(token, len(place) - 1, path, action)]
        elif isinstance(place, dict) and token in place:
            place = place[token]
        else:
            raise _missing(path, action)
    return place


def _missing(path: list[str], action: str) -> _PatchError:
    if action == "remove":
        return _PatchError(f"Unable to remove nonexistent key: {path[-1]}: missing value")
    return _PatchError(f"{action} operation does not apply: doc is missing path: {_shown(path)}: missing value")


def _index(token: str, last: int, path: list[str], action: str) -> int:
    text = token.removeprefix("-")
    if not text.isdigit():
        raise _PatchError(
            f"{action} operation does not apply: {token!r} is no index of the list at {_shown(path[:-1])}"
        )
    index = int(token)
    # Negative indexes count from the end, as the API server's library takes them.
    index = index + last + 1 if index < 0 else index
    if not 0 <= index <= last:
        raise _PatchError(f"Unable to access invalid index: {token}: invalid index referenced")
    return index


def _parent(root: list[Any], path: list[str], action: str) -> Any:
    try:
        return _get(root, path[:-1], action) if len(path) > 1 else root
    except _PatchError:
        raise _missing(path, action) from None


def _add(root: list[Any], path: list[str], value: Any) -> None:
    if len(path) == 1:
        root[0] = value
        return
    parent = _parent(root, path, "add")
    if isinstance(parent, dict):
        parent[path[-1]] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if path[-1] == "-" else _index(path[-1], len(parent), path, "add"), value)
    else:
        raise _missing(path, "add")


def _set(root: list[Any], path: list[str], value: Any) -> None:
    parent = _parent(root, path, "replace")
    if isinstance(parent, list):
        parent[_index(path[-1], len(parent) - 1, path, "replace")] = value
    elif isinstance(parent, dict):
        # The API server's library does not mind a member that is not there yet.
        parent[path[-1]] = value
    else:
        raise _missing(path, "replace")


def _remove(root: list[Any], path: list[str], action: str) -> None:
    parent = _parent(root, path, action)
    if isinstance(parent, list) and len(path) > 1:
        del parent[_index(path[-1], len(parent) - 1, path, action)]
    elif isinstance(parent, dict) and path[-1] in parent:
        del parent[path[-1]]
    else:
        raise _missing(path, action)
