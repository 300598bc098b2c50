"""Lists and watches, on every control plane: selectors, pages, resuming, bookmarks, expiry."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.local.api.conftest import Api
from tests.local.api.objects import config_map, pod
from tests.support.waiting import eventually


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


async def some(api: Api, count: int, **labels: str) -> None:
    for number in range(count):
        await api.create("configmaps", config_map(f"m{number}", {"n": str(number), "set": "mine", **labels}))


MINE = {"labelSelector": "set=mine"}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("n=1,set=mine", ["m1"]),
        ("n!=1,set=mine", ["m0", "m2"]),
        ("n in (0,2),set=mine", ["m0", "m2"]),
        ("n notin (0,2),set=mine", ["m1"]),
        ("!other,set=mine", ["m0", "m1", "m2"]),
        ("other,set=mine", []),
    ],
)
async def test_label_selectors(api: Api, selector: str, expected: list[str]) -> None:
    await some(api, 3)
    assert names((await api.get("configmaps", labelSelector=selector))["items"]) == expected


async def test_field_selectors(api: Api) -> None:
    await some(api, 2)
    found = await api.get("configmaps", fieldSelector="metadata.name=m1")
    assert names(found["items"]) == ["m1"]
    await api.create("pods", pod("p"))
    pending = await api.get("pods", fieldSelector="spec.nodeName=,status.phase!=Running")
    assert names(pending["items"]) == ["p"]
    refusal = await api.refused("GET", "configmaps", fieldSelector="data.x=1")
    assert refusal.code == 400


async def test_pages_are_one_consistent_list(api: Api) -> None:
    await some(api, 5)
    first = await api.get("configmaps", limit="2", **MINE)
    await api.delete("configmaps/m4")
    await api.create("configmaps", config_map("m3a", {"set": "mine"}))
    second = await api.get("configmaps", limit="2", **MINE, **{"continue": first["metadata"]["continue"]})
    third = await api.get("configmaps", limit="2", **MINE, **{"continue": second["metadata"]["continue"]})
    assert names(first["items"] + second["items"] + third["items"]) == ["m0", "m1", "m2", "m3", "m4"]
    assert not third["metadata"].get("continue")
    assert {first["metadata"]["resourceVersion"]} == {
        second["metadata"]["resourceVersion"],
        third["metadata"]["resourceVersion"],
    }


async def test_a_page_says_how_many_are_left(api: Api) -> None:
    await some(api, 3)
    # The one that every namespace gets comes some time after it, and would count in one of the answers alone.
    await eventually(lambda: has_the_authority(api), "the ConfigMap of the cluster's authority")
    page = await api.get("configmaps", limit="1")
    everything = await api.get("configmaps")
    assert page["metadata"]["remainingItemCount"] == len(everything["items"]) - 1


async def has_the_authority(api: Api) -> bool:
    return (await api.send("GET", "configmaps/kube-root-ca.crt")).status_code == 200


async def test_a_watch_resumes_where_a_list_ended(api: Api) -> None:
    await some(api, 1)
    version = (await api.get("configmaps", **MINE))["metadata"]["resourceVersion"]
    await api.patch("configmaps/m0", {"data": {"x": "1"}})
    await api.create("configmaps", config_map("later", {"set": "mine"}))
    await api.delete("configmaps/m0")
    events = await api.watch("configmaps", 3, resourceVersion=version, **MINE)
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [
        ("MODIFIED", "m0"),
        ("ADDED", "later"),
        ("DELETED", "m0"),
    ]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(versions)


async def test_a_watch_from_nowhere_begins_with_what_is_there(api: Api) -> None:
    await some(api, 2)
    events = await api.watch("configmaps", 2, **MINE)
    assert {(event["type"], event["object"]["metadata"]["name"]) for event in events} == {
        ("ADDED", "m0"),
        ("ADDED", "m1"),
    }


async def test_a_live_watch_sees_changes_as_they_come(api: Api) -> None:
    version = (await api.get("configmaps"))["metadata"]["resourceVersion"]
    watching = asyncio.create_task(api.watch("configmaps", 2, resourceVersion=version, **MINE))
    await some(api, 2)
    events = await asyncio.wait_for(watching, 60)
    assert names([event["object"] for event in events]) == ["m0", "m1"]


async def test_an_object_that_stops_matching_is_deleted_for_the_watcher(api: Api) -> None:
    await api.create("configmaps", config_map("moving", {"team": "red"}))
    version = (await api.get("configmaps"))["metadata"]["resourceVersion"]
    await api.patch("configmaps/moving", {"metadata": {"labels": {"team": "blue"}}})
    await api.patch("configmaps/moving", {"metadata": {"labels": {"team": "red"}}})
    red = await api.watch("configmaps", 2, resourceVersion=version, labelSelector="team=red")
    blue = await api.watch("configmaps", 2, resourceVersion=version, labelSelector="team=blue")
    assert [event["type"] for event in red] == ["DELETED", "ADDED"]
    assert [event["type"] for event in blue] == ["ADDED", "DELETED"]


async def test_one_object_can_be_watched_by_name(api: Api) -> None:
    await some(api, 2)
    version = (await api.get("configmaps"))["metadata"]["resourceVersion"]
    await api.patch("configmaps/m0", {"data": {"x": "1"}})
    await api.patch("configmaps/m1", {"data": {"x": "1"}})
    events = await api.watch("configmaps", 1, resourceVersion=version, fieldSelector="metadata.name=m1")
    assert names([event["object"] for event in events]) == ["m1"]


async def test_a_version_that_was_never_is_refused(api: Api) -> None:
    refusal = await api.refused("GET", "configmaps", resourceVersion="nonsense")
    # Where the watch cache has not warmed up yet, the real server blames itself (500) in the same words.
    assert refusal.code in (400, 500)
    assert 'Invalid value: "nonsense"' in refusal.message


async def test_a_watch_ends_when_its_time_is_over(api: Api) -> None:
    response = await api.send("GET", "configmaps", watch="1", timeoutSeconds="1", labelSelector="none=here")
    assert (response.status_code, response.text) == (200, "")


async def test_a_list_with_initial_events_ends_with_a_bookmark(api: Api) -> None:
    if api.cluster.minor < 32:
        pytest.skip("watch lists are of 1.32 and newer")
    await some(api, 1)
    query = {"sendInitialEvents": "true", "allowWatchBookmarks": "true", "resourceVersionMatch": "NotOlderThan"}
    query |= {"watch": "1", "timeoutSeconds": "60", **MINE}
    events: list[dict[str, Any]] = []
    async with api.http.stream("GET", api.path("configmaps"), params=query) as response:
        async for line in response.aiter_lines():
            events.append(json.loads(line))
            if len(events) == 2:
                await api.create("configmaps", config_map("later", {"set": "mine"}))
            if len(events) > 2 and events[-1]["type"] == "ADDED":
                break
    assert [event["type"] for event in events[:2]] == ["ADDED", "BOOKMARK"]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    # Progress bookmarks may follow while the watch lasts; only the first one marks the end of the list.
    more = events[2:-1]
    assert all(event["type"] == "BOOKMARK" and "annotations" not in event["object"]["metadata"] for event in more)
