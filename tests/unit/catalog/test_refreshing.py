"""Refreshes over a real local server: versions, what is read again, processes that are killed or meet."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from mcp_operator.catalog.catalogue import Catalogue
from mcp_operator.catalog.errors import CatalogError
from mcp_operator.catalog.fetch.http import Fetcher
from mcp_operator.catalog.index import Index
from mcp_operator.catalog.refreshing import Watch
from mcp_operator.catalog.sources import Source
from mcp_operator.catalog.staging import Staging

from tests.support.registry_server import REPO, Fault, RegistryServer, item, real_documents, real_items

MCP = [sys.executable, "-m", "mcp_cli.main"]


def open_at(folder: Path) -> Catalogue:
    return Catalogue(folder / "registries.yaml", Index(folder / "catalogue.db"))


def versions(*numbers: str, **newest: Any) -> list[dict[str, Any]]:
    """Items of one name, oldest first; the last is the latest."""
    made = []
    for month, number in enumerate(numbers, 1):
        stamp = f"2026-{month:02}-01T00:00:00Z"
        latest = number == numbers[-1]
        meta = {"publishedAt": stamp, "updatedAt": stamp, "isLatest": latest, **(newest if latest else {})}
        made.append(item("x/clock", number, meta=meta, description=f"Version {number}"))
    return made


@pytest.fixture
def catalogue(tmp_path: Path) -> Any:
    opened = open_at(tmp_path)
    yield opened
    opened.close()


def test_latest_version_is_shown_and_others_are_reached_by_number(catalogue: Catalogue) -> None:
    with RegistryServer(entries=versions("1.0.0", "1.2.0", "1.10.0")) as server:
        assert catalogue.add(Source("o", "official", url=server.url)).entries == 1
    assert [one.version for one in catalogue.versions("x/clock")] == ["1.10.0", "1.2.0", "1.0.0"]
    assert catalogue.get("x/clock").version == "1.10.0"
    assert catalogue.get("X/Clock@1.2.0").packages[0].version == "1.2.0"
    assert [card["version"] for card in catalogue.search("clock")] == ["1.10.0"]
    with pytest.raises(CatalogError, match=r"no version '7'") as caught:
        catalogue.get("x/clock@7")
    assert "1.10.0" in caught.value.hint


def test_a_version_that_is_taken_back_gives_way_to_the_one_before(catalogue: Catalogue) -> None:
    with RegistryServer(entries=versions("1", "2", status="deleted")) as server:
        catalogue.add(Source("o", "official", url=server.url))
    assert catalogue.get("x/clock").version == "1"
    assert [(one.version, one.status) for one in catalogue.versions("x/clock")] == [("1", "active"), ("2", "deleted")]


def test_a_server_that_is_taken_back_is_not_found_but_can_be_looked_at(catalogue: Catalogue) -> None:
    with RegistryServer(entries=versions("1", status="deleted")) as server:
        assert catalogue.add(Source("o", "official", url=server.url)).entries == 0
    assert catalogue.search("clock") == []
    assert catalogue.get("x/clock").status == "deleted"


def test_only_what_changed_is_asked_for_and_written(catalogue: Catalogue) -> None:
    with RegistryServer(entries=[*versions("1"), item("x/other")]) as server:
        catalogue.add(Source("o", "official", url=server.url))
        server.entries = [*versions("1", "2"), item("x/other")]
        found = catalogue.refresh("o")[0]
        assert server.asked[-1].query["updated_since"] == "2026-01-01T00:00:00Z"
        assert (found.entries, found.added, found.changed, found.removed) == (2, 1, 1, 0)
        assert catalogue.search("version")[0]["version"] == "2"
        server.entries = versions("1", "2")
        assert catalogue.refresh("o")[0].removed == 0
        again = catalogue.refresh("o", full=True)[0]
        assert (again.added, again.changed, again.removed) == (0, 0, 1)


def test_an_entry_from_the_future_hides_no_later_change(catalogue: Catalogue) -> None:
    future = item("x/odd", meta={"updatedAt": "9999-01-01T00:00:00Z"})
    nonsense = item("x/none", meta={"updatedAt": "tomorrow"})
    with RegistryServer(entries=[*versions("1"), future, nonsense]) as server:
        catalogue.add(Source("o", "official", url=server.url))
        catalogue.refresh("o")
        assert server.asked[-1].query["updated_since"] == "2026-01-01T00:00:00Z"


def test_a_folder_larger_than_a_listing_comes_as_a_tarball(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t")
    documents = {f"s{number}": f"name: s{number}\nimage: x/s\n" for number in range(1100)}
    with RegistryServer(documents) as server:
        source = Source("d", "docker", url=server.url, repo=REPO, token_env="TOKEN")
        assert catalogue.add(source).entries == 1100
        assert [asked.path.rpartition("/")[2] for asked in server.asked] == ["servers", "tarball"]


def test_another_address_under_the_same_name_begins_anew(catalogue: Catalogue) -> None:
    with RegistryServer(entries=versions("1")) as one, RegistryServer(entries=[item("x/other")]) as two:
        catalogue.add(Source("o", "official", url=one.url))
        found = catalogue.add(Source("o", "official", url=two.url))
        assert "updated_since" not in two.asked[0].query
        assert (found.entries, found.removed) == (1, 1)


def test_real_snapshots_come_over_every_way(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "t")
    items, documents = real_items(), real_documents()
    with RegistryServer(documents, items) as server:
        found = catalogue.add(Source("o", "official", url=server.url))
        assert (found.added, found.left_out) == (len(items), 0)
        assert found.entries == len({item["server"]["name"] for item in items})
        for name, token in (("contents", "TOKEN"), ("tarball", "")):
            source = Source(name, "docker", url=server.url, repo=REPO, token_env=token)
            assert (catalogue.add(source).entries, catalogue.refresh(name)[0].added) == (len(documents), 0)
    assert catalogue.get("grafana", "contents").digest == catalogue.get("grafana", "tarball").digest


def test_tarball_of_a_file_and_at_an_address(catalogue: Catalogue, tmp_path: Path) -> None:
    server = RegistryServer({"a": "name: a\nimage: x/a\n"})
    climbing = {"servers/../../../etc/server.yaml": b"name: evil\nimage: x/evil\n"}
    (tmp_path / "r.tar.gz").write_bytes(server.tarball(**climbing))
    with server:
        server.files["/r.tar.gz"] = ("application/gzip", server.tarball(**climbing))
        assert catalogue.add(Source("f", "docker", path=str(tmp_path / "r.tar.gz"))).entries == 1
        assert catalogue.add(Source("u", "docker", url=f"{server.url}/r.tar.gz")).entries == 1
    assert catalogue.names() == ["a"]


def test_refresh_that_meets_another_one_leaves_that_ones_result(tmp_path: Path, catalogue: Catalogue) -> None:
    with RegistryServer(entries=versions("1")) as server:
        catalogue.add(Source("o", "official", url=server.url))
        index = Index(tmp_path / "catalogue.db")
        late = Staging(index, "o", anew=False)
        server.entries = versions("1", "2")
        catalogue.refresh("o")
        assert late.commit("stamp", "{}", whole=True) is None
        index.close()
    assert catalogue.get("x/clock").version == "2"


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_CACHE_HOME": str(folder / "cache")}


def test_killed_refresh_leaves_the_old_index_whole(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with RegistryServer(entries=[item(f"x/old-{number}") for number in range(150)]) as server:
        add = [*MCP, "registry", "add", "o", "--type", "official", "--url", server.url]
        subprocess.run(add, env=env, check=True, capture_output=True)
        server.entries = [item(f"x/new-{number}") for number in range(150)]
        reached, go_on = threading.Event(), threading.Event()

        def stop() -> None:
            reached.set()
            go_on.wait(120)

        server.fault("/v0.1/servers", Fault(), Fault(drip=stop))
        process = subprocess.Popen([*MCP, "registry", "refresh", "--full"], env=env, stderr=subprocess.DEVNULL)
        assert reached.wait(120)
        process.kill()
        process.wait()
        go_on.set()
        catalogue = Catalogue(tmp_path / "config/mcp/registries.yaml", Index(tmp_path / "cache/mcp/catalogue.db"))
        assert catalogue.counts()["o"] == 150
        assert catalogue.search("old 149")
        assert not catalogue.search("new")
        found = catalogue.refresh("o", Watch(Fetcher()), full=True)[0]
        assert (found.entries, found.removed) == (150, 150)
        catalogue.close()


def test_two_processes_that_refresh_at_once_do_no_harm(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with RegistryServer(entries=[item(f"x/old-{number}") for number in range(250)]) as server:
        add = [*MCP, "registry", "add", "o", "--type", "official", "--url", server.url]
        subprocess.run(add, env=env, check=True, capture_output=True)
        server.entries = [item(f"x/new-{number}") for number in range(250)]
        commands = [[*MCP, "registry", "refresh", "--full"]] * 3
        running = [subprocess.Popen(c, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for c in commands]
        for process in running:
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
            assert b"o: 250 servers" in out
    index = Index(tmp_path / "cache/mcp/catalogue.db")
    assert index.counts()["o"] == 250
    assert index.search("old", 5) == []
    assert len(index.search("new", 300)) == 250
    index.close()
