"""Sources on this machine: the builtin catalogue, a file of either format, a folder in the Docker layout or of such."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mcp_operator.catalog import builtin, docker
from mcp_operator.catalog.errors import CatalogError, MalformedEntry
from mcp_operator.catalog.fetch.documents import entries_of
from mcp_operator.catalog.fetch.reading import Item, Reading

MAX_FILE = 64 * 1024 * 1024
_SUFFIXES = (".json", ".yaml", ".yml")


def read(reading: Reading) -> Iterator[Item]:
    """The entries of a builtin, file or directory source. Raises CatalogError where the place cannot be read."""
    if reading.source.type == "builtin":
        return iter(builtin.entries())
    path = Path(reading.source.path).expanduser()
    if reading.source.type == "directory":
        return read_folder(path, reading)
    return _file(path, reading)


def read_folder(path: Path, reading: Reading) -> Iterator[Item]:
    """A folder with `servers/NAME/server.yaml`, or one with documents of either format."""
    documents = sorted(one for one in path.glob("*") if one.suffix in _SUFFIXES and one.is_file())
    if (path / "servers").is_dir() or not documents:
        yield from docker.read_directory(path, reading.source.name)
        return
    for number, document in enumerate(documents, 1):
        reading.progress(number, len(documents))
        try:
            yield from _file(document, reading)
        except CatalogError as error:
            yield MalformedEntry(str(error))


def _file(path: Path, reading: Reading) -> Iterator[Item]:
    try:
        if path.stat().st_size > MAX_FILE:
            raise CatalogError(f"{path} is larger than {MAX_FILE // 1024 // 1024} MiB", "a list of servers is smaller")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"cannot read {path}: {error}", "check the path and its permissions") from error
    yield from entries_of(text, reading.source.name, path.name)
