"""The runtime against real API servers: informers, events, leader election."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import AlreadyExists, Conflict, Invalid, NotFound
from mcp_operator.runtime.events import EventRecorder
from mcp_operator.runtime.informer import Informer
from mcp_operator.runtime.leader import LeaderElector, LeadershipLost, LeaseConfig
from mcp_operator.runtime.resources import CONFIGMAPS, EVENTS, LEASES, SERVICES

from tests.controller.harness import Object, until
from tests.support.cluster import Cluster


@pytest.fixture
async def kube(cluster: Cluster) -> AsyncIterator[KubeClient]:
    async with cluster.client() as client:
        yield client


@contextlib.asynccontextmanager
async def running(*work: object) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.ensure_future(item) for item in work]  # type: ignore[call-overload]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def configmap(cluster: Cluster, name: str, value: str = "1", **labels: str) -> Object:
    metadata = {"name": name, "namespace": cluster.namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"value": value}}


async def test_applied_strings_come_back_as_they_were(cluster: Cluster, kube: KubeClient) -> None:
    """The bodies of server-side apply are read as YAML, which knows neither Unicode nor escapes as JSON does."""
    value = "😀 日本 \x1b[2J \x7f \x85 \u2028 \ufeff \\ud83d \r\n\ttail "
    applied = await kube.apply(CONFIGMAPS, configmap(cluster, "words", value), field_manager="tests")
    assert applied["data"]["value"] == value
    assert (await kube.get(CONFIGMAPS, "words", cluster.namespace))["data"]["value"] == value


async def test_an_informer_follows_what_matches_its_selector(cluster: Cluster, kube: KubeClient) -> None:
    await kube.create(CONFIGMAPS, configmap(cluster, "before", team="red"))
    await kube.create(CONFIGMAPS, configmap(cluster, "other", team="blue"))
    informer = Informer(kube, CONFIGMAPS, namespace=cluster.namespace, label_selector="team=red", watch_seconds=2)
    told: list[tuple[str, str]] = []
    informer.add_handler(lambda kind, old, new: told.append((kind, (new or old or {})["metadata"]["name"])))
    informer.add_index("value", lambda item: [item["data"]["value"]])
    async with running(informer.run()):
        await asyncio.wait_for(informer.synced.wait(), 60)
        await kube.create(CONFIGMAPS, configmap(cluster, "later", team="red"))
        await kube.patch(CONFIGMAPS, "later", {"data": {"value": "2"}}, cluster.namespace)
        await kube.patch(CONFIGMAPS, "before", {"metadata": {"labels": {"team": "blue"}}}, cluster.namespace)
        await until(lambda: opened(kube, 3), "the watch has ended and was opened again")
        await kube.delete(CONFIGMAPS, "later", cluster.namespace)
        expected = [("ADDED", "before"), ("ADDED", "later"), ("MODIFIED", "later"), ("DELETED", "before")]

        async def all_told() -> bool:
            return told == [*expected, ("DELETED", "later")]

        await until(all_told, "every change is told once")
        assert informer.list() == []
        assert informer.by_index("value", "2") == []
    assert kube.requests[("GET", "configmaps")] == 1


async def test_a_list_of_many_pages_is_whole(
    cluster: Cluster, kube: KubeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_operator.runtime.informer.PAGE", 3)
    for number in range(8):
        await kube.create(CONFIGMAPS, configmap(cluster, f"item-{number}", team="red"))
    informer = Informer(kube, CONFIGMAPS, namespace=cluster.namespace, label_selector="team=red")
    async with running(informer.run()):
        await asyncio.wait_for(informer.synced.wait(), 60)
        assert len(informer.list()) == 8


async def test_more_watches_than_an_http_library_has_connections_keep_nobody_from_asking(
    cluster: Cluster, kube: KubeClient
) -> None:
    """Each namespace in which servers name ConfigMaps and Secrets is two watches."""
    watches = [Informer(kube, CONFIGMAPS, namespace=cluster.namespace, label_selector=f"n={n}") for n in range(120)]
    async with running(*(informer.run() for informer in watches)):
        await asyncio.gather(*(asyncio.wait_for(informer.synced.wait(), 60) for informer in watches))
        await until(lambda: opened(kube, len(watches)), "every watch is open")
        assert (await asyncio.wait_for(kube.list(CONFIGMAPS, cluster.namespace, limit=1), 60))[
            "kind"
        ] == "ConfigMapList"


async def opened(kube: KubeClient, watches: int) -> bool:
    return kube.requests[("WATCH", "configmaps")] >= watches


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the API server: what waits at the end is written."""
    monkeypatch.setattr("mcp_operator.runtime.events.DRAIN_SECONDS", 60.0)


