"""When a registry is read, how its entries are laid out, and how an entry and a spec become one: the pure rules."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp_operator.api.mcpregistry import resolve
from mcp_operator.api.validation import validate
from mcp_operator.catalog import builtin, official, stored
from mcp_operator.catalog.errors import MissingValues, NotDeployable
from mcp_operator.catalog.fetch.errors import RateLimited, Refused, Unreachable
from mcp_operator.catalog.model import Package, ServerEntry
from mcp_operator.controllers import completion
from mcp_operator.controllers.registry_schedule import due, retry_after, timestamp
from mcp_operator.controllers.registry_spool import Spool

from tests.support.registry_server import item

pytestmark = pytest.mark.fast

NOW = 1_800_000_000.0
RESOLVED = resolve({"spec": {"source": {"type": "builtin"}, "refreshInterval": "10m"}})


def registry(trigger: str = "", **status: Any) -> dict[str, Any]:
    read = {"observedGeneration": 1, "lastSyncTime": timestamp(NOW - 60)}
    annotations = {"mcp.allbeone.io/sync-trigger": trigger} if trigger else {}
    return {"metadata": {"generation": 1, "annotations": annotations}, "status": {**read, **status}}


@pytest.mark.parametrize(
    ("obj", "inputs", "complete", "seconds"),
    [
        (registry(), "", True, 540),
        (registry(observedGeneration=0), "", True, 0),
        (registry("a"), "", True, 0),
        (registry("a", syncTrigger="a"), "", True, 540),
        (registry(), "other", True, 0),
        (registry(), "", False, 0),
        (registry(lastSyncTime=None), "", False, 0),
        (registry(retryTime=timestamp(NOW + 30)), "", True, 30),
        (registry("b", retryTime=timestamp(NOW + 30), syncTrigger="a"), "", True, 0),
        (registry(lastSyncTime=timestamp(NOW + 9e6)), "", True, 600),
    ],
)
def test_a_source_is_read_on_its_interval_on_a_change_and_on_a_trigger(
    obj: dict[str, Any], inputs: str, complete: bool, seconds: float
) -> None:
    assert due(obj, RESOLVED, inputs, complete, NOW).seconds == seconds


def test_a_pinned_version_is_looked_for_at_once_but_not_while_the_source_fails() -> None:
    assert due(registry(), RESOLVED, "", True, NOW, pinned=True).seconds == 0
    failing = registry(retryTime=timestamp(NOW + 30))
    assert due(failing, RESOLVED, "", True, NOW, pinned=True).seconds == 30


def test_an_index_holds_what_became_of_pins_and_names_their_config_maps() -> None:
    pins = (stored.Pinned(("a", "1"), "shard-9"), stored.Pinned(("b", "2"), known=("3", "1")))
    data, _ = stored.index_documents(stored.Index(("shard-1",), 2, "r", "o", pins=pins))
    index = stored.index_of({"data": data})
    assert index is not None
    assert (index.pins, index.config_maps) == (pins, ("shard-1", "shard-9"))
    assert index.pinned(("b", "2")) == pins[1]
    assert index.pinned(("b", "3")) is None


def test_failures_are_tried_again_by_the_policies() -> None:
    assert 3 < retry_after(Unreachable("no"), 2, 600, NOW) < 5
    assert 0 < retry_after(Refused("no", status=503), 1, 600, NOW) < 2
    assert retry_after(Refused("no", status=404), 1, 600, NOW) == 600
    assert retry_after(Unreachable("no"), 9, 600, NOW) == 600
    assert 800 < retry_after(RateLimited("no"), 1, 60, NOW) < 1000
    assert 41 <= retry_after(RateLimited("no", until=NOW + 40), 1, 600, NOW) < 80


def spooled(entries: list[ServerEntry]) -> tuple[list[bytes], int]:
    spool = Spool()
    try:
        for entry in entries:
            spool.add(entry)
        return list(spool.shards()), spool.count
    finally:
        spool.close()


def test_the_order_of_arrival_makes_no_difference() -> None:
    entries = builtin.entries()
    shuffled = random.Random(3).sample(entries, len(entries))
    assert spooled(entries) == spooled(shuffled)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=30))
def test_every_entry_is_found_in_the_shard_of_its_name(names: list[str]) -> None:
    clean = [name for name in names if name.encode("utf-8", "ignore").decode() == name]
    shards, count = spooled([ServerEntry(name, "s", raw=name) for name in clean])
    index = stored.Index(tuple(map(str, range(len(shards)))), count, "r")
    for name in clean:
        found = stored.find(shards[int(index.shard_of(name) or 0)], name)
        assert found is not None
        assert (found.name, found.raw) == (name, name)


def test_of_several_versions_the_latest_is_kept_and_a_name_twice_is_told() -> None:
    spool = Spool()
    assert spool.add(ServerEntry("a", "s", version="1.9.0", latest=False)) is None
    assert spool.add(ServerEntry("a", "s", version="1.10.0", latest=False)) is None
    assert spool.add(ServerEntry("a", "s", version="1.2.0", latest=False)) is None
    assert "more than once" in (spool.add(ServerEntry("a", "s", version="1.10.0", latest=False)) or "")
    (shard,) = spool.shards()
    spool.close()
    assert [stored.entry_of(line).version for line in stored.lines(shard)] == ["1.10.0"]


def server(**spec: Any) -> dict[str, Any]:
    registry = {"name": "io.example/weather", **spec.pop("registry", {})}
    return {"metadata": {"name": "weather", "namespace": "ns"}, "spec": {"registry": registry, **spec}}


def weather(version: str = "1.0.0", **package: Any) -> ServerEntry:
    made = item("io.example/weather", version)
    made["server"]["packages"][0].update(package)
    return official.parse(made, "team", "test")


def test_only_a_spec_that_lacks_what_runs_is_completed() -> None:
    assert completion.wanted(server()) == completion.Wanted("io.example/weather", "default", "")
    assert completion.wanted(server(image="a")) is None
    assert completion.wanted(server(runtime={"type": "node", "package": "a"})) is None
    assert completion.wanted(server(runtime={"type": "remote", "url": "https://a"})) is None
    assert completion.wanted({"metadata": {"name": "a"}, "spec": {}}) is None


def test_the_type_that_the_schema_fills_in_is_no_choice() -> None:
    made = completion.complete(server(runtime={"type": "docker", "args": ["-v"]}), weather())
    assert made["spec"]["runtime"] == {"type": "node", "package": "weather@1.0.0", "args": ["-v"]}
    assert validate(made) == []


def test_a_pinned_version_is_the_one_that_is_installed() -> None:
    made = completion.complete(server(registry={"version": "0.9.0"}), weather())
    assert made["spec"]["runtime"]["package"] == "weather@0.9.0"
    otherwise_numbered = replace(weather("1.0.0"), version="2026.1")
    with pytest.raises(NotDeployable, match=r"holds version 2026\.1"):
        completion.complete(server(registry={"version": "0.9.0"}), otherwise_numbered)


def test_values_of_arguments_stand_beside_the_entry_in_the_spec() -> None:
    entry = weather(packageArguments=[{"type": "named", "name": "--city", "isRequired": True}])
    with pytest.raises(MissingValues, match="city"):
        completion.complete(server(), entry)
    made = completion.complete(server(registry={"values": {"city": "Oslo"}}), entry)
    assert "Oslo" in " ".join(made["spec"]["runtime"]["args"])


def test_headers_of_a_remote_entry_can_be_given_in_the_spec() -> None:
    found = item("io.example/weather", packages=[])
    header = {"name": "Authorization", "isRequired": True, "isSecret": True}
    found["server"]["remotes"] = [{"type": "streamable-http", "url": "https://example.test/mcp", "headers": [header]}]
    entry = official.parse(found, "team", "test")
    own = {"name": "Authorization", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    made = completion.complete(server(runtime={"type": "docker", "headers": [own]}), entry)
    assert made["spec"]["runtime"] == {"type": "remote", "url": "https://example.test/mcp", "headers": [own]}
    assert validate(made) == []


def test_what_is_kept_of_an_entry_reads_back() -> None:
    made = {**server(), "metadata": {"name": "weather", "namespace": "ns", "uid": "u"}}
    kept = completion.Kept(
        weather(), ("ns", "default"), "shard", completion.Wanted("io.example/weather", "default", "")
    )
    again = completion.from_config_map(completion.to_config_map(made, kept))
    assert again is not None
    assert completion.described(again) == completion.described(kept)
    assert completion.complete(made, again.entry) == completion.complete(made, kept.entry)
    assert completion.from_config_map({"data": {"entry.json": "{"}}) is None


def test_an_image_takes_the_tag_of_the_spec() -> None:
    entry = ServerEntry("a", "s", packages=(Package("oci", "example.test/a", "1", transport="streamable-http"),))
    made = completion.complete(server(tag="2"), entry)
    assert (made["spec"]["runtime"]["image"], made["spec"]["tag"]) == ("example.test/a", "2")
    assert validate(made) == []
