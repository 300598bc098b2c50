"""The official registry's API: `GET {base}/v0.1/servers`, page by page, and only what has changed since last time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from mcp_operator.catalog import official
from mcp_operator.catalog.errors import MalformedEntry
from mcp_operator.catalog.fetch.errors import Refused
from mcp_operator.catalog.fetch.http import Request, shown
from mcp_operator.catalog.fetch.reading import Item, Reading
from mcp_operator.catalog.model import ServerEntry

PAGE = 100
MAX_PAGES = 20_000
_PATH = "/v0.1/servers"
# No such server or version, a version that it cannot read, no such list.
_UNKNOWN = (400, 404, 405, 410, 422)
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def read(reading: Reading) -> Iterator[Item]:
    """Every version of every server, or those that changed since `before`. Raises FetchError."""
    since = reading.before.get("since", "")
    reading.whole = not since
    query = {"limit": str(PAGE)}
    if reading.source.latest_only:
        query["version"] = "latest"
    if since:
        query["updated_since"] = since
    newest = since
    for done, item in enumerate(_items(reading, query), 1):
        found = _entry(item, reading.source.name, f"entry {done}")
        if isinstance(found, ServerEntry):
            newest = max(newest, _moment(found.updated_at or found.published_at))
        if done % PAGE == 0:
            reading.progress(done, None)
        yield found
    reading.state = {"since": newest} if newest else {}


def read_version(reading: Reading, name: str, version: str) -> ServerEntry | MalformedEntry | None:
    """That version of a server; None where the registry does not have it. Raises FetchError."""
    item = _document(reading, name, version)
    if item is None:
        return None
    found = _entry(item, reading.source.name, f"{name} {version}")
    if isinstance(found, ServerEntry) and (found.name, found.version) != (name, version):
        # An alias, or a registry that answers with what it has.
        return None
    return found


def versions_of(reading: Reading, name: str) -> list[str]:
    """The versions of a server that the registry lists, in its order; none where it gives no such list."""
    try:
        page = _document(reading, name)
    except Refused:
        return []
    listed = page.get("servers") if isinstance(page, dict) else None
    entries = (_entry(item, reading.source.name, name) for item in listed or ()) if isinstance(listed, list) else ()
    return [found.version for found in entries if isinstance(found, ServerEntry) and found.status != "deleted"]


def _document(reading: Reading, name: str, *version: str) -> Any:
    """What stands at an address below `NAME/versions`; None for an address that the registry does not know."""
    url = "/".join((_address(reading.source.url), *(quote(part, safe="") for part in (name, "versions", *version))))
    try:
        text = reading.fetcher.get(Request(url, reading.token), ca_file=reading.source.ca_file).text
    except Refused as error:
        if error.status in _UNKNOWN:
            return None
        raise
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{shown(url)} answered no JSON: {error}", "is that the registry's address?") from error


def _moment(stamp: str) -> str:
    """A time that has been, else nothing: one entry from the future would hide all that change until then."""
    tomorrow = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    return stamp if _STAMP.match(stamp) and stamp < tomorrow else ""


def _items(reading: Reading, query: dict[str, str]) -> Iterator[Any]:
    url = _address(reading.source.url)
    seen: set[str] = set()
    for _ in range(MAX_PAGES):
        request = Request(f"{url}?{urlencode(query)}", reading.token)
        page = _page(reading.fetcher.get(request, ca_file=reading.source.ca_file).text, url)
        yield from page["servers"]
        cursor = _cursor(page)
        if not cursor:
            return
        if cursor in seen:
            raise Refused(f"{shown(url)} gives the same page again and again", "tell those who run the registry")
        seen.add(cursor)
        query["cursor"] = cursor
    raise Refused(f"{shown(url)} has more than {MAX_PAGES} pages", "tell those who run the registry")


def _address(base: str) -> str:
    plain = base.rstrip("/")
    return plain if plain.endswith("/servers") else plain + _PATH


def _page(text: str, url: str) -> dict[str, Any]:
    try:
        page = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{shown(url)} answered no JSON: {error}", "is that the registry's address?") from error
    if not isinstance(page, dict) or not isinstance(page.get("servers"), list | None):
        raise Refused(f"{shown(url)} answered no list of servers", "is that the registry's address?")
    return {**page, "servers": page.get("servers") or []}


def _cursor(page: dict[str, Any]) -> str:
    metadata = page.get("metadata")
    found = (metadata.get("nextCursor") or metadata.get("next_cursor")) if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else ""


def _entry(item: Any, source: str, origin: str) -> ServerEntry | MalformedEntry:
    try:
        return official.parse(item, source, origin)
    except MalformedEntry as error:
        return error