async def test_an_event_about_an_object_with_a_very_long_name_has_a_name_too(
    cluster: Cluster, kube: KubeClient
) -> None:
    name = f"{'a' * 229}.{'b' * 20}"
    about = await kube.create(CONFIGMAPS, configmap(cluster, name))
    recorder = EventRecorder(kube, "test")
    async with running(recorder.run()):
        await asyncio.sleep(0)
        recorder.normal(about, "Long", "words")
    listed = await kube.list(
        EVENTS, cluster.namespace, field_selector=f"involvedObject.name={about['metadata']['name']}"
    )
    assert [event["message"] for event in listed["items"]] == ["words"]


async def test_an_event_that_cannot_be_written_does_not_keep_the_next_from_it(
    cluster: Cluster, kube: KubeClient
) -> None:
    about = await kube.create(CONFIGMAPS, configmap(cluster, "one"))
    recorder = EventRecorder(kube, "test")
    async with running(recorder.run()) as (writing,):
        recorder.normal({**about, "kind": {"no": {"kind"}}}, "Odd", "this one is no JSON")
        recorder.normal(about, "Good", "this one is")

        async def said() -> bool:
            assert not writing.done()
            listed = await kube.list(EVENTS, cluster.namespace, field_selector="involvedObject.name=one")
            return [event["message"] for event in listed["items"]] == ["this one is"]

        await until(said, "the second event is written")


async def test_errors_of_the_api_server_are_told_apart(cluster: Cluster, kube: KubeClient) -> None:
    body = configmap(cluster, "one")
    created = await kube.create(CONFIGMAPS, body)
    with pytest.raises(AlreadyExists, match='configmaps "one" already exists'):
        await kube.create(CONFIGMAPS, body)
    with pytest.raises(NotFound):
        await kube.get(CONFIGMAPS, "two", cluster.namespace)
    await kube.patch(CONFIGMAPS, "one", {"data": {"value": "2"}}, cluster.namespace)
    with pytest.raises(Conflict, match="the object has been modified"):
        await kube.replace(CONFIGMAPS, created)
    with pytest.raises(Conflict):
        await kube.delete(CONFIGMAPS, "one", cluster.namespace, uid="00000000-0000-0000-0000-000000000000")
    broken = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "namespace": cluster.namespace}}
    with pytest.raises(Invalid) as invalid:
        await kube.create(SERVICES, {**broken, "spec": {"ports": [{"port": 0}]}})
    assert invalid.value.details["causes"]
    assert (await kube.create(CONFIGMAPS, configmap(cluster, "dry"), dry_run=True))["metadata"]["uid"]
    with pytest.raises(NotFound):
        await kube.get(CONFIGMAPS, "dry", cluster.namespace)


async def test_an_event_that_happens_again_is_counted_even_by_a_new_process(cluster: Cluster, kube: KubeClient) -> None:
    about = await kube.create(CONFIGMAPS, configmap(cluster, "one"))

    async def said(number: int) -> bool:
        listed = await kube.list(EVENTS, cluster.namespace, field_selector="involvedObject.name=one")
        return [(event["reason"], event["count"]) for event in listed["items"]] == [("Odd", number)]

    for process in range(2):
        recorder = EventRecorder(kube, "test")
        async with running(recorder.run()):
            for _ in range(2):
                recorder.warning(about, "Odd", "something is odd")
            await until(lambda number=2 * process + 2: said(number), "the count has grown")  # type: ignore[misc]


