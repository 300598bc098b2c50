"""What the words after a command name: kinds, names, and `TYPE/NAME` as `-o name` prints it.

Role: words of the command line into resources and names; the click type of arguments that take one server. Pure. Not
its job: whether an object of that name is there (`servers`). Called by commands and by completion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.errors import WrongUsage

if TYPE_CHECKING:
    from mcp_operator.runtime.resources import Resource

ALL = "all"
KNOWN = "mcp knows servers, registries and backups; for the other kinds of a cluster there is kubectl."


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whole kinds, or single objects of them; `kind_given` tells that the kind was written and not assumed."""

    kinds: tuple[Resource, ...]
    objects: tuple[tuple[Resource, str], ...] = ()
    kind_given: bool = False


def wanted(words: Sequence[str]) -> Wanted:
    """`servers time fetch`, `servers/time registry/default`, `servers,registries`, `all`, or names of servers."""
    from mcp_cli.kinds import SERVERS

    kinds = _kinds(words[0]) if words else (SERVERS,)
    if not kinds:
        return Wanted((SERVERS,), tuple(reference(word) for word in words), any("/" in word for word in words))
    names = words[1:]
    if any("/" in name for name in names):
        raise WrongUsage("a kind and TYPE/NAME exclude each other", f"Write `{words[0]} NAME` or `TYPE/NAME`.")
    return Wanted(kinds, tuple((kind, usable(name)) for name in names for kind in kinds), bool(words))


def reference(word: str) -> tuple[Resource, str]:
    """The object that `NAME` (a server) or `TYPE/NAME` means."""
    from mcp_cli.kinds import SERVERS, kind_of

    kind, slash, name = word.rpartition("/")
    if not slash:
        return SERVERS, usable(word)
    resource = kind_of(kind)
    if resource is None:
        raise WrongUsage(f'"{kind}" is no kind that mcp knows', KNOWN)
    if not name:
        raise WrongUsage(f'"{word}" has no name', f"Write {kind}/NAME.")
    return resource, usable(name)


def usable(name: str) -> str:
    """The name, unless the address of a list or of something else would come of it."""
    if name in ("", ".", ".."):
        raise WrongUsage(f'"{name}" is no name', "Give the name of an object.")
    return name


def _kinds(word: str) -> tuple[Resource, ...]:
    """The kinds of `servers`, `servers,registries` or `all`; none where the word is no kind."""
    from mcp_cli.kinds import PLURALS, kind_of

    if word.lower() == ALL:
        return tuple(PLURALS.values())
    found = {part: kind_of(part) for part in word.split(",")}
    unknown = [part for part, kind in found.items() if kind is None]
    if "," in word and unknown:
        raise WrongUsage(f'"{unknown[0]}" is no kind that mcp knows', KNOWN)
    return tuple(dict.fromkeys(kind for kind in found.values() if kind is not None))


class ServerName(click.ParamType):
    """`NAME` or `server/NAME`."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if "/" not in value:
            return usable(value)
        from mcp_cli.kinds import SERVERS

        resource, name = reference(value)
        if resource != SERVERS:
            self.fail(f"{value} is no server; this command takes NAME or server/NAME", param, ctx)
        return name


def server_argument(**attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The argument NAME of a command about one server."""
    from mcp_cli.completing import complete_server

    return click.argument("name", type=ServerName(), shell_complete=complete_server, **attributes)


def _several(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    from mcp_cli.kinds import SERVERS

    asked = wanted(words)
    if words and not asked.objects:
        raise WrongUsage("no server is named", "Give NAME, several of them, or server/NAME.")
    if any(kind != SERVERS for kind, _ in asked.objects):
        raise WrongUsage("this command works on servers only", "Give NAME, several of them, or server/NAME.")
    return tuple(dict.fromkeys(name for _, name in asked.objects))


def servers_argument(*, required: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The argument NAME... of a command that does the same with each server: `time fetch`, `server time`."""
    from mcp_cli.completing import complete_victims

    return click.argument(
        "words",
        metavar="NAME..." if required else "[NAME]...",
        nargs=-1,
        required=required,
        callback=_several,
        shell_complete=complete_victims,
    )
