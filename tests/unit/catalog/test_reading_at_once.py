"""Documents that are read several at once: their order, their bound, and what one that fails does to the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mcp_operator.catalog.catalogue import Catalogue
from mcp_operator.catalog.fetch.github import WORKERS
from mcp_operator.catalog.fetch.http import Fetcher, Request
from mcp_operator.catalog.fetch.several import in_order
from mcp_operator.catalog.fetch.waits import Pauses, Surroundings, Wait
from mcp_operator.catalog.index import Index
from mcp_operator.catalog.sources import Source

from tests.support.registry_faults import GOOD, LISTING, Clock, scene
from tests.support.registry_server import REPO, Fault, RegistryServer

pytestmark = pytest.mark.fast


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalogue]:
    monkeypatch.setenv("TOKEN", "t")
    opened = Catalogue(tmp_path / "registries.yaml", Index(tmp_path / "catalogue.db"))
    yield opened
    opened.close()


def documents(count: int) -> dict[str, str]:
    return {f"s{number:03}": GOOD.format(f"s{number:03}") for number in range(count)}


def source(server: RegistryServer) -> Source:
    return Source("d", "docker", url=server.url, repo=REPO, token_env="TOKEN")


def test_several_documents_are_asked_for_at_once_and_no_more(catalogue: Catalogue) -> None:
    together, most, now, lock = threading.Barrier(WORKERS), [0], [0], threading.Lock()

    def hold() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        together.wait(120)
        with lock:
            now[0] -= 1

    with RegistryServer(documents(4 * WORKERS)) as server:
        server.always(f"{LISTING}/", Fault(drip=hold))
        assert catalogue.add(source(server)).entries == 4 * WORKERS
    assert most == [WORKERS]


def test_of_a_name_that_is_there_twice_the_first_folder_is_taken_however_slow_it_is(catalogue: Catalogue) -> None:
    other = threading.Event()
    with RegistryServer({"a": GOOD.format("same"), "b": f"{GOOD.format('same')}# b\n"}) as server:
        server.fault(f"{LISTING}/a", Fault(drip=lambda: other.wait(120)))
        server.fault(f"{LISTING}/b", Fault(drip=other.set))
        found = catalogue.add(source(server))
    assert "there is another entry" in found.errors[0]
    assert "# b" not in catalogue.get("same").raw


def test_next_reading_costs_a_request_and_a_change_one_more(catalogue: Catalogue) -> None:
    with RegistryServer(documents(40)) as server:
        catalogue.add(source(server))
        assert server.count() == 41
        catalogue.refresh("d")
        assert server.count() == 42
        server.servers["s007"] += "# edited\n"
        assert catalogue.refresh("d")[0].changed == 1
        assert server.count() == 44


def test_a_refusal_of_one_document_leaves_the_others_and_is_asked_again() -> None:
    with scene("github") as on:
        on.server.servers |= documents(20)
        on.server.always(f"{LISTING}/s003", Fault(500))
        found = on.refresh()
        assert (found.entries, found.left_out) == (22, 1)
        on.server.mend()
        on.forget()
        assert on.refresh().added == 1
        assert on.server.count(f"{LISTING}/") == 1


def test_token_that_is_refused_ends_the_reading_early_and_changes_nothing() -> None:
    with scene("github") as on:
        on.server.servers |= documents(200)
        on.server.always(f"{LISTING}/s", Fault(401))
        found = on.refresh()
        assert "401" in found.failure
        assert found.entries == 2
        assert on.server.count(f"{LISTING}/") < 8 * WORKERS


def test_dead_host_opens_the_circuit_for_all_of_them() -> None:
    with scene("github") as on:
        on.server.servers |= documents(200)
        on.server.always(f"{LISTING}/", Fault(reset=True))
        found = on.refresh()
        assert found.failure
        assert found.entries == 2
        assert on.server.count(f"{LISTING}/") <= 3 * WORKERS * 6


def test_rate_limit_of_one_request_holds_for_all_that_ask_the_host() -> None:
    """The one that met it waits; another one that comes meanwhile does not ask, but waits for the rest."""
    clock, waits = Clock(), list[Wait]()
    held: list[threading.Thread] = []

    def wait(what: Wait) -> None:
        waits.append(what)
        if len(waits) == 1:
            clock.pass_by(20)
            held.append(threading.Thread(target=fetcher.get, args=(Request(f"{server.url}/two.json"),)))
            held[0].start()
            held[0].join(120)
            assert [asked.path for asked in server.asked] == ["/one.json", "/two.json"]
        else:
            assert [asked.path for asked in server.asked] == ["/one.json"]
            clock.pass_by(what.seconds)

    fetcher = Fetcher(Surroundings(wait, clock=clock.now, chance=lambda: 0))
    with RegistryServer() as server:
        server.files |= {f"/{name}.json": ("application/json", b"{}") for name in ("one", "two")}
        server.fault("/one", Fault(429, {"Retry-After": "60"}))
        assert fetcher.get(Request(f"{server.url}/one.json")).body == b"{}"
    assert [round(one.seconds) for one in waits] == [61, 41]
    assert str(waits[0]).endswith("rate limit reached; asking again in 61 s (1 of 3)")
    assert str(waits[1]).endswith("rate limit reached; asking again in 41 s")
    fetcher.close()


def test_pause_is_never_shortened_and_ends() -> None:
    clock = Clock()
    pauses = Pauses(clock.now)
    pauses.begin("a", 60)
    pauses.begin("a", 10)
    assert (pauses.remaining("a"), pauses.remaining("b")) == (60, 0)
    clock.pass_by(60)
    assert pauses.remaining("a") == 0


def test_results_come_in_order_whatever_their_speed() -> None:
    gates = [threading.Event() for _ in range(6)]

    def work(number: int) -> int:
        if number < 5:
            assert gates[number + 1].wait(120)
        gates[number].set()
        return number

    assert list(in_order(work, range(6), 6)) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("workers", [1, 3, 50])
def test_error_comes_in_its_place_and_nothing_is_begun_after_it(workers: int) -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 10:
            raise ValueError("ten")
        return number

    results = in_order(work, range(1000), workers)
    assert [next(results) for _ in range(10)] == list(range(10))
    with pytest.raises(ValueError, match="ten"):
        next(results)
    assert list(results) == []
    assert max(begun) <= 10 + 3 * workers
    assert list(in_order(_never, [], workers)) == []


def _never(item: Callable[[], None]) -> None:
    raise AssertionError(item)
