"""A document of either format at an address: one entry, or an index of many. An ETag saves reading it again."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_operator.catalog.errors import MalformedEntry
from mcp_operator.catalog.fetch.documents import entries_of
from mcp_operator.catalog.fetch.errors import Refused
from mcp_operator.catalog.fetch.http import Request, shown
from mcp_operator.catalog.fetch.reading import Item, Reading

_ACCEPT = "application/json, application/yaml;q=0.9, text/*;q=0.8, */*;q=0.5"
_TYPES = ("json", "yaml", "text/plain", "application/octet-stream")


def read(reading: Reading) -> Iterator[Item]:
    """Every entry of the document. Raises FetchError where there is none to be had."""
    url = reading.source.url
    request = Request(url, reading.token, _ACCEPT, _TYPES, reading.before.get("etag", ""))
    answer = reading.fetcher.get(request, ca_file=reading.source.ca_file)
    if answer.unchanged:
        reading.state, reading.unchanged = reading.before, True
        return
    found = list(entries_of(answer.text, reading.source.name, shown(url).rpartition("/")[2] or shown(url)))
    if len(found) == 1 and isinstance(found[0], MalformedEntry):
        raise Refused(
            f"{shown(url)} is no registry: {found[0]}", "check the address; `mcp registry add` shows what fits"
        )
    reading.state = {"etag": answer.etag} if answer.etag else {}
    yield from found
