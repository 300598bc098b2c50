"""Who a kubeconfig's user acts as: `as`, `as-uid`, `as-groups`, `as-user-extra`, sent as kubectl sends them.

Role: the headers, or a refusal of what cannot be sent; without them a request would act with all rights of the login.
Pure. Called by the operator's configuration and by the command line.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

Headers = tuple[tuple[str, str], ...]

KEYS = frozenset({"as", "as-uid", "as-groups", "as-user-extra"})
# What a header's name may hold; kubectl writes every other character of a key as %XX.
_NAME_CHARACTERS = "!#$&'*+-.^_`|~"


class CannotActAs(Exception):
    """The kubeconfig says something of whom to act as that no header can say; the words tell what."""


def headers(user: dict[str, Any], source: str) -> Headers:
    """One header a value: groups, and values of an extra key, repeat their name."""
    given = {key: user[key] for key in KEYS if user.get(key)}
    if given and "as" not in given:
        raise CannotActAs(f"the kubeconfig {source} has {', '.join(sorted(given))} without `as`")
    named = (("Impersonate-User", "as"), ("Impersonate-Uid", "as-uid"))
    found = [(name, given[key]) for name, key in named if key in given]
    found += [("Impersonate-Group", group) for group in _listed(given, "as-groups", source)]
    extra = given.get("as-user-extra", {})
    if not isinstance(extra, dict):
        raise _unusable("as-user-extra", source)
    found += [(_extra_name(key), value) for key in extra for value in _listed(extra, key, source)]
    for name, value in found:
        if not (isinstance(value, str) and value.isascii() and value.isprintable()):
            raise _unusable(name, source)
    return tuple(found)


def _listed(part: dict[Any, Any], key: Any, source: str) -> list[Any]:
    values = part.get(key) or []
    if not isinstance(values, list):
        raise _unusable(str(key), source)
    return values


def _extra_name(key: Any) -> str:
    return f"Impersonate-Extra-{quote(str(key), safe=_NAME_CHARACTERS)}"


def _unusable(what: str, source: str) -> CannotActAs:
    return CannotActAs(f"{what} of the kubeconfig {source} cannot be sent: plain texts are needed")
