"""An MCPRegistry: when its source is read, what is stored, and what its status says."""

from __future__ import annotations

import asyncio
import random
import threading

import pytest
from mcp_operator.catalog import builtin, stored
from mcp_operator.controllers.registry_schedule import seconds_of
from mcp_operator.runtime.resources import CONFIGMAPS, SECRETS

from tests.controller.harness import Operated, until
from tests.controller.registries import Registries, document, serving
from tests.support.registry_server import Fault, RegistryServer, item


async def test_the_builtin_catalogue_is_stored_and_the_status_says_so(op: Operated) -> None:
    registries = Registries(op)
    await registries.create("default", source={"type": "builtin"})
    status = await registries.phase("default", "Ready")
    assert status["serversDiscovered"] == len(builtin.entries())
    assert status["lastSyncTime"] and status["observedRevision"]
    assert {one["type"]: one["status"] for one in status["conditions"]} == {
        "Ready": "True",
        "Synced": "True",
        "Reachable": "True",
        "RateLimited": "False",
    }
    assert await registries.names("default") == {entry.name for entry in builtin.entries()}
    await op.calm()
    assert [event["reason"] for event in await registries.events("default")] == ["Synced"]


async def test_what_is_stored_belongs_to_the_registry(op: Operated) -> None:
    registries = Registries(op)
    registry = await registries.create("default", source={"type": "builtin"})
    await registries.phase("default", "Ready")
    found = (await op.kube.list(CONFIGMAPS, op.namespace, label_selector=stored.SELECTOR))["items"]
    assert len(found) == 2
    for config_map in found:
        (owner,) = config_map["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == (registry["metadata"]["uid"], True)


async def test_a_source_is_read_once_for_each_change_and_each_trigger(op: Operated) -> None:
    registries = Registries(op)
    with serving(item("io.example/a")) as server:
        await registries.create("default", source={"type": "http"}, url=f"{server.url}/list.json")
        await registries.phase("default", "Ready")
        assert server.count() == 1
        await registries.trigger("default", "one")
        await registries.phase("default", "Ready", syncTrigger="one")
        await registries.trigger("default", "one")
        await registries.change("default", filters={"exclude": ["nothing*"]})
        await registries.phase("default", "Ready")
        await op.calm()
        assert server.count() == 3
        await op.stop()
        await op.start()
        await op.calm(1.5)
        assert server.count() == 3
        assert op.writes() == {}


async def test_the_interval_is_kept_and_an_unchanged_source_costs_no_body(op: Operated) -> None:
    registries = Registries(op)
    with serving(item("io.example/a")) as server:
        await registries.create("default", source={"type": "http"}, url=f"{server.url}/list.json", refreshInterval="2s")
        before = await registries.phase("default", "Ready")

        async def again() -> bool:
            return server.count() >= 3

        await until(again, "the source is read on its interval")
        assert all(asked.headers.get("if-none-match") for asked in server.asked[1:])
        status = await registries.phase("default", "Ready", serversDiscovered=1)
        assert status["observedRevision"] == before["observedRevision"]
        assert [event["count"] for event in await registries.events("default")] == [1]


async def test_filters_decide_what_is_stored(op: Operated) -> None:
    registries = Registries(op)
    entries = [item(name) for name in ("io.example/a", "io.example/b", "com.other/a", "com.other/secret")]
    with serving(*entries) as server:
        await registries.create(
            "default",
            source={"type": "http"},
            url=f"{server.url}/list.json",
            filters={"include": ["com.other/*", "*/a"], "exclude": ["*/secret"]},
        )
        await registries.phase("default", "Ready", serversDiscovered=2)
        assert await registries.names("default") == {"io.example/a", "com.other/a"}
        await registries.change("default", filters=None, servers=["io.example/b"])
        await registries.phase("default", "Ready", serversDiscovered=1)
        assert await registries.names("default") == {"io.example/b"}
        left = (await op.kube.list(CONFIGMAPS, op.namespace, label_selector=stored.SELECTOR))["items"]
        assert len(left) == 2, "what is no longer named is pruned"


async def test_a_bad_entry_is_counted_and_named_and_hides_no_other(op: Operated) -> None:
    registries = Registries(op)
    bad = item("io.example/bad")
    bad["server"]["packages"] = "none"
    with serving(item("io.example/good"), bad, {"server": {"no": "name"}}) as server:
        await registries.create("default", source={"type": "http"}, url=f"{server.url}/list.json")
        status = await registries.phase("default", "Ready", serversDiscovered=1, serversRejected=2)
        assert "io.example/bad" in " ".join(status["errors"])


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (Fault(reset=True), "Reachable", "Unreachable"),
        (Fault(status=500), "Reachable", "ServerError"),
        (Fault(status=404), "Synced", "NotFound"),
        (Fault(status=401), "Authenticated", "AuthFailed"),
        (Fault(headers={"Content-Type": "text/html"}, body=b"<html>"), "Synced", "UnusableAnswer"),
        (Fault(cut=True), "Reachable", "Unreachable"),
    ],
    ids=["reset", "500", "404", "401", "html", "truncated"],
)
async def test_a_reading_that_fails_says_why_and_leaves_what_was_stored(
    op: Operated, fault: Fault, kind: str, reason: str
) -> None:
    registries = Registries(op)
    with serving(item("io.example/a")) as server:
        await registries.create("default", source={"type": "http"}, url=f"{server.url}/list.json")
        await registries.phase("default", "Ready", serversDiscovered=1)
        # Else the answer would be "not modified", which has no body to spoil.
        server.files.update(document(item("io.example/other")))
        server.always("/list.json", fault)
        await registries.trigger("default", "now")
        await registries.condition("default", kind, "False", reason)
        status = await registries.phase("default", "Ready", syncTrigger="now")
        await registries.condition("default", "Ready", "True", "Stale")
        assert status["errors"] and status["retryTime"]
        assert await registries.names("default") == {"io.example/a"}

        async def told() -> bool:
            return (reason, "Warning") in {(one["reason"], one["type"]) for one in await registries.events("default")}

        await until(told, "a warning with the reason")