async def test_events_that_wait_are_written_before_the_end(cluster: Cluster, kube: KubeClient) -> None:
    about = await kube.create(CONFIGMAPS, configmap(cluster, "one"))
    recorder = EventRecorder(kube, "test")
    async with running(recorder.run()):
        await asyncio.sleep(0)
        recorder.normal(about, "Last", "the last words")
    listed = await kube.list(EVENTS, cluster.namespace, field_selector="involvedObject.name=one")
    assert [event["message"] for event in listed["items"]] == ["the last words"]


async def test_the_event_in_hand_at_the_end_is_written_too(
    cluster: Cluster, kube: KubeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = await kube.create(CONFIGMAPS, configmap(cluster, "one"))
    begun, go_on, create = asyncio.Event(), asyncio.Event(), kube.create

    async def slow(*arguments: object) -> Object:
        begun.set()
        await go_on.wait()
        return await create(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(kube, "create", slow)
    recorder = EventRecorder(kube, "test")
    async with running(recorder.run()) as (writing,):
        recorder.normal(about, "Last", "the last words")
        await begun.wait()
        writing.cancel()
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.wait([writing])
    listed = await kube.list(EVENTS, cluster.namespace, field_selector="involvedObject.name=one")
    assert [event["message"] for event in listed["items"]] == ["the last words"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the electors take for the time, in its one item: a lease runs out when the test says so."""
    now = [1000.0]
    monkeypatch.setattr("mcp_operator.runtime.leader._now", lambda: now[0])
    return now


def elector(cluster: Cluster, kube: KubeClient, identity: str) -> LeaderElector:
    return LeaderElector(kube, LeaseConfig("test", cluster.namespace, identity, 3.0, 2.0, 0.2))


async def looks(kube: KubeClient, times: int) -> None:
    """Waits until the lease was asked for so many times more."""
    wanted = kube.requests[("GET", "leases")] + times

    async def asked() -> bool:
        return kube.requests[("GET", "leases")] >= wanted

    await until(asked, "the electors look at the lease")


async def renewed(kube: KubeClient, cluster: Cluster, before: str) -> str:
    """When the lease was renewed last, once that is another time."""

    async def again() -> str | None:
        time = (await kube.get(LEASES, "test", cluster.namespace))["spec"]["renewTime"]
        return str(time) if time != before else None

    return str(await until(again, "the lease is renewed"))


async def test_one_leads_the_other_waits_and_takes_over_when_the_first_lets_go(
    cluster: Cluster, kube: KubeClient, clock: list[float]
) -> None:
    first, second = elector(cluster, kube, "first"), elector(cluster, kube, "second")
    await first.acquire()
    async with cluster.client() as others:
        second._client = others
        async with running(second.acquire(), first.hold()) as (waiting, _):
            last = await renewed(kube, cluster, "")
            for _ in range(4):
                clock[0] += 1.0
                last = await renewed(kube, cluster, last)
                await looks(others, 2)
            assert (first.leads, second.leads, waiting.done()) == (True, False, False)
        async with running(second.acquire()) as (waiting,):
            await first.release()
            await asyncio.wait_for(waiting, 60)
    lease = await kube.get(LEASES, "test", cluster.namespace)
    assert (lease["spec"]["holderIdentity"], lease["spec"]["leaseTransitions"]) == ("second", 1)


async def test_a_leader_that_vanished_is_replaced_after_its_lease_and_not_before(
    cluster: Cluster, kube: KubeClient, clock: list[float]
) -> None:
    first, second = elector(cluster, kube, "first"), elector(cluster, kube, "second")
    await first.acquire()
    async with running(second.acquire()) as (waiting,):
        await looks(kube, 2)
        clock[0] += 2.9
        await looks(kube, 2)
        assert not waiting.done()
        clock[0] += 0.2
        await asyncio.wait_for(waiting, 60)
    with pytest.raises(LeadershipLost, match="holder: second"):
        await asyncio.wait_for(first.hold(), 60)
    assert not first.leads
