"""Which kinds the API server serves, asked once, and then kept up with CRDs by their own objects.

Role: for what works on every kind: the garbage collector and the deletion of namespaces. Called by those.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import ApiError
from mcp_operator.runtime.resources import Resource

from mcp_cli.local.controllers.objects import Object, condition_is_true, status

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
NEEDED = {"list", "watch", "delete"}


async def served(client: KubeClient) -> list[Resource]:
    """Every kind that can be listed, watched and deleted, each in its preferred version."""
    found: list[Resource] = []
    for path in ("/api", "/apis"):
        answer = await _get(client, path, {"Accept": f"{AGGREGATED},application/json"})
        if answer.get("kind") == "APIGroupDiscoveryList":
            found += aggregated_resources(answer)
        else:
            found += await _plain_resources(client, path, answer)
    return found


def aggregated_resources(answer: Object) -> list[Resource]:
    found = []
    for group in answer.get("items") or ():
        group_name = (group.get("metadata") or {}).get("name") or ""
        seen: set[str] = set()
        for version in group.get("versions") or ():
            for each in version.get("resources") or ():
                if each["resource"] in seen or not set(each.get("verbs") or ()) >= NEEDED:
                    continue
                seen.add(each["resource"])
                kind, namespaced = each["responseKind"]["kind"], each["scope"] == "Namespaced"
                found.append(Resource(group_name, version["version"], each["resource"], kind, namespaced))
    return found


async def _plain_resources(client: KubeClient, path: str, answer: Object) -> list[Resource]:
    """Discovery of servers before 1.26, one request for each group."""
    if path == "/api":
        return plain_resources("", "v1", await _get(client, "/api/v1"))
    found = []
    for group in answer.get("groups") or ():
        version = group["preferredVersion"]["version"]
        try:
            listed = await _get(client, f"/apis/{group['name']}/{version}")
        except ApiError:
            continue  # An aggregated API whose server is down hides its own kinds only.
        found += plain_resources(group["name"], version, listed)
    return found


def plain_resources(group: str, version: str, answer: Object) -> list[Resource]:
    return [
        Resource(group, version, each["name"], each["kind"], bool(each["namespaced"]))
        for each in answer.get("resources") or ()
        if "/" not in each["name"] and set(each.get("verbs") or ()) >= NEEDED
    ]


def resource_of_crd(crd: Object) -> Resource | None:
    """The kind that an established definition serves, in the first version that is served."""
    if not condition_is_true(status(crd), "Established"):
        return None
    spec = crd["spec"]
    served_versions = [each["name"] for each in spec["versions"] if each.get("served")]
    if not served_versions:
        return None
    names = spec["names"]
    return Resource(spec["group"], served_versions[0], names["plural"], names["kind"], spec["scope"] == "Namespaced")


def by_kind(resources: Iterable[Resource]) -> dict[tuple[str, str], Resource]:
    """Resources by API group and kind, which is what an owner reference names."""
    return {(each.group, each.kind): each for each in resources}


async def _get(client: KubeClient, path: str, headers: dict[str, str] | None = None) -> Any:
    return json.loads(await client.request("GET", path, headers=headers))