async def test_a_rate_limit_is_waited_for_as_long_as_the_server_says(op: Operated) -> None:
    registries = Registries(op)
    with serving(item("io.example/a")) as server:
        limit = {"X-RateLimit-Remaining": "0", "Retry-After": "3"}
        server.fault("/list.json", Fault(status=429, headers=limit))
        await registries.create("default", source={"type": "http"}, url=f"{server.url}/list.json")
        limited = await registries.phase("default", "Failed", rateLimitRemaining=0)
        until_then = seconds_of(limited["retryTime"]) - seconds_of(limited["conditions"][0]["lastTransitionTime"])
        assert 3 <= until_then < 30
        status = await registries.phase("default", "Ready", serversDiscovered=1)
        assert status["lastSyncTime"] >= limited["retryTime"]
        assert server.count() == 2
        assert "retryTime" not in status


async def test_credentials_come_from_a_secret_that_is_watched(op: Operated) -> None:
    registries = Registries(op)
    with serving(item("io.example/a")) as server:
        auth = {"secretRef": {"name": "login"}}
        await registries.create("default", source={"type": "http"}, url=f"{server.url}/list.json", auth=auth)
        await registries.condition("default", "Authenticated", "False", "SecretMissing")
        assert server.count() == 0
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login", "namespace": op.namespace}}
        await op.kube.create(SECRETS, {**secret, "stringData": {"token": "first"}})
        await registries.condition("default", "Authenticated", "True", "Accepted")
        await op.kube.patch(SECRETS, "login", {"stringData": {"token": "second"}}, op.namespace)

        async def told() -> bool:
            return [asked.headers.get("authorization") for asked in server.asked] == ["Bearer first", "Bearer second"]

        await until(told, "the new token is used at once")
        assert "first" not in str(await registries.status("default"))


async def test_only_what_changed_is_read_and_written_again(op: Operated) -> None:
    registries = Registries(op)
    entries = [item(f"io.example/{number}") for number in range(250)]
    with RegistryServer(entries=entries) as server:
        await registries.create("default", source={"type": "official"}, url=server.url)
        await registries.phase("default", "Ready", serversDiscovered=250)
        assert server.count() == 3
        server.entries.append(item("io.example/new", meta={"updatedAt": "2026-02-02T00:00:00Z"}))
        await registries.trigger("default", "again")
        await registries.phase("default", "Ready", serversDiscovered=251)
        assert server.asked[3].query["updated_since"] == "2026-01-01T00:00:00Z"
        names = await registries.names("default")
        assert len(names) == 251 and "io.example/new" in names


