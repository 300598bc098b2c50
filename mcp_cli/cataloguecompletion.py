"""What the shell offers after a TAB of the catalogue: servers, sources, categories and tags, from the index alone.

Role: completion callbacks. Names come from strangers, and a shell may run what it completes, so
only plain ones are offered.
Called by Click for `mcp registry ...` and `mcp deploy`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mcp_operator.catalog.catalogue import Catalogue

OFFERED = 200
_PLAIN = re.compile(r"[A-Za-z0-9@][\w.@/+-]*", re.ASCII)


def complete_entry(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _offered(lambda catalogue: catalogue.names(incomplete, OFFERED), incomplete)


def complete_source(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Sources that are configured."""
    return _offered(lambda catalogue: [source.name for source in catalogue.sources], incomplete)


def complete_category(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _offered(lambda catalogue: catalogue.words("categories"), incomplete)


def complete_tag(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _offered(lambda catalogue: catalogue.words("tags"), incomplete)


def _offered(read: Callable[[Catalogue], Iterable[str]], incomplete: str) -> list[str]:
    """Those that begin so; none for whatever goes wrong, since a completion has nowhere to complain to."""
    try:
        from mcp_operator.catalog.catalogue import open_catalogue

        with open_catalogue() as catalogue:
            found = list(read(catalogue))
    except Exception:  # a completion has nowhere to complain to
        return []
    start = incomplete.lower()
    return [name for name in found if name.lower().startswith(start) and _PLAIN.fullmatch(name)][:OFFERED]
