"""The catalogue over a real index file: sources, search, priorities, and what survives a failure."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from mcp_operator.catalog.cards import Card
from mcp_operator.catalog.catalogue import Catalogue
from mcp_operator.catalog.errors import CatalogError, EntryNotFound
from mcp_operator.catalog.index import Index
from mcp_operator.catalog.sources import Source

pytestmark = pytest.mark.fast


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = open_at(tmp_path)
    yield opened
    opened.close()


def open_at(folder: Path) -> Catalogue:
    opened = Catalogue(folder / "config" / "registries.yaml", Index(folder / "cache" / "catalogue.db"))
    opened.index_builtin()
    return opened


def checkout(folder: Path, **servers: str) -> Source:
    for name, description in servers.items():
        document = folder / "servers" / name / "server.yaml"
        document.parent.mkdir(parents=True, exist_ok=True)
        document.write_text(f"name: {name}\nimage: example.test/{name}\nabout: {{description: {description}}}\n")
    return Source("mine", "directory", str(folder))


def names(found: Iterable[Card]) -> list[str]:
    return [card["name"] for card in found]


def test_name_ranks_over_description_and_a_prefix_is_enough(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.add(checkout(tmp_path / "a", clock="shows the hour", other="a clock in words"))
    assert names(catalogue.search("clock"))[0] == "clock"
    assert set(names(catalogue.search("clo"))) == {"clock", "other", "time"}
    assert names(catalogue.search("time"))[0] == "time"


@pytest.mark.parametrize("text", ['"', "a OR", "NEAR(", "*", "-", "name:x", "a AND NOT b", "'; DROP TABLE entries"])
def test_operators_of_the_search_engine_are_plain_words(catalogue: Catalogue, text: str) -> None:
    assert isinstance(catalogue.search(text), list)
    assert catalogue.counts()["builtin"] > 0


def test_builtin_wins_until_another_source_has_a_higher_priority(catalogue: Catalogue, tmp_path: Path) -> None:
    source = checkout(tmp_path / "a", time="another one")
    catalogue.add(source)
    assert catalogue.get("time").source == "builtin"
    assert catalogue.get("time", "mine").runtime == "docker"
    catalogue.add(Source(source.name, source.type, source.path, priority=200))
    assert catalogue.get("time").source == "mine"


def test_unknown_name_gets_a_guess(catalogue: Catalogue) -> None:
    with pytest.raises(EntryNotFound) as caught:
        catalogue.get("tiem")
    assert "time" in caught.value.similar
    assert "did you mean" in caught.value.hint


def test_sources_and_entries_are_there_again_later(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.add(checkout(tmp_path / "a", one="first"))
    again = open_at(tmp_path)
    assert [source.name for source in again.sources] == ["builtin", "mine"]
    assert again.get("one").source == "mine"
    again.close()


def test_refresh_sees_what_was_added_and_what_went(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.add(checkout(tmp_path / "a", one="first", two="second"))
    (tmp_path / "a" / "servers" / "one" / "server.yaml").unlink()
    checkout(tmp_path / "a", three="third")
    assert [found.entries for found in catalogue.refresh("mine")] == [2]
    assert names(catalogue.select({"source": "mine"})) == ["three", "two"]


def test_failed_refresh_leaves_the_old_entries(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.add(checkout(tmp_path / "a", one="first"))
    (tmp_path / "a" / "servers").rename(tmp_path / "a" / "gone")
    (failed,) = catalogue.refresh("mine")
    assert "no folder" in failed.failure
    assert (failed.entries, failed.refreshed > 0) == (1, True)
    assert names(catalogue.select({"source": "mine"})) == ["one"]


def test_source_that_cannot_be_read_is_not_added(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(CatalogError):
        catalogue.add(Source("mine", "directory", str(tmp_path / "missing")))
    assert [source.name for source in catalogue.sources] == ["builtin"]


def test_removed_source_takes_its_entries_with_it(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.add(checkout(tmp_path / "a", one="first"))
    catalogue.remove("mine")
    assert "mine" not in catalogue.counts()
    with pytest.raises(CatalogError, match="no source 'mine'"):
        catalogue.remove("mine")
    with pytest.raises(CatalogError, match="builtin"):
        catalogue.remove("builtin")


def test_broken_configuration_is_named_and_kept(catalogue: Catalogue, tmp_path: Path) -> None:
    config = tmp_path / "config" / "registries.yaml"
    config.parent.mkdir()
    config.write_text("sources: [")
    with pytest.raises(CatalogError, match=r"registries\.yaml"):
        _ = catalogue.sources
    assert config.read_text() == "sources: ["


def test_damaged_index_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(CatalogError) as caught:
        Index(path)
    assert str(path) in caught.value.hint


def test_index_of_another_layout_is_built_anew(tmp_path: Path) -> None:
    first = open_at(tmp_path)
    first.close()
    with sqlite3.connect(tmp_path / "cache" / "catalogue.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    again = open_at(tmp_path)
    assert names(again.search("time"))
    again.close()