async def test_the_folder_of_a_repository_is_read_by_its_hashes(op: Operated) -> None:
    registries = Registries(op)
    documents = {name: f"name: {name}\nimage: mcp/{name}\nabout: {{description: About {name}}}\n" for name in "abc"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login", "namespace": op.namespace}}
    await op.kube.create(SECRETS, {**secret, "stringData": {"token": "first"}})
    with RegistryServer(servers=documents) as server:
        source = {"type": "github", "github": {"repo": "docker/mcp-registry"}}
        await registries.create("default", source=source, url=server.url, auth={"secretRef": {"name": "login"}})
        await registries.phase("default", "Ready", serversDiscovered=3)
        assert server.count() == 4
        server.servers["b"] = server.servers["b"].replace("About b", "Another b")
        await registries.trigger("default", "again")
        await registries.phase("default", "Ready", syncTrigger="again")
        assert server.count() == 6, "the listing, and the one folder that changed"
        found = {entry.name: entry.description for entry in await registries.entries("default")}
        assert found == {"a": "About a", "b": "Another b", "c": "About c"}


async def test_a_spec_that_makes_no_sense_is_refused_with_words(op: Operated) -> None:
    registries = Registries(op)
    await registries.create("default", source={"type": "github"})
    status = await registries.phase("default", "Failed")
    assert "spec.source.github" in status["message"]
    await registries.change("default", source={"type": "builtin"})
    await registries.phase("default", "Ready")


async def test_many_entries_lie_in_config_maps_of_bounded_size_and_few_change_with_one(op: Operated) -> None:
    registries = Registries(op, patience=300)
    noise = random.Random(7)
    entries = [
        item(
            f"io.example/s{number}", description=noise.randbytes(1500).hex(), meta={"updatedAt": "2026-01-01T00:00:00Z"}
        )
        for number in range(1500)
    ]
    with RegistryServer(entries=entries) as server:
        await registries.create("default", source={"type": "official"}, url=server.url)
        await registries.phase("default", "Ready", serversDiscovered=1500)
        before = await registries.shards("default")
        assert len(before) > 2
        assert max(map(len, before.values())) <= stored.MAX_SHARD
        server.entries.append(item("io.example/one-more", meta={"updatedAt": "2026-02-02T00:00:00Z"}))
        await registries.trigger("default", "again")
        await registries.phase("default", "Ready", serversDiscovered=1501)
        after = await registries.shards("default")
        assert len(before.keys() & after.keys()) == len(before) - 1


async def test_what_is_stored_comes_back_when_someone_deletes_it(op: Operated) -> None:
    registries = Registries(op)
    await registries.create("default", source={"type": "builtin"})
    await registries.phase("default", "Ready")
    (shard,) = await registries.shards("default")
    await op.kube.delete(CONFIGMAPS, shard, op.namespace)

    async def back() -> bool:
        return await op.get(CONFIGMAPS, shard) is not None

    await until(back, "the shard is written again")


async def test_a_killed_sync_leaves_the_old_set_and_is_done_again(op: Operated) -> None:
    registries = Registries(op)
    asked, held = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        held.wait(300)

    with serving(item("io.example/a")) as server:
        await registries.create("default", source={"type": "http"}, url=f"{server.url}/list.json")
        await registries.phase("default", "Ready")
        server.files.update(document(item("io.example/b")))
        server.fault("/list.json", Fault(drip=hold))
        await registries.trigger("default", "again")
        assert await asyncio.to_thread(asked.wait, 60)
        await registries.phase("default", "Syncing")
        for controller in (op.operator.registry_controller,):
            controller.stop_seconds = 0.0
        stopping = asyncio.create_task(op.stop())
        held.set()
        await stopping
        assert await registries.names("default") == {"io.example/a"}
        await op.start()
        await registries.phase("default", "Ready", syncTrigger="again")
        assert await registries.names("default") == {"io.example/b"}


async def test_readings_are_counted_in_the_metrics(op: Operated) -> None:
    registries = Registries(op)
    await registries.create("default", source={"type": "builtin"})
    await registries.phase("default", "Ready")
    text = op.operator.metrics.render().decode()
    labels = f'namespace="{op.namespace}",registry_server="default"'
    assert f'mcp_registry_operations_total{{{labels},result="success"}} 1.0' in text
    assert f"mcp_registry_operation_duration_seconds_count{{{labels}}} 1.0" in text
