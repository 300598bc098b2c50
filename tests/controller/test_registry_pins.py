"""A server that pins a version which is not the latest: it is read from the registry once, or words say why not."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from mcp_operator.api.mcpregistry import resolve
from mcp_operator.catalog.fetch.errors import Refused, Unreachable
from mcp_operator.controllers.registry_read import Found, Task, read
from mcp_operator.controllers.registry_spool import Spool
from mcp_operator.runtime.resources import CONFIGMAPS

from tests.controller.harness import Operated, until
from tests.controller.registries import Registries, document, serving
from tests.controller.test_registry_completes_servers import ENTRY, condition, installed, named, offer, registry_of
from tests.support.registry_server import Fault, RegistryServer, item

Object = dict[str, Any]
PATH = "/v0.1/servers/io.example%2Fweather/versions"


@pytest.fixture
def registries(op: Operated) -> Registries:
    return Registries(op)


def older(version: str, **more: Any) -> Object:
    return item(ENTRY, version, meta={"isLatest": False}, **more)


async def official(registries: Registries, server: RegistryServer) -> None:
    await registries.create("default", source={"type": "official"}, url=server.url)
    await registries.phase("default", "Ready")


async def test_an_older_version_is_asked_for_once_and_kept(op: Operated, registries: Registries) -> None:
    old = older("1.0.0", description="The first")
    old["server"]["packages"][0]["version"] = "0.9.7"
    with RegistryServer(entries=[item(ENTRY, "2.0.0"), old]) as server:
        await official(registries, server)
        assert server.count() == 1
        await named(op, "weather", registry={"version": "1.0.0"})
        await condition(op, "weather", "True", "RegistryFetched")
        assert await installed(op, "weather") == "weather@0.9.7"
        status = await op.status("weather")
        assert (status["registry"]["version"], status["registry"]["description"]) == ("1.0.0", "The first")
        await op.calm(1.0)
        assert [asked.path for asked in server.asked[1:]] == ["/v0.1/servers", f"{PATH}/1.0.0"]
        assert server.asked[1].query["updated_since"]
        await op.pods_wait("weather", 1)
        await op.calm()
        await op.stop()
        await op.start()
        await op.calm(1.5)
        assert (server.count(), op.writes()) == (3, {})


async def test_a_version_stays_stored_while_its_server_cannot_keep_it(op: Operated, registries: Registries) -> None:
    old = older("1.0.0")
    old["server"]["packages"][0]["environmentVariables"] = [{"name": "KEY", "isRequired": True}]
    with RegistryServer(entries=[item(ENTRY, "2.0.0"), old]) as server:
        await official(registries, server)
        await named(op, "weather", registry={"version": "1.0.0"})
        await op.phase("weather", "Failed", "MissingValues")
        await op.calm(1.0)
        op.sent.clear()
        await registries.trigger("default", "again")
        await registries.phase("default", "Ready", syncTrigger="again")
        await op.calm(1.5)
        # One more list, the index, the registry's status: not a word of the server's, and no second question.
        assert [asked.path for asked in server.asked[1:]] == ["/v0.1/servers", f"{PATH}/1.0.0", "/v0.1/servers"]
        assert not [what for what in op.writes() if "mcpservers" in what[1] or what[0] == "DELETE"], op.writes()
        await op.change("weather", env=[{"name": "KEY", "value": "x"}])
        await condition(op, "weather", "True", "RegistryFetched")
        assert await installed(op, "weather") == "weather@1.0.0"
        assert server.count(PATH) == 1


async def test_the_latest_version_as_a_pin_asks_nobody(op: Operated, registries: Registries) -> None:
    with RegistryServer(entries=[item(ENTRY, "2.0.0"), older("1.0.0")]) as server:
        await official(registries, server)
        await named(op, "weather", registry={"version": "2.0.0"})
        await condition(op, "weather", "True", "RegistryFetched")
        await op.calm(1.0)
        assert server.count() == 1


async def test_a_version_that_there_is_not_names_those_that_there_are(op: Operated, registries: Registries) -> None:
    with RegistryServer(entries=[item(ENTRY, "2.0.0"), older("1.0.0"), older("1.10.0")]) as server:
        await official(registries, server)
        await named(op, "weather", registry={"version": "3.0.0"})
        status = await op.phase("weather", "Failed", "VersionMissing")
        assert status["message"].endswith(f"has no version 3.0.0 of {ENTRY}; it has 2.0.0, 1.10.0, 1.0.0")
        await condition(op, "weather", "False", "VersionMissing")
        await op.calm(1.0)
        asked = server.count()
        op.sent.clear()
        await asyncio.sleep(3.0)
        assert (server.count(), dict(op.sent)) == (asked, {})
        # What is published later is found by the next reading, whatever asks for that.
        server.entries.append(older("3.0.0"))
        await registries.trigger("default", "again")
        await condition(op, "weather", "True", "RegistryFetched")
        assert await installed(op, "weather") == "weather@3.0.0"


async def test_a_registry_that_cannot_be_asked_is_asked_again_and_the_server_says_so(
    op: Operated, registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_operator.controllers.registry_sync.PATIENT_FAILURES", 1000)
    with RegistryServer(entries=[item(ENTRY, "2.0.0"), older("1.0.0")]) as server:
        await official(registries, server)
        server.always(PATH, Fault(status=503))
        await named(op, "weather", registry={"version": "1.0.0"})

        async def told() -> bool:
            words = (await op.status("weather")).get("message", "")
            return "waiting for version 1.0.0" in words and "answered 503" in words

        await until(told, "the server says why it waits")
        server.mend()
        await condition(op, "weather", "True", "RegistryFetched")
        assert await registries.names("default") == {ENTRY}

        async def well() -> bool:
            return "retryTime" not in await registries.status("default")

        await until(well, "the registry is well again")


async def test_a_list_of_several_versions_has_the_pinned_one(op: Operated, registries: Registries) -> None:
    old = older("1.0.0")
    old["server"]["packages"][0]["identifier"] = "weather-old"
    with serving(item(ENTRY, "2.0.0"), old) as server:
        await registries.create("default", source={"type": "http"}, url=f"{server.url}/list.json")
        await registries.phase("default", "Ready")
        await named(op, "weather", registry={"version": "1.0.0"})
        await condition(op, "weather", "True", "RegistryFetched")
        assert await installed(op, "weather") == "weather-old@1.0.0"
        assert server.count() == 2
        assert "if-none-match" not in server.asked[1].headers
        # What nobody waits for any more goes with the next reading.
        server.files.update(document(item(ENTRY, "2.1.0")))
        await registries.trigger("default", "again")
        await registries.phase("default", "Ready", syncTrigger="again")

        async def one() -> bool:
            selector = "app.kubernetes.io/part-of=mcp-registry"
            return len((await op.kube.list(CONFIGMAPS, op.namespace, label_selector=selector))["items"]) == 2

        await until(one, "the shard of the pin is pruned")
        assert await installed(op, "weather") == "weather-old@1.0.0"


async def test_a_list_that_has_one_version_only_leaves_the_others_to_the_package(
    op: Operated, registries: Registries
) -> None:
    await registry_of(registries, item(ENTRY, "2.0.0"))
    await named(op, "weather", registry={"version": "1.0.0"})
    await condition(op, "weather", "True", "RegistryFetched")
    assert await installed(op, "weather") == "weather@1.0.0"


async def test_where_the_package_has_versions_of_its_own_the_words_say_what_is_known(
    op: Operated, registries: Registries
) -> None:
    entry = item(ENTRY, "2.0.0")
    entry["server"]["packages"][0]["version"] = "7.1"
    await registry_of(registries, entry)
    await named(op, "weather", registry={"version": "1.0.0"})
    status = await op.phase("weather", "Failed", "VersionMissing")
    assert "it has 2.0.0" in status["message"]
    first = item(ENTRY, "1.0.0", meta={"isLatest": False})
    await offer(op, entry, first)
    await condition(op, "weather", "True", "RegistryFetched")
    assert await installed(op, "weather") == "weather@1.0.0"


async def test_many_servers_with_one_pin_are_one_question(op: Operated, registries: Registries) -> None:
    with RegistryServer(entries=[item(ENTRY, "2.0.0"), older("1.0.0"), older("1.1.0")]) as server:
        await official(registries, server)
        for number in range(4):
            await named(op, f"weather-{number}", registry={"version": f"1.{number % 2}.0"})
        for number in range(4):
            await condition(op, f"weather-{number}", "True", "RegistryFetched")
        assert sorted({asked.path for asked in server.asked[1:]}) == [
            "/v0.1/servers",
            f"{PATH}/1.0.0",
            f"{PATH}/1.1.0",
        ]
        assert server.count(PATH) == 2


@pytest.mark.parametrize(
    ("refusal", "words"),
    [(Fault(status=403), "answered 403"), (Fault(status=501), "answered 501")],
)
async def test_a_pin_that_the_registry_refuses_is_no_trouble_of_the_registry(
    op: Operated, registries: Registries, refusal: Fault, words: str
) -> None:
    with RegistryServer(entries=[item(ENTRY, "2.0.0"), older("1.0.0"), older("1.1.0")]) as server:
        await official(registries, server)
        server.always(f"{PATH}/1.0.0", refusal)
        await named(op, "refused", registry={"version": "1.0.0"})
        status = await op.phase("refused", "Failed", "VersionMissing")
        assert words in status["message"]
        await named(op, "weather", registry={"version": "1.1.0"})
        await condition(op, "weather", "True", "RegistryFetched")
        # Whatever is new is read beside it, and the pin when it is given.
        server.entries.append(item("io.example/new"))
        await registries.trigger("default", "again")
        await registries.phase("default", "Ready", syncTrigger="again")
        assert await registries.names("default") == {ENTRY, "io.example/new"}
        server.mend()
        await registries.trigger("default", "mended")
        await condition(op, "refused", "True", "RegistryFetched")


def reading_of(server: RegistryServer, *versions: str, urgent: bool = False) -> Found:
    """One reading that looks for these versions."""
    resolved = resolve({"metadata": {"name": "r"}, "spec": {"source": {"type": "official"}, "url": server.url}})
    pins = frozenset((ENTRY, version) for version in versions)
    spool = Spool()
    try:
        found = read(Task("r", resolved, pins=pins, urgent_pins=pins if urgent else frozenset()), spool, _never)
        assert spool.count == 1
        return found
    finally:
        spool.close()


_never = threading.Event()


@pytest.mark.parametrize(
    "refusal", [Fault(status=500), Fault(body=b"<html>"), Fault(headers={"Content-Type": "text/html"})]
)
def test_refusals_of_many_pins_leave_the_next_pin_its_answer(refusal: Fault) -> None:
    with RegistryServer(entries=[item(ENTRY, "2.0.0"), older("1.9.0")]) as server:
        bad = [f"1.{number}.0" for number in range(6)]
        for version in bad:
            server.always(f"{PATH}/{version}", refusal)
        found = reading_of(server, *bad, "1.9.0")
        assert set(found.pins.found) == {(ENTRY, "1.9.0")}
        assert {version for _, version in found.pins.problems} == set(bad)


@pytest.mark.parametrize("status", [403, 500])
def test_a_list_of_versions_that_is_refused_costs_no_more_than_the_words(status: int) -> None:
    with RegistryServer(entries=[item(ENTRY, "2.0.0")]) as server:
        missing = [f"1.{number}.0" for number in range(6)]
        for version in missing:
            server.always(f"{PATH}/{version}", Fault(status=404))
        server.always(PATH, Fault(status=status))
        found = reading_of(server, *missing)
        assert (found.pins.found, found.pins.problems, found.pins.known(ENTRY)) == ({}, {}, ("2.0.0",))


def test_what_may_pass_soon_still_ends_the_reading() -> None:
    with RegistryServer(entries=[item(ENTRY, "2.0.0")]) as server:
        server.always(PATH, Fault(status=503))
        with pytest.raises(Refused):
            reading_of(server, "1.0.0", urgent=True)
        server.mend()
        server.always(PATH, Fault(reset=True))
        with pytest.raises(Unreachable):
            reading_of(server, "1.0.0")
