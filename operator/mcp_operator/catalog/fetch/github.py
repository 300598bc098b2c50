"""The Docker layout in a repository on GitHub: over the contents API with a token, else as one tarball.

Role: with a token the folder's listing says by its hashes which entries have changed, and only those are read; without
one an hour's quota would not last, so the whole repository comes as a tarball. Also reads a tarball at an address or on
this machine, and a folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mcp_operator.catalog import docker
from mcp_operator.catalog.errors import MalformedEntry
from mcp_operator.catalog.fetch import local, tarball
from mcp_operator.catalog.fetch.errors import Refused
from mcp_operator.catalog.fetch.http import Request, shown
from mcp_operator.catalog.fetch.reading import Item, Kept, Reading
from mcp_operator.catalog.fetch.several import in_order
from mcp_operator.catalog.fields import text as text_of
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.catalog.sources import GITHUB_URL, Source

FOLDER = "servers"
# GitHub cuts the listing of a folder here; what is larger is read as a tarball.
LISTED_AT_MOST = 1000
# GitHub limits requests at once, and what they cost in a minute; eight at once read dozens in a second.
WORKERS = 8
_RAW = "application/vnd.github.raw+json"
_RAW_TYPES = ("json", "text/plain", "application/octet-stream", "yaml", "vnd.github.raw")


def read(reading: Reading) -> Iterator[Item]:
    """Every entry. Raises FetchError or CatalogError where the place as a whole cannot be read."""
    source = reading.source
    if source.repo:
        return (
            _contents(reading)
            if reading.token
            else tarball.read_address(reading, _tarball_url(source), _folder(source))
        )
    if source.url:
        return tarball.read_address(reading, source.url, FOLDER)
    path = Path(source.path).expanduser()
    return local.read_folder(path, reading) if path.is_dir() else tarball.read_file(reading, path, FOLDER)


def _contents(reading: Reading) -> Iterator[Item]:
    """State: the listing's ETag, and for each folder its hash and what was found in it."""
    before: dict[str, Any] = reading.before.get("folders") or {}
    url = _contents_url(reading.source)
    request = Request(url, reading.token, etag=reading.before.get("etag", ""))
    listing = reading.fetcher.get(request, ca_file=reading.source.ca_file)
    if listing.unchanged:
        reading.state, reading.unchanged = reading.before, True
        return
    folders = _folders(listing.text, url)
    if len(folders) >= LISTED_AT_MOST:
        yield from tarball.read_address(reading, _tarball_url(reading.source), _folder(reading.source))
        return
    known: dict[str, Any] = {}
    changed = [name for name, revision in folders if not _is_known(before.get(name), revision)]
    with closing(in_order(partial(_one, reading), changed, WORKERS)) as read_ones:
        for number, (name, revision) in enumerate(folders, 1):
            reading.progress(number, len(folders))
            had = before.get(name)
            if had and _is_known(had, revision):
                known[name] = had
                yield MalformedEntry(had[2]) if had[2] else Kept(*had[1])
                continue
            found = next(read_ones)
            yield found if isinstance(found, ServerEntry) else MalformedEntry(str(found))
            if isinstance(found, Refused) and had and had[1]:
                yield Kept(*had[1])
            known[name] = _remembered(found, revision, had)
    complete = all(one[0] is not None for one in known.values())
    reading.state = {"etag": listing.etag if complete else "", "folders": known}


def _is_known(had: Any, revision: str) -> bool:
    return bool(had) and had[0] == revision


def _remembered(found: ServerEntry | MalformedEntry | Refused, revision: str, had: Any) -> list[Any]:
    """What the next reading needs of a folder: hash, name and version, error. Without a hash it is read again."""
    if isinstance(found, ServerEntry):
        return [revision, [found.name, found.version], ""]
    if isinstance(found, MalformedEntry):
        return [revision, None, str(found)]
    return [None, had[1] if had else None, ""]


def _one(reading: Reading, name: str) -> ServerEntry | MalformedEntry | Refused:
    """The entry of a folder; a refusal means that it may be there another time. Raises other FetchErrors."""
    if "/" in name or name in ("", ".", ".."):
        return MalformedEntry(f"{name!r:.80}: is no name of a folder")
    source = reading.source
    url = _contents_url(source, f"/{quote(name, safe='')}/server.yaml")
    request = Request(url, reading.token, _RAW, _RAW_TYPES, max_bytes=docker.MAX_DOCUMENT)
    try:
        answer = reading.fetcher.get(request, ca_file=source.ca_file)
        return docker.parse(answer.text, source.name, name)
    except Refused as error:
        if error.status in (401, 403):
            raise
        if error.status == 404:
            return MalformedEntry(f"{name}: has no server.yaml")
        return error if error.status else MalformedEntry(f"{name}: {error}")
    except MalformedEntry as error:
        return error


def _folders(text: str, url: str) -> list[tuple[str, str]]:
    """Names and hashes of the folders in a listing."""
    try:
        listing = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{shown(url)} answered no JSON: {error}", "is that GitHub's API?") from error
    if not isinstance(listing, list):
        raise Refused(f"{shown(url)} is no folder", "check --path: it is the folder that holds the servers' folders")
    found = [item for item in listing if isinstance(item, dict) and item.get("type") == "dir"]
    return [(text_of(item.get("name")), text_of(item.get("sha"))) for item in found]


def _folder(source: Source) -> str:
    return (source.path or FOLDER).strip("/")


def _contents_url(source: Source, below: str = "") -> str:
    base = (source.url or GITHUB_URL).rstrip("/")
    branch = f"?ref={quote(source.branch, safe='')}" if source.branch else ""
    return f"{base}/repos/{source.repo}/contents/{quote(_folder(source))}{below}{branch}"


def _tarball_url(source: Source) -> str:
    base = (source.url or GITHUB_URL).rstrip("/")
    branch = f"/{quote(source.branch, safe='')}" if source.branch else ""
    return f"{base}/repos/{source.repo}/tarball{branch}"
