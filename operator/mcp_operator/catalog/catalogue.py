"""The catalogue as commands see it: sources, the index over them, and the rules between the two.

Role: `open_catalogue()` is the way in for everything that finds a server by name. Not its job: printing, and reading
sources (`refreshing`). Light: what a search does not need is imported where it is needed.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mcp_operator.catalog.database import unusable
from mcp_operator.catalog.errors import CatalogError, EntryNotFound
from mcp_operator.catalog.index import Found, Index, SourceState
from mcp_operator.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from mcp_operator.catalog.cards import Card
    from mcp_operator.catalog.fetch.reading import Reader
    from mcp_operator.catalog.model import ServerEntry
    from mcp_operator.catalog.refreshing import Refreshed, Watch
    from mcp_operator.catalog.sources import Source

BUILTIN = "builtin"
OLD_SECONDS = 7 * 86400
ONLY_BUILTIN = "only the builtin servers are known; the official registry: mcp registry add official --type official"


@contextmanager
def open_catalogue(readers: dict[str, Reader] | None = None) -> Iterator[Catalogue]:
    """The user's catalogue: configuration and index where the XDG base directories say. Raises CatalogError.

    `readers` reads types of sources that this package cannot read itself.
    """
    config, cache = _base("XDG_CONFIG_HOME", ".config"), _base("XDG_CACHE_HOME", ".cache")
    catalogue = Catalogue(f"{config}/mcp/registries.yaml", Index(f"{cache}/mcp/catalogue.db"), readers)
    try:
        catalogue.index_builtin()
        yield catalogue
    except sqlite3.Error as error:
        raise unusable(catalogue.index_path, error) from error
    finally:
        catalogue.close()


def _base(variable: str, fallback: str) -> str:
    """An XDG base folder. A relative one counts as unset; a user without a home has /, which takes no file."""
    value = os.environ.get(variable, "")
    if value.startswith("/"):
        return value
    home = os.path.expanduser("~")  # noqa: PTH111  (pathlib costs start-up)
    return f"{home.rstrip('/') if home.startswith('/') else ''}/{fallback}"


class Catalogue:
    """Configured sources and their index."""

    def __init__(self, config: Path | str, index: Index, readers: dict[str, Reader] | None = None) -> None:
        self._config = config
        self._index = index
        self._readers = readers or {}
        self._sources: list[Source] | None = None

    def close(self) -> None:
        self._index.close()

    @property
    def index_path(self) -> str:
        return self._index.path

    @property
    def sources(self) -> list[Source]:
        """By falling priority."""
        if self._sources is None:
            from pathlib import Path

            from mcp_operator.catalog import sources

            self._sources = sources.load(Path(self._config))
        return self._sources

    def index_builtin(self) -> None:
        """The builtin entries belong to this version of the program: index them once for each version."""
        known = self._index.state(BUILTIN)
        if known and self._index.not_kept:
            return
        if known is None or known.stamp.partition("|")[0] != __version__:
            from mcp_operator.catalog.refreshing import refresh_source
            from mcp_operator.catalog.sources import BUILTIN as source

            refresh_source(self._index, source)

    def add(self, source: Source, watch: Watch | None = None) -> Refreshed:
        """Add (or replace) a source and index it; a source that cannot be read is not added."""
        from mcp_operator.catalog import sources, staging
        from mcp_operator.catalog.refreshing import refresh_source

        checked = sources.check(source)
        if checked.name == BUILTIN:
            raise CatalogError("the name 'builtin' is taken", "choose another name")
        self._index.must_be_kept()
        before = [source.name for source in self.sources]
        found = refresh_source(self._index, checked, watch, self._readers)
        try:
            self._change(lambda others: [*others, checked], checked.name)
        except CatalogError:
            if checked.name not in before:
                staging.forget(self._index, checked.name)
            raise
        return found

    def remove(self, name: str) -> None:
        """Forget a source and its entries, also where only these are left. Raises CatalogError for an unknown name."""
        from mcp_operator.catalog import staging

        if name == BUILTIN:
            raise CatalogError("the builtin source cannot be removed", "give another source a higher --priority")
        self._index.must_be_kept()
        if name not in self._index.states():
            self.source(name)
        self._change(lambda others: others, name)
        staging.forget(self._index, name)

    def refresh(self, name: str | None = None, watch: Watch | None = None, *, full: bool = False) -> list[Refreshed]:
        """Read one source, or all of them, again; `full` from the beginning.

        A source that cannot be read is a result with a `failure`, and its old entries stay.
        """
        from mcp_operator.catalog.refreshing import refresh_or_say_why

        chosen = [self.source(name)] if name else self.sources
        self._index.must_be_kept()
        return [refresh_or_say_why(self._index, source, watch, self._readers, full=full) for source in chosen]

    def source(self, name: str) -> Source:
        found = next((source for source in self.sources if source.name == name), None)
        if found is None:
            known = ", ".join(source.name for source in self.sources)
            raise CatalogError(f"there is no source {name!r}", f"there are: {known}")
        return found

    def counts(self) -> dict[str, int]:
        """Servers by source."""
        return self._index.counts()

    def states(self) -> dict[str, SourceState]:
        """What is known of each source that was ever read."""
        return self._index.states()

    def warnings(self) -> list[str]:
        """What a person has to know before trusting an answer: sources whose entries are old, and why."""
        now = time.time()
        states = self._index.states()
        old = [
            _warning(name, state, now)
            for name, state in states.items()
            if name != BUILTIN and (state.failure or now - state.refreshed > OLD_SECONDS)
        ]
        if self._index.not_kept and states.keys() <= {BUILTIN}:
            old.append(f"only builtin servers are known: {self._index.path} cannot be kept: {self._index.not_kept}")
        return old

    def gaps(self, *, found: bool = True) -> list[str]:
        """What a person has to know of an answer that may lack something: sources that were never read, and why.

        Where nothing was `found` and there is no source but the builtin one, also how others are added. Reads the
        configuration, which costs more than a search.
        """
        try:
            configured = {source.name for source in self.sources}
        except CatalogError as error:
            return [f"{error} ({error.hint})"]
        known = self._index.states().keys()
        unread, forsaken = sorted(configured - known), sorted(known - configured)
        notes = [f"{', '.join(unread)}: not read yet (mcp registry refresh)"] if unread else []
        notes += [f"{name} is no source any more (mcp registry remove {name})" for name in forsaken]
        return notes if found or notes or configured != {BUILTIN} else [ONLY_BUILTIN]

    def names(self, prefix: str = "", limit: int = -1) -> list[str]:
        """Names that begin so."""
        return self._index.names(prefix, limit)

    def words(self, column: str) -> list[str]:
        """Every category, or every tag, that a server has; `column` is the word's plural."""
        return self._index.words(column)

    def select(self, where: dict[str, str] | None = None, order: str = "name", limit: int = 0) -> Iterator[Card]:
        """The servers whose columns have these values; a limit of 0 is none."""
        if where and "source" in where and where["source"] not in self._index.states():
            self.source(where["source"])
        return self._index.select(where or {}, order, limit)

    def entries(self, source: str | None = None) -> Iterator[ServerEntry]:
        """Every server as a whole, by name; for those who need more than a list shows."""
        where = {"source": source} if source else {}
        for card in list(self.select(where)):
            yield self.get(card["name"], card["source"])

    def search(self, text: str, limit: int = 50) -> list[Card]:
        """Best first."""
        return self._index.search(text, limit)

    def get(self, name: str, source: str | None = None) -> ServerEntry:
        """The entry `NAME` or `NAME@VERSION` of `source`, or of the source with the highest priority.

        Raises EntryNotFound.
        """
        known = self._preferred(name, source)
        return _parsed(known, self._index.document(known))

    def versions(self, name: str, source: str | None = None) -> list[Found]:
        """Every version of that name, newest first, by source; a version in the name is passed over.

        Raises EntryNotFound.
        """
        from mcp_operator.catalog.staging import version_key

        _, _, found = self._known(name, source)
        found.sort(key=lambda one: (one.shown, one.published, version_key(one.version)), reverse=True)
        return sorted(found, key=lambda one: (self._rank(one.source), one.source))

    def similar(self, name: str) -> list[str]:
        """Up to three names that look like `name`, best first."""
        return self._index.similar(name, 3)

    def _preferred(self, name: str, source: str | None) -> Found:
        """By priority of the sources; of one source the version that is asked for, else the one it shows."""
        plain, version, found = self._known(name, source)
        fitting = [one for one in found if one.version == version] if version else found
        if not fitting:
            known = ", ".join(dict.fromkeys(one.version for one in found if one.version))
            raise CatalogError(f"{plain} has no version {version!r}", f"it has: {known or 'none with a number'}")

        def worth(one: Found) -> tuple[bool, int, str, int]:
            return not one.shown and not version, self._rank(one.source), one.source, -one.id

        return min(fitting, key=worth)

    def _known(self, name: str, source: str | None) -> tuple[str, str, list[Found]]:
        """The plain name, the version that is asked for with it, and what is stored under the name; never nothing."""
        plain, version, found = name, "", self._index.versions(name)
        if not found and "@" in name[1:]:
            plain, _, version = name.rpartition("@")
            found = self._index.versions(plain)
        if not found:
            self._refuse_source_before(plain)
            raise EntryNotFound(plain, self.similar(plain), self.gaps(found=False))
        of_source = [one for one in found if source in (None, one.source)]
        if source and not of_source:
            self.source(source)
            others = ", ".join(sorted({one.source for one in found}))
            raise CatalogError(f"the source {source} has no server {plain!r}", f"it is in: {others}")
        return plain, version, of_source

    def _refuse_source_before(self, name: str) -> None:
        """As helm writes it, SOURCE/NAME; here names hold slashes themselves, so the source is a flag."""
        source, _, rest = name.partition("/")
        if any(one.source == source for one in self._index.versions(rest)):
            flags = f"--source {source}, to deploy it --registry {source}"
            raise CatalogError(f"there is no server {name!r} in the catalogue", f"it is {rest} with {flags}")

    def _rank(self, source: str) -> int:
        return next((-known.priority for known in self.sources if known.name == source), 0)

    def _change(self, edit: Callable[[list[Source]], list[Source]], name: str) -> None:
        """Write the sources anew; `edit` is given all but the one of that name, as they are by now."""
        from pathlib import Path

        from mcp_operator.catalog import sources

        path = Path(self._config)
        with sources.changing(path):
            sources.save(path, edit([source for source in sources.load(path) if source.name != name]))
        self._sources = None


def age(seconds: float) -> str:
    """How long ago, for people."""
    for size, word in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {word}"
    whole = max(0, int(seconds))
    return f"{whole} second{'' if whole == 1 else 's'}"


def _warning(name: str, state: SourceState, now: float) -> str:
    why = f"; its last refresh failed: {state.failure}" if state.failure else ""
    return f"the entries of {name} are {age(now - state.refreshed)} old{why} (mcp registry refresh --name {name})"


def _parsed(known: Found, raw: str) -> ServerEntry:
    """The entry of a stored document, as this version of the program reads it."""
    from mcp_operator.catalog import builtin, docker, official
    from mcp_operator.catalog.errors import MalformedEntry

    try:
        if known.source == BUILTIN:
            return builtin.parse(raw)
        parse = docker.parse if known.layout == "docker" else official.parse
        return parse(raw, known.source, known.name)
    except MalformedEntry as error:
        hint = f"read it again: mcp registry refresh --name {known.source} --full"
        raise CatalogError(f"cannot use the stored entry {error}", hint) from error
