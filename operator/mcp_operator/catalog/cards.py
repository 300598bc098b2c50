"""What the index keeps of an entry beside its document: a row that lists and searches show without reading more. Pure.

Role: `ServerEntry` -> row, row -> document of a list, and the words that full-text search finds a name by. Light: every
search imports it. Called by the index and by what writes it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp_operator.catalog.model import ServerEntry

Card = dict[str, Any]

FIELDS = (
    "source",
    "name",
    "version",
    "title",
    "description",
    "runtime",
    "transport",
    "package",
    "categories",
    "tags",
    "status",
    "latest",
    "published",
    "layout",
    "digest",
)
LISTED = FIELDS[:11]
LONGEST_TEXT = 2000
_SEPARATOR = "\n"
_PACKAGE_SOURCES = {"pypi": "pypi:", "npm": "npm:", "oci": ""}
_COMMON_SPACE = re.compile(r"(io\.github\.|com\.|io\.|ai\.|dev\.|org\.|net\.|app\.)")
_WORD = re.compile(r"\w+")


def row_of(entry: ServerEntry) -> tuple[Any, ...]:
    """The values of `FIELDS`."""
    return (
        entry.source,
        entry.name,
        entry.version,
        entry.title[:LONGEST_TEXT],
        entry.description[:LONGEST_TEXT],
        entry.runtime,
        entry.transport,
        what_runs(entry),
        packed(entry.categories),
        packed(entry.tags),
        entry.status,
        int(entry.latest),
        entry.published_at,
        entry.layout,
        entry.digest,
    )


def card(row: tuple[Any, ...]) -> Card:
    """One item of a list, from the values of `LISTED`."""
    return {
        "name": row[1],
        "title": row[3],
        "description": row[4],
        "version": row[2],
        "source": row[0],
        "runtime": row[5],
        "transport": row[6],
        "package": row[7],
        "categories": unpacked(row[8]),
        "tags": unpacked(row[9]),
        "status": row[10],
    }


def what_runs(entry: ServerEntry) -> str:
    """`pypi:NAME`, `npm:NAME`, an image, or the address of a remote server."""
    package = entry.package
    if package and entry.runtime != "remote":
        return _PACKAGE_SOURCES.get(package.kind, f"{package.kind}:") + package.identifier
    return entry.remote.url if entry.remote else ""


def packed(words: tuple[str, ...]) -> str:
    """Words in one column, each between separators so that SQL finds a whole one."""
    return "".join(f"{_SEPARATOR}{' '.join(word.split())}" for word in words) + _SEPARATOR if words else ""


def unpacked(column: str) -> list[str]:
    return column.strip(_SEPARATOR).split(_SEPARATOR) if column else []


def name_words(name: str) -> str:
    """What a name is found by: without the beginning that half of the official names share."""
    return _COMMON_SPACE.sub("", name, count=1) if "/" in name else name


def leaf(name: str) -> str:
    """The last part of a name, in lower case."""
    return name.rpartition("/")[2].lower()


def words_of(text: str) -> list[str]:
    """The words of a text as full-text search sees them, in lower case."""
    return _WORD.findall(text.lower().replace("_", " "))
