"""A tarball of a repository in the Docker layout, at an address or on this machine. Nothing of it is unpacked.

Only `…/servers/NAME/server.yaml` is looked at, in memory and bounded; links, devices and climbing paths are passed by.
"""

from __future__ import annotations

import lzma
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from mcp_operator.catalog import docker
from mcp_operator.catalog.errors import CatalogError, MalformedEntry
from mcp_operator.catalog.fetch.errors import Refused
from mcp_operator.catalog.fetch.http import Request, shown
from mcp_operator.catalog.fetch.reading import Item, Reading

MAX_TARBALL = 512 * 1024 * 1024
MAX_UNPACKED = 2 * 1024 * 1024 * 1024
SECONDS = 900.0
_ACCEPT = "application/gzip, application/x-gzip, application/octet-stream, */*;q=0.5"
_TYPES = ("gzip", "x-tar", "octet-stream", "x-compressed", "x-tgz")


def read_address(reading: Reading, url: str, folder: str) -> Iterator[Item]:
    """Every entry of the tarball; an ETag saves reading it again. Raises FetchError."""
    with tempfile.TemporaryFile() as file:
        request = Request(
            url, reading.token, _ACCEPT, _TYPES, reading.before.get("etag", ""), max_bytes=MAX_TARBALL, seconds=SECONDS
        )
        answer = reading.fetcher.get(request, file, ca_file=reading.source.ca_file)
        if answer.unchanged:
            reading.state, reading.unchanged = reading.before, True
            return
        file.seek(0)
        yield from _entries(reading, file, shown(url), folder)
        reading.state = {"etag": answer.etag} if answer.etag else {}


def read_file(reading: Reading, path: Path, folder: str) -> Iterator[Item]:
    """Every entry of a tarball on this machine. Raises CatalogError."""
    try:
        with path.open("rb") as file:
            yield from _entries(reading, file, str(path), folder)
    except OSError as error:
        raise CatalogError(f"cannot read {path}: {error.strerror}", "give a folder or a .tar.gz file") from error


def _entries(reading: Reading, file: IO[bytes], where: str, folder: str) -> Iterator[Item]:
    found = unpacked = 0
    try:
        with tarfile.open(fileobj=file, mode="r:*", errors="replace") as archive:
            for member in archive:
                unpacked += member.size
                if unpacked > MAX_UNPACKED:
                    raise Refused(f"{where} unpacks to more than {MAX_UNPACKED // 1024**3} GiB", "it is no registry")
                name = _entry_name(member, folder)
                if name is not None:
                    found += 1
                    reading.progress(found, None)
                    yield _entry(archive, member, reading.source.name, name)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        raise Refused(f"{where} is no whole tarball: {error}", "ask again, and check the address") from error
    if not found:
        raise Refused(f"{where} holds no {folder}/NAME/server.yaml", "is it a registry in the Docker layout?")


def _entry_name(member: tarfile.TarInfo, folder: str) -> str | None:
    """The folder's name of an entry, None for every other member."""
    parts = member.name.removeprefix("./").split("/")
    wanted = folder.split("/")
    if not member.isfile() or parts[-1] != "server.yaml" or ".." in parts:
        return None
    above = parts[:-2]
    return parts[-2] if above[-len(wanted) :] == wanted and len(above) <= len(wanted) + 1 else None


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo, source: str, name: str) -> Item:
    if member.size > docker.MAX_DOCUMENT:
        return MalformedEntry(f"{name}: larger than {docker.MAX_DOCUMENT} bytes")
    content = archive.extractfile(member)
    try:
        text = content.read().decode("utf-8-sig") if content else ""
        return docker.parse(text, source, name)
    except UnicodeDecodeError as error:
        return MalformedEntry(f"{name}: is no text in UTF-8: {error.reason}")
    except MalformedEntry as error:
        return error
