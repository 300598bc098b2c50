"""Does a live object already hold everything that a rendered one asks for? Pure.

Role: the reason why a converged cluster sees no writes. It knows what the API server does to what it is given: defaults
are added, empty fields dropped, quantities spelled anew, lists of named things merged by name. Not its job: whether a
field that is no longer rendered is still there (see `apply`, which keeps a digest). Called by `apply`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

# By field: the keys by which the API merges a list; in any other list the order and the length count.
_MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "ownerReferences": ("uid",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "hostAliases": ("ip",),
}
_PORT_KEYS = ("containerPort", "port")
_QUANTITIES = frozenset({"limits", "requests", "sizeLimit", "capacity", "hard", "divisor", "averageValue"})
# Not set and false are one thing to these fields; to all other booleans they are not.
_FALSE_IS_ABSENT = frozenset({"readOnly", "hostNetwork", "hostPID", "hostIPC", "stdin", "stdinOnce", "tty", "paused"})

_QUANTITY = re.compile(r"([+-]?[0-9.]+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def contains(live: Any, desired: Any) -> bool:
    """Whether applying `desired` would change nothing of `live`."""
    return _contains(live, desired, "", False)


def _contains(live: Any, desired: Any, field: str, quantity: bool) -> bool:
    if isinstance(desired, dict):
        return _object(live, desired, quantity)
    if isinstance(desired, list):
        return _list(live, desired, field, quantity)
    if live == desired and isinstance(live, bool) == isinstance(desired, bool):
        return True
    if live is None:
        return desired is None or desired == "" or (desired is False and field in _FALSE_IS_ABSENT)
    return quantity and same_quantity(live, desired)


def _object(live: Any, desired: dict[str, Any], quantity: bool) -> bool:
    if live is None:
        return all(_contains(None, value, key, quantity) for key, value in desired.items())
    if not isinstance(live, dict):
        return False
    return all(_contains(live.get(key), value, key, quantity or key in _QUANTITIES) for key, value in desired.items())


def _list(live: Any, desired: list[Any], field: str, quantity: bool) -> bool:
    if live is None:
        return not desired
    if not isinstance(live, list):
        return False
    keys = _merge_keys(field, desired)
    if keys is None:
        pairs = zip(live, desired, strict=False)
        return len(live) == len(desired) and all(_contains(have, want, "", quantity) for have, want in pairs)
    by_key = {_identity(item, keys): item for item in live}
    found = ((by_key.get(_identity(want, keys)), want) for want in desired)
    return all(have is not None and _contains(have, want, "", quantity) for have, want in found)


def _merge_keys(field: str, items: list[Any]) -> tuple[str, ...] | None:
    if not all(isinstance(item, dict) for item in items):
        return None
    if field == "ports" and items:
        return next(((key, "protocol") for key in _PORT_KEYS if key in items[0]), None)
    return _MERGE_KEYS.get(field)


def _identity(item: dict[str, Any], keys: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(item.get(key, "TCP" if key == "protocol" else None) for key in keys)


def same_quantity(one: Any, other: Any) -> bool:
    """`0.5` is `500m`, `1024Mi` is `1Gi`."""
    left, right = parse_quantity(one), parse_quantity(other)
    return left is not None and left == right


def parse_quantity(value: Any) -> Decimal | None:
    match = _QUANTITY.fullmatch(str(value))
    if isinstance(value, bool) or not match:
        return None
    number, suffix = match[1], match[2] or ""
    if suffix in _BINARY:
        return Decimal(number) * 1024 ** _BINARY[suffix]
    if suffix in _DECIMAL:
        return Decimal(number).scaleb(_DECIMAL[suffix])
    return Decimal(number + suffix)
