"""The catalogue as commands see it: sources, the index over them, and the rules between the two.

Role: `open_catalogue()` is the way in for everything that finds a server by name. Not its job: printing.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcp_operator.catalog import builtin, docker, sources
from mcp_operator.catalog.errors import CatalogError, EntryNotFound, MalformedEntry
from mcp_operator.catalog.index import Index
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.catalog.sources import Source
from mcp_operator.version import __version__


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh of one source found: how many entries it indexed, and what was wrong with the others."""

    source: str
    entries: int
    errors: tuple[str, ...] = ()


@contextmanager
def open_catalogue() -> Iterator[Catalogue]:
    """The user's catalogue: configuration and index where the XDG base directories say. Raises CatalogError."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "mcp" / "registries.yaml"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mcp" / "catalogue.db"
    catalogue = Catalogue(config, Index(cache))
    try:
        catalogue.index_builtin()
        yield catalogue
    finally:
        catalogue.close()


class Catalogue:
    """Configured sources and their index."""

    def __init__(self, config: Path, index: Index) -> None:
        self._config = config
        self._index = index
        self._sources: list[Source] | None = None

    def close(self) -> None:
        self._index.close()

    @property
    def sources(self) -> list[Source]:
        """By falling priority."""
        if self._sources is None:
            self._sources = sources.load(self._config)
        return self._sources

    def index_builtin(self) -> None:
        """The builtin entries belong to this version of the program: index them once for each version."""
        stamp = self._index.stamp(builtin.SOURCE)
        if stamp is None or stamp[0] != __version__:
            self._index.replace(builtin.SOURCE, builtin.entries(), __version__)

    def add(self, source: Source) -> Refreshed:
        """Add (or replace) a source and index it; a source that cannot be read is not added."""
        sources.check_name(source.name)
        if source.name == builtin.SOURCE:
            raise CatalogError("the name 'builtin' is taken", "choose another name")
        found = self._refresh(source)
        kept = [other for other in self.sources if other.name != source.name]
        self._save([*kept, source])
        return found

    def remove(self, name: str) -> None:
        """Forget a source and its entries. Raises CatalogError when there is none of that name."""
        source = self.source(name)
        if source.type == "builtin":
            raise CatalogError("the builtin source cannot be removed", "give another source a higher --priority")
        self._save([other for other in self.sources if other.name != name])
        self._index.remove(name)

    def refresh(self, name: str | None = None) -> list[Refreshed]:
        """Read one source, or all of them, again. Raises CatalogError for the one that cannot be read."""
        chosen = [self.source(name)] if name else self.sources
        return [self._refresh(source) for source in chosen]

    def source(self, name: str) -> Source:
        found = next((source for source in self.sources if source.name == name), None)
        if found is None:
            known = ", ".join(source.name for source in self.sources)
            raise CatalogError(f"there is no source {name!r}", f"there are: {known}")
        return found

    def counts(self) -> dict[str, int]:
        """Entries by source."""
        return self._index.counts()

    def entries(self, source: str | None = None) -> list[ServerEntry]:
        """Every entry, or those of one source, by name."""
        if source:
            self.source(source)
        return self._index.entries(source)

    def search(self, text: str, limit: int = 50) -> list[ServerEntry]:
        """Best first."""
        return self._index.search(text, limit)

    def get(self, name: str, source: str | None = None, version: str | None = None) -> ServerEntry:
        """The entry of that name, of `source` or of the source with the highest priority; the latest of its versions.

        Raises EntryNotFound.
        """
        ranks = {known.name: -known.priority for known in self.sources}
        named = [entry for entry in self._index.get(name) if source in (None, entry.source)]
        found = [entry for entry in named if version in (None, entry.version)]
        if not found:
            raise EntryNotFound(name, self.similar(name))
        newest_first = sorted(found, key=lambda entry: (entry.latest, entry.published_at), reverse=True)
        winner: ServerEntry = min(newest_first, key=lambda entry: (ranks.get(entry.source, 0), entry.source))
        return winner

    def similar(self, name: str) -> list[str]:
        """Up to three names that look like `name`, best first."""
        return difflib.get_close_matches(name.lower(), self._index.names(), n=3, cutoff=0.6)

    def _save(self, changed: list[Source]) -> None:
        sources.save(self._config, changed)
        self._sources = None

    def _refresh(self, source: Source) -> Refreshed:
        if source.type == "builtin":
            return Refreshed(source.name, self._index.replace(source.name, builtin.entries(), __version__))
        errors: list[str] = []
        folder = Path(source.path).expanduser().resolve()
        entries = _without_errors(docker.read_directory(folder, source.name), errors)
        count = self._index.replace(source.name, entries, str(folder))
        return Refreshed(source.name, count, tuple(errors))


def _without_errors(found: Iterator[ServerEntry | MalformedEntry], errors: list[str]) -> Iterator[ServerEntry]:
    for item in found:
        if isinstance(item, MalformedEntry):
            errors.append(str(item))
        else:
            yield item
